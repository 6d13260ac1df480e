{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['manychat.']}}) }}

-- ManyChat sends what the automation's author typed, usually "Full Contact Data", under whatever name the author
-- gave the step. Each delivery is a lead who reached that step.
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
                "phone": "VARCHAR", "whatsapp_phone": "VARCHAR", "email": "VARCHAR", "channel": "VARCHAR",
                "ig_id": "VARCHAR", "ig_username": "VARCHAR",
                "custom_fields": {
                    "utm_source": "VARCHAR", "utm_medium": "VARCHAR", "utm_campaign": "VARCHAR",
                    "service_interest": "VARCHAR", "interest": "VARCHAR"
                },
                "utm_medium": "VARCHAR", "utm_campaign": "VARCHAR"
            }'
        ) as subscriber
    from events

),

final as (

    select
        {{ event_columns() }},
        'lead.created' as fact_type,
        {{ contact_columns(
            ref_kind='manychat_subscriber',
            ref='subscriber.id',
            phone=first_text('subscriber.phone', 'subscriber.whatsapp_phone'),
            email='subscriber.email',
            full_name='subscriber.name',
            first_name='subscriber.first_name',
            last_name='subscriber.last_name'
        ) }},
        {{ line_text('subscriber.id') }} as lead_id,
        -- Nothing says which app the person writes in; the identifiers that only one app has do.
        case
            when lower(subscriber.channel) in ('instagram', 'whatsapp', 'messenger') then lower(subscriber.channel)
            when coalesce(
                {{ line_text('subscriber.ig_id') }},
                {{ line_text('subscriber.ig_username') }}
            ) is not null then 'instagram'
            when {{ line_text('subscriber.whatsapp_phone') }} is not null then 'whatsapp'
            else 'messenger'
        end as channel,
        {{ first_text('subscriber.custom_fields.utm_medium', 'subscriber.utm_medium') }} as medium,
        {{ first_text('subscriber.custom_fields.utm_campaign', 'subscriber.utm_campaign') }} as campaign,
        {{ first_text('subscriber.custom_fields.service_interest', 'subscriber.custom_fields.interest') }} as interest
    from parsed

)

select * from final
