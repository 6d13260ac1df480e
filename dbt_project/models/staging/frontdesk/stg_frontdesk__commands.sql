with events as (

    select * from {{ logged_events() }}
    where
        type in ('message.requested', 'message.suppressed', 'message.uncertain')

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "message_id": "VARCHAR", "channel": "VARCHAR", "text": "VARCHAR", "template": "VARCHAR",
                "subject": "VARCHAR", "command_key": "VARCHAR", "reason": "VARCHAR",
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        'command' as entity_kind,
        coalesce({{ line_text('fact.message_id') }}, {{ line_text('fact.command_key') }}, source_event_id) as entity_id,
        if(type = 'message.requested', {{ free_text('fact.subject') }}, null) as title,
        coalesce({{ line_text('fact.reason') }}, {{ line_text('fact.template') }}) as detail,
        cast(null as bigint) as amount_minor,
        cast(null as varchar) as currency,
        {{ line_text('fact.channel') }} as channel,
        nullif(fact.text, '') as body,
        {{ line_text('fact.command_key') }} as command_key
    from parsed

)

select * from final
