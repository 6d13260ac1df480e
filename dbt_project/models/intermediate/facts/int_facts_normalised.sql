{{ config(
    tags=['live'],
    meta={'live': {'mode': 'append', 'column': 'primary_identifier_key', 'scope': 'scope_identifiers'}},
    indexes=[{'columns': ['primary_identifier_key']}]
) }}

with facts as (

    select * from {{ ref('int_facts_unioned') }}

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
-- repeated in many others. What is read is read by the code that imports use (pipelines/build/sql_functions.py).
cleaned as (

    select
        facts.* exclude (facts.starts_on)
        replace (
            {%- for id in [
                'booking_id', 'payment_id', 'charge_id', 'message_id', 'lead_id', 'entity_id', 'contact_ref'
            ] %}
            {{ bounded_id('facts.' ~ id) }} as {{ id }},
            {%- endfor %}
            -- A day without a time begins with its first instant on the business's clock; not all begin at midnight.
            coalesce(facts.starts_on::timestamp at time zone tenants.zone, facts.starts_at) as starts_at,
            -- An end that is not after its start says nothing of how long it takes.
            if(
                facts.starts_on is null and coalesce(facts.ends_at > facts.starts_at, true), facts.ends_at, null
            ) as ends_at,
            nullif(
                list_concat(
                    facts.unread_times,
                    if(
                        facts.starts_on is null and facts.ends_at <= facts.starts_at,
                        [{
                            'problem': 'end_not_after_start',
                            'told': strftime(facts.starts_at at time zone tenants.zone, '%Y-%m-%d %H:%M to ')
                            || strftime(facts.ends_at at time zone tenants.zone, '%Y-%m-%d %H:%M')
                        }],
                        null
                    )
                ),
                []
            ) as unread_times
        ),
        if(coalesce(facts.starts_on, facts.starts_at) is null, null, facts.starts_on is not null) as is_all_day,
        rules.uses,
        rules.ignored,
        {{ fact_family('facts.fact_type') }} as fact_family,
        case when facts.phone_raw is not null then read_phone(facts.phone_raw, tenants.country) end as phone_read,
        case when facts.email_raw is not null then read_email(facts.email_raw) end as email_read,
        -- What our own commands say of a name is what we showed, and nobody's word.
        case
            when
                facts.command_key is null
                and coalesce(facts.full_name, facts.first_name, facts.last_name) is not null
                then read_name(facts.full_name, facts.first_name, facts.last_name)
        end as name_read,
        case when facts.guest_full_name is not null then read_name(facts.guest_full_name, null, null) end as guest_read,
        case
            when facts.direction = 'inbound' and facts.opt_out_type is null and facts.body is not null
                then read_reply(facts.body, tenants.languages, list_contains(tenants.cancel_is_stop, facts.source))
        end as reply_read
    from facts
    inner join tenants on facts.tenant_id = tenants.tenant_id
    inner join rules on facts.tenant_id = rules.tenant_id

),

identified as (

    select
        cleaned.* exclude (
            entity_kind,
            entity_id,
            phone_read,
            email_read,
            name_read,
            guest_read,
            reply_read,
            guest_full_name,
            full_name,
            first_name,
            last_name, opt_out_type
        ),
        phone_read.e164 as phone_e164,
        phone_read.extension as phone_extension,
        coalesce(phone_read.is_nobodys or list_contains(ignored['phone'], phone_read.e164), false) as is_phone_nobodys,
        email_read.address as email_address,
        coalesce(email_read.is_nobodys or list_contains(ignored['email'], email_read.address), false)
            as is_email_nobodys,
        name_read.full_name,
        name_read.first_name,
        name_read.last_name,
        guest_read.full_name as guest_full_name,
        guest_read.first_name as guest_first_name,
        {{ name_choice() }} as name_rank,
        -- A chat has no carrier and no consent of its own: what STOP means there is for a person to decide.
        case
            when channel = 'chat' and coalesce(opt_out_type, reply_read) = 'STOP' then 'MAYBE_STOP'
            when channel = 'chat' and coalesce(opt_out_type, reply_read) = 'START' then null
            else coalesce(opt_out_type, reply_read)
        end as opt_out_type,
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

addressed as (

    select
        * exclude (phone_e164, email_address, phone_raw, email_raw),
        case when not is_phone_nobodys then phone_e164 end as phone,
        case when not is_email_nobodys then email_address end as email,
        case when phone_e164 is null or is_phone_nobodys then phone_raw end as phone_as_given,
        case when email_address is null or is_email_nobodys then email_raw end as email_as_given
    from identified

),

keyed as (

    select
        * exclude (uses, ignored),
        uses['phone'] as phone_use,
        uses['email'] as email_use,
        uses[contact_ref_kind] as contact_ref_use,
        {{ linking_key("'phone'", 'phone') }} as phone_key,
        {{ linking_key("'email'", 'email') }} as email_key,
        case
            when not list_contains(ignored[contact_ref_kind], id_shape(contact_ref))
                then {{ linking_key('contact_ref_kind', 'contact_ref') }}
        end as contact_ref_key,
        case
            when entity_kind is not null and entity_id is not null
                then {{ identifier_key('entity_kind', 'entity_id') }}
        end as entity_key,
        case
            when fact_family <> 'booking' and booking_id is not null
                then {{ identifier_key("'booking'", 'booking_id') }}
        end as booking_ref_key,
        case when charge_id <> payment_id then {{ identifier_key("'payment'", 'charge_id') }} end as charge_ref_key
    from addressed

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
