{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['manychat.']}}) }}

-- Every delivery is a snapshot of the opt-ins, not the act of opting in. So a grant is dated to the day the person
-- subscribed, the earliest it can have been given: a snapshot must never outrank a later STOP. A missing opt-in
-- counts as a refusal only where ManyChat knows the address; without one it means that nobody asked.
with events as (

    select * from {{ ref('stg_event_log__events') }}
    where source = 'manychat' and starts_with(type, 'manychat.') and type <> 'manychat.unparsable'

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "id": "VARCHAR", "name": "VARCHAR", "first_name": "VARCHAR", "last_name": "VARCHAR",
                "phone": "VARCHAR", "whatsapp_phone": "VARCHAR", "email": "VARCHAR", "subscribed": "VARCHAR",
                "optin_phone": "VARCHAR", "optin_email": "VARCHAR", "optin_whatsapp": "VARCHAR"
            }'
        ) as subscriber
    from events

),

opt_ins as (

    select
        *,
        unnest([
            {
                'channel': 'sms',
                'field': 'optin_phone',
                'answer': subscriber.optin_phone,
                'address': {{ line_text('subscriber.phone') }}
            },
            {
                'channel': 'email',
                'field': 'optin_email',
                'answer': subscriber.optin_email,
                'address': {{ line_text('subscriber.email') }}
            },
            {
                'channel': 'whatsapp',
                'field': 'optin_whatsapp',
                'answer': subscriber.optin_whatsapp,
                'address': {{ line_text('subscriber.whatsapp_phone') }}
            }
        ]) as opt_in
    from parsed

),

answered as (

    select
        *,
        {{ yes_or_no('opt_in.answer') }} as is_granted
    from opt_ins

),

final as (

    select
        {{ event_columns(
            "case when is_granted
                then least(coalesce(" ~ instant_from_text('subscriber.subscribed') ~ ", occurred_at), occurred_at)
                else occurred_at end"
        ) }},
        case when is_granted then 'consent.granted' else 'consent.revoked' end as fact_type,
        {{ contact_columns(
            ref_kind='manychat_subscriber',
            ref='subscriber.id',
            phone=first_text('subscriber.phone', 'subscriber.whatsapp_phone'),
            email='subscriber.email',
            full_name='subscriber.name',
            first_name='subscriber.first_name',
            last_name='subscriber.last_name'
        ) }},
        opt_in.channel,
        'marketing' as purpose,
        is_granted,
        'ManyChat ' || opt_in.field || '=' || opt_in.answer as evidence
    from answered
    where is_granted or (not is_granted and opt_in.address is not null)

)

select * from final
