{{ config(
    tags=['live'],
    meta={'live': {
        'mode': 'append',
        'event_types': [
            'message.received', 'message.sent', 'message.delivered', 'message.failed', 'message.read'
        ]
    }}
) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type in ('message.received', 'message.sent', 'message.delivered', 'message.failed', 'message.read')

),

parsed as (

    select
        *,
        -- Staff read what customers write: whoever says message.read to us needs no reply to it.
        if(type in ('message.received', 'message.read'), 'inbound', 'outbound') as direction,
        from_json(
            payload,
            '{
                "message_id": "VARCHAR", "channel": "VARCHAR", "body": "VARCHAR", "error_code": "VARCHAR",
                "booking_id": "VARCHAR", "command_key": "VARCHAR", "attachments": [{"url": "VARCHAR", "media_type": "VARCHAR"}],
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

addressed as (

    select
        *,
        case
            when fact.channel in ('sms', 'email', 'whatsapp', 'chat', 'call') then fact.channel
            else 'sms'
        end as channel,
        {{ line_text("if(fact.channel = 'email', fact.contact.email, fact.contact.phone)") }} as customer_address
    from parsed

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        coalesce({{ line_text('fact.message_id') }}, subject_id, source_event_id) as message_id,
        channel,
        direction,
        replace(type, 'message.', '') as message_status,
        nullif(fact.body, '') as body,
        case when direction = 'inbound' then customer_address end as from_address,
        case when direction = 'outbound' then customer_address end as to_address,
        {{ line_text('fact.error_code') }} as error_code,
        cast(null as varchar) as opt_out_type,
        {{ attachments(
            'list_transform(fact.attachments, lambda a: a.url)',
            'list_transform(fact.attachments, lambda a: a.media_type)'
        ) }} as attachments,
        {{ line_text('fact.command_key') }} as command_key,
        {{ line_text('fact.booking_id') }} as booking_id
    from addressed

)

select * from final
