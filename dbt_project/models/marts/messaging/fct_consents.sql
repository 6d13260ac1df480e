{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['consent', 'message', 'booking']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ attributed_facts() }}

),

booking_states as (

    select * from {{ rows_of_batch('int_booking_states') }}

),

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

-- STOP and START are facts of their own (int_facts_attributed); what CANCEL is depends on the appointments.
replies as (

    select * from facts
    where
        fact_family = 'message'
        and direction = 'inbound'
        and channel in ('sms', 'whatsapp', 'email')
        and opt_out_type = 'CANCEL'

),

-- CANCEL of somebody who has an appointment is about the appointment: staff are told, and they are asked.
about_a_booking as (

    select distinct replies.event_id
    from replies
    inner join booking_states
        on
            replies.tenant_id = booking_states.tenant_id
            and replies.contact_id = booking_states.contact_id
            and {{ is_upcoming('booking_states', 'replies.occurred_at') }}

),

unioned as (

    select * from told
    union all by name
    select
        replies.tenant_id,
        replies.contact_id,
        replies.source,
        replies.channel,
        'all' as purpose,
        false as is_granted,
        {{ reply_evidence('replies.') }} as evidence,
        replies.occurred_at as changed_at,
        replies.event_id,
        replies.source_event_id,
        replies.phone,
        replies.phone_key,
        replies.email,
        replies.email_key
    from replies
    left join about_a_booking on replies.event_id = about_a_booking.event_id
    where about_a_booking.event_id is null

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
    from unioned

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
