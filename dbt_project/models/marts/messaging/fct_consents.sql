{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['consent', 'message', 'booking']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

-- STOP, START, and CANCEL without an appointment, are facts of their own: int_facts_attributed.
told as (

    select
        tenant_id,
        contact_id,
        source,
        coalesce(channel, 'all') as channel,
        coalesce(purpose, 'all') as purpose,
        is_granted,
        evidence,
        occurred_at as changed_at,
        event_id,
        source_event_id,
        phone,
        phone_key,
        email,
        email_key
    from facts
    where fact_family = 'consent' and is_granted is not null and coalesce(channel, 'all') <> 'chat'

),

-- A consent is an address's: what one phone allows says nothing of another. Without an address it is the contact's, and
-- so is a refusal of everything, beside the addresses that it names.
addressed as (

    select
        * exclude (phone, phone_key, email, email_key),
        unnest(
            case
                when channel = 'all' and not is_granted
                    then list_filter(
                        [{{ consent_address('phone') }}, {{ consent_address('email') }}, {{ no_address() }}],
                        lambda a: a['address'] is not null or a['kind'] is null
                    )
                when channel = 'all' and coalesce(phone, email) is not null
                    then list_filter(
                        [{{ consent_address('phone') }}, {{ consent_address('email') }}],
                        lambda a: a['address'] is not null
                    )
                when channel = 'email' and email is not null then [{{ consent_address('email') }}]
                when channel not in ('email', 'all') and phone is not null then [{{ consent_address('phone') }}]
                else [{{ no_address() }}]
            end
        ) as told_of
    from told

),

final as (

    select
        tenant_id,
        {{ hash_key([
            'tenant_id', 'source', 'source_event_id', 'contact_id', 'channel', 'purpose',
            "coalesce(told_of['address'], '')"
        ]) }} as consent_key,
        contact_id,
        source,
        channel,
        purpose,
        told_of['kind'] as address_kind,
        told_of['address'] as address,
        told_of['address_key'] as address_key,
        is_granted,
        evidence,
        changed_at,
        event_id
    from addressed
    qualify row_number() over (
        partition by event_id, contact_id, channel, purpose, told_of['address'] order by is_granted, evidence
    ) = 1

)

select * from final
