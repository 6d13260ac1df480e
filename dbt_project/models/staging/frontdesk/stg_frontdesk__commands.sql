{{ config(
    tags=['live'],
    meta={'live': {
        'mode': 'append',
        'event_types': [
            'message.requested', 'message.suppressed', 'message.uncertain', 'webhook.', 'task.failed',
            'task.suppressed'
        ]
    }}
) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        type in (
            'message.requested',
            'message.suppressed',
            'message.uncertain',
            'webhook.delivered',
            'webhook.failed',
            'webhook.suppressed',
            'webhook.uncertain',
            'task.failed',
            'task.suppressed'
        )

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "message_id": "VARCHAR", "channel": "VARCHAR", "text": "VARCHAR", "template": "VARCHAR",
                "subject": "VARCHAR", "command_key": "VARCHAR", "reason": "VARCHAR",
                "booking_id": "VARCHAR", "error_code": "VARCHAR",
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

addressed as (

    select
        *,
        starts_with(type, 'message.')
        or {{ first_text('fact.contact.phone', 'fact.contact.email', 'fact.booking_id') }} is not null
            as is_about_somebody
    from parsed

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        -- An outcome that names neither a person nor a booking is nobody's.
        if(is_about_somebody, 'command', null) as entity_kind,
        if(
            is_about_somebody,
            coalesce({{ line_text('fact.message_id') }}, {{ line_text('fact.command_key') }}, source_event_id),
            null
        ) as entity_id,
        if(type = 'message.requested', {{ free_text('fact.subject') }}, null) as title,
        coalesce({{ line_text('fact.reason') }}, {{ line_text('fact.template') }}) as detail,
        cast(null as bigint) as amount_minor,
        cast(null as varchar) as currency,
        {{ line_text('fact.channel') }} as channel,
        nullif(fact.text, '') as body,
        {{ line_text('fact.booking_id') }} as booking_id,
        {{ line_text('fact.error_code') }} as error_code,
        {{ line_text('fact.command_key') }} as command_key
    from addressed

)

select * from final
