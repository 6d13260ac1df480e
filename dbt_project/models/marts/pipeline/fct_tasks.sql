{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}
    where entity_kind = 'task'

),

-- What a rule's task was made for, and whether it still is: the booking is cancelled, the lead was answered.
decisions as (

    select
        command_key,
        coalesce(stopped_by, case when verdict = 'refused' then reason end) as ending_reason,
        coalesce(stopped_detail, reason_detail) as ending_detail,
        stopped_at
    from {{ ref('fct_decisions') }}
    where command_type = 'create_task'

),

-- What was done or cancelled stays so: a snooze that arrives later, or is dated later, does not open it again.
endings as (

    select
        *,
        case fact_type when 'task.completed' then 'done' when 'task.cancelled' then 'cancelled' end as ending
    from facts

),

-- Every attribute is its newest known value; a change that says nothing of an attribute leaves it.
folded as (

    select
        tenant_id,
        entity_id as task_id,
        coalesce(
            arg_max(contact_id, fact_order) filter (where has_person), arg_max(contact_id, fact_order)
        ) as contact_id,
        bool_or(has_person) as has_person,
        arg_max(coalesce(booking_id, (attributes ->> '$.booking_id')), fact_order) as booking_id,
        arg_max(attributes ->> '$.kind', fact_order) as kind,
        arg_max(title, fact_order) as title,
        arg_max(ending, fact_order) as ending,
        arg_max((attributes ->> '$.due_at')::timestamptz, fact_order) as due_at,
        arg_max((attributes ->> '$.snoozed_until')::timestamptz, fact_order) as snoozed_until,
        arg_max(attributes ->> '$.assigned_to', fact_order) as assigned_to,
        min(occurred_at) as created_at,
        arg_max(if(ending is not null, occurred_at, null), fact_order) as closed_at,
        arg_max(if(ending is not null, row(attributes ->> '$.by'), null), fact_order) as closing,
        arg_max(if(ending is not null, (attributes ->> '$.reason'), null), fact_order) as closing_reason,
        count(*) filter (where fact_type = 'task.snoozed') as count_snoozes,
        count(*) filter (where fact_type = 'task.reassigned') as count_reassigned,
        arg_max(attributes ->> '$.rule_id', fact_order) as rule_id,
        arg_max(command_key, fact_order) as command_key,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from endings
    group by tenant_id, entity_id

),

judged as (

    select
        folded.*,
        decisions.stopped_at,
        case
            when folded.ending is not null then null
            when decisions.ending_reason in ('booking_state', 'moved', 'started') then decisions.ending_detail
            when decisions.ending_reason in ('happened', 'undone')
                then lower({{ timeline_title("split_part(decisions.ending_detail, ' at ', 1)", 'null') }})
            when decisions.ending_reason = 'condition' then 'what its rule asks for no longer holds'
        end as obsolete_since
    from folded
    left join decisions on folded.command_key = decisions.command_key

),

final as (

    select
        tenant_id,
        {{ hash_key(['tenant_id', 'task_id']) }} as task_key,
        task_id,
        contact_id,
        has_person,
        booking_id,
        kind,
        title,
        case when obsolete_since is not null then 'cancelled' else coalesce(ending, 'todo') end as status,
        due_at,
        snoozed_until,
        assigned_to,
        created_at,
        if(obsolete_since is not null, greatest(created_at, stopped_at), closed_at) as completed_at,
        closing[1] as completed_by,
        coalesce('No longer needed: ' || obsolete_since, closing_reason) as closing_reason,
        count_snoozes,
        count_reassigned,
        rule_id,
        command_key,
        last_changed_at,
        last_event_id
    from judged

)

select * from final
