{{ config(
    tags=['live'],
    meta={'live': {'mode': 'append'}},
    indexes=[{'columns': ['primary_identifier_key']}]
) }}

with unioned as (

    select * from {{ unioned_facts() }}

),

facts as (

    select
        * exclude (entity_kind, entity_id),
        {{ fact_family('fact_type') }} as fact_family,
        case {{ fact_family('fact_type') }}
            when 'booking' then 'booking'
            when 'payment' then 'payment'
            when 'message' then 'message'
            when 'lead' then 'lead'
            else entity_kind
        end as entity_kind,
        case {{ fact_family('fact_type') }}
            when 'booking' then booking_id
            when 'payment' then payment_id
            when 'message' then message_id
            when 'lead' then lead_id
            else entity_id
        end as entity_id
    from unioned

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

trimmed as (

    select
        facts.*,
        tenants.calling_code,
        tenants.trunk_prefix,
        {{ phone_digits('facts.phone_raw') }} as phone_digits,
        lower(trim(facts.email_raw)) as email_trimmed
    from facts
    inner join tenants on facts.tenant_id = tenants.tenant_id

),

dialled as (

    select
        * exclude (phone_digits, calling_code, trunk_prefix),
        {{ international_digits('phone_digits', 'calling_code', 'trunk_prefix') }} as phone_international
    from trimmed

),

cleaned as (

    select
        * exclude (phone_raw, phone_international, email_raw, email_trimmed),
        {{ e164('phone_international') }} as phone,
        case when regexp_full_match(email_trimmed, '[^@\s]+@[^@\s]+\.[^@\s]+') then email_trimmed end as email
    from dialled

),

keyed as (

    select
        facts.*,
        {{ linking_key("'phone'", 'facts.phone') }} as phone_key,
        {{ linking_key("'email'", 'facts.email') }} as email_key,
        {{ linking_key('facts.contact_ref_kind', 'facts.contact_ref') }} as contact_ref_key,
        {{ identifier_key('facts.entity_kind', 'facts.entity_id', 'facts.tenant_id') }} as hashed_entity_key,
        {{ identifier_key("'booking'", 'facts.booking_id', 'facts.tenant_id') }} as hashed_booking_key,
        rules.uses['phone'] as phone_use,
        rules.uses['email'] as email_use,
        rules.uses[facts.contact_ref_kind] as contact_ref_use
    from cleaned as facts
    inner join rules on facts.tenant_id = rules.tenant_id

),

linked as (

    select
        * exclude (hashed_entity_key, hashed_booking_key),
        case when entity_kind is not null and entity_id is not null then hashed_entity_key end as entity_key,
        case when fact_family <> 'booking' and booking_id is not null then hashed_booking_key end as booking_ref_key,
        coalesce(phone_key, email_key, contact_ref_key) is not null as has_person
    from keyed

),

final as (

    select
        *,
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
    from linked

)

select * from final
