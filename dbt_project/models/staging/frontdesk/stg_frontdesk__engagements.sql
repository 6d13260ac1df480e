with events as (

    select * from {{ logged_events() }}
    where
        type in (
            'task.created',
            'task.completed',
            'task.snoozed',
            'task.reassigned',
            'task.cancelled',
            'note.added'
        )

),

parsed as (

    select
        *,
        split_part(type, '.', 1) as entity_kind,
        from_json(
            payload,
            '{
                "task_id": "VARCHAR", "title": "VARCHAR", "assigned_to": "VARCHAR", "due_at": "VARCHAR",
                "note_id": "VARCHAR", "text": "VARCHAR",
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
        entity_kind,
        coalesce(
            {{ line_text("if(entity_kind = 'task', fact.task_id, fact.note_id)") }},
            subject_id,
            source_event_id
        ) as entity_id,
        if(entity_kind = 'task', {{ free_text('fact.title') }}, 'Note added') as title,
        case
            when entity_kind = 'note' then {{ free_text('fact.text') }}
            else nullif(
                concat_ws(
                    ', ',
                    'for ' || {{ line_text('fact.assigned_to') }},
                    'due ' || {{ line_text('fact.due_at') }}
                ),
                ''
            )
        end as detail,
        cast(null as bigint) as amount_minor,
        cast(null as varchar) as currency
    from parsed

)

select * from final
