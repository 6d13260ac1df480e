{{ config(
    tags=['live'],
    meta={'live': {
        'mode': 'append',
        'event_types': [
            'task.created', 'task.completed', 'task.snoozed', 'task.reassigned', 'task.cancelled', 'note.',
            'stage.'
        ]
    }}
) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        type in (
            'task.created',
            'task.completed',
            'task.snoozed',
            'task.reassigned',
            'task.cancelled',
            'note.added',
            'stage.changed'
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
                "note_id": "VARCHAR", "text": "VARCHAR", "command_key": "VARCHAR",
                "booking_id": "VARCHAR", "pipeline": "VARCHAR", "stage": "VARCHAR",
                "kind": "VARCHAR", "snoozed_until": "VARCHAR", "by": "VARCHAR", "reason": "VARCHAR",
                "rule_id": "VARCHAR",
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
        case
            -- A person's stage has no id that one person alone has, but its event.
            when entity_kind = 'stage'
                then coalesce(
                    {{ line_text('fact.booking_id') }} || '/' || {{ line_text('fact.pipeline') }},
                    source_event_id
                )
            else coalesce(
                {{ line_text("if(entity_kind = 'task', fact.task_id, fact.note_id)") }},
                subject_id,
                source_event_id
            )
        end as entity_id,
        if(entity_kind = 'note', 'Note added', {{ free_text('fact.title') }}) as title,
        case
            when entity_kind = 'note' then {{ free_text('fact.text') }}
            when entity_kind = 'stage' then {{ line_text('fact.stage') }}
            else nullif(
                concat_ws(
                    ', ',
                    'for ' || {{ line_text('fact.assigned_to') }},
                    strftime(({{ instant_from_iso('fact.due_at') }}) at time zone 'UTC', 'due %-d %b %Y %H:%M UTC')
                ),
                ''
            )
        end as detail,
        cast(null as bigint) as amount_minor,
        cast(null as varchar) as currency,
        -- A task is the contact's that it names; one that names none is that of its booking's.
        case
            when entity_kind = 'stage' or (entity_kind = 'task' and fact.contact is null)
                then {{ line_text('fact.booking_id') }}
        end as booking_id,
        {{ line_text('fact.command_key') }} as command_key,
        case entity_kind
            when 'stage'
                then
                    json_object(
                        'pipeline', {{ line_text('fact.pipeline') }},
                        'stage', {{ line_text('fact.stage') }},
                        'by', {{ line_text('fact.by') }}
                    )
            when 'task'
                then
                    json_object(
                        'kind', {{ line_text('fact.kind') }},
                        'booking_id', {{ line_text('fact.booking_id') }},
                        'due_at', {{ instant_from_iso('fact.due_at') }},
                        'assigned_to', {{ line_text('fact.assigned_to') }},
                        'snoozed_until', {{ instant_from_iso('fact.snoozed_until') }},
                        'by', {{ line_text('fact.by') }},
                        'reason', {{ free_text('fact.reason') }},
                        'rule_id', {{ line_text('fact.rule_id') }}
                    )
        end::varchar as attributes
    from parsed

)

select * from final
