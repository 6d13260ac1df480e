{{ config(
    tags=['live'],
    meta={'live': {'mode': 'append'}},
    indexes=[{'columns': ['primary_identifier_key']}]
) }}

with facts as (

    select * from {{ unioned_facts() }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

rules as (

    select
        tenant_id,
        map_from_entries(list(row(identifier_kind, use))) as uses,
        map_from_entries(list(row(identifier_kind, ignored_values))) as ignored
    from {{ ref('stg_tenants__identity_rules') }}
    group by tenant_id

),

-- Few wide steps on purpose: for a batch of one event, each layer of seventy columns costs more than all the
-- expressions in it (measured 54 ms with seven layers, 23 ms with three), and so does an expression that is
-- repeated in many others.
cleaned as (

    select
        facts.* exclude (facts.email_raw)
        replace (
            {%- for id in ['booking_id', 'payment_id', 'message_id', 'lead_id', 'entity_id', 'contact_ref'] %}
            {{ bounded_id('facts.' ~ id) }} as {{ id }}{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        tenants.calling_code,
        tenants.trunk_prefix,
        rules.uses,
        rules.ignored,
        {{ fact_family('facts.fact_type') }} as fact_family,
        {{ phone_digits('facts.phone_raw') }} as phone_dialled,
        case
            when regexp_full_match(lower(trim(facts.email_raw)), '[^@\s]+@[^@\s]+\.[^@\s]+')
                then lower(trim(facts.email_raw))
        end as email
    from facts
    inner join tenants on facts.tenant_id = tenants.tenant_id
    inner join rules on facts.tenant_id = rules.tenant_id

),

identified as (

    select
        cleaned.* exclude (entity_kind, entity_id, phone_dialled, calling_code, trunk_prefix),
        {{ e164(international_digits('phone_dialled', 'calling_code', 'trunk_prefix')) }} as phone,
        case fact_family
            when 'booking' then 'booking'
            when 'payment' then 'payment'
            when 'message' then 'message'
            when 'lead' then 'lead'
            else entity_kind
        end as entity_kind,
        case fact_family
            when 'booking' then booking_id
            when 'payment' then payment_id
            when 'message' then message_id
            when 'lead' then lead_id
            else entity_id
        end as entity_id
    from cleaned

),

keyed as (

    select
        * exclude (phone_raw, uses, ignored),
        uses['phone'] as phone_use,
        uses['email'] as email_use,
        uses[contact_ref_kind] as contact_ref_use,
        {{ linking_key("'phone'", 'phone') }} as phone_key,
        {{ linking_key("'email'", 'email') }} as email_key,
        {{ linking_key('contact_ref_kind', 'contact_ref') }} as contact_ref_key,
        case
            when entity_kind is not null and entity_id is not null
                then {{ identifier_key('entity_kind', 'entity_id') }}
        end as entity_key,
        case
            when fact_family <> 'booking' and booking_id is not null
                then {{ identifier_key("'booking'", 'booking_id') }}
        end as booking_ref_key
    from identified

),

final as (

    select
        *,
        coalesce(phone_key, email_key, contact_ref_key) is not null as has_person,
        -- The identifier that stands for the record: the strong one, then the most reliable that is there.
        coalesce(
            case when phone_use = 'strong' then phone_key end,
            case when email_use = 'strong' then email_key end,
            case when contact_ref_use = 'strong' then contact_ref_key end,
            contact_ref_key,
            phone_key,
            email_key,
            entity_key,
            booking_ref_key
        ) as primary_identifier_key
    from keyed

)

select * from final
