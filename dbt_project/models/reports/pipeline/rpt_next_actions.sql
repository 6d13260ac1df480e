with tasks as (

    select * from {{ ref('rpt_tasks') }}
    where contact_id is not null

),

warmness as (

    select * from {{ ref('rpt_contact_warmness') }}

),

-- Who may not be written to is not to be sold to; a task that is open stays.
opt_outs as (

    select distinct contact_id from {{ ref('rpt_contact_opt_outs') }}
    where channel in ('sms', 'all')

),

best_tasks as (

    select
        tenant_id,
        contact_id,
        title as action,
        'task' as action_source,
        task_key,
        kind,
        booking_id,
        due_at,
        priority_score,
        reason
    from tasks
    qualify row_number() over (partition by contact_id order by priority_score desc, due_at asc, task_key asc) = 1

),

-- What the stage suggests where no task is open; of several stages the one that was come into last.
suggested as (

    select
        stages.tenant_id,
        stages.contact_id,
        stages.next_action as action,
        'stage' as action_source,
        null::varchar as task_key,
        stages.stage as kind,
        stages.booking_id,
        null::timestamptz as due_at,
        null::double as priority_score,
        floor(epoch(now()) - epoch(stages.entered_at))::bigint as stage_seconds,
        stages.stage_name,
        coalesce(warmness.score, 0) as warmness
    from {{ ref('dim_contact_stages') }} as stages
    left join warmness on stages.contact_id = warmness.contact_id
    where
        stages.next_action is not null
        and stages.contact_id not in (select best_tasks.contact_id from best_tasks)
        and stages.contact_id not in (select opt_outs.contact_id from opt_outs)
    qualify row_number() over (
        partition by stages.contact_id order by stages.entered_at desc, stages.stage_change_key asc
    ) = 1

),

final as (

    select * from best_tasks
    union all
    select
        tenant_id,
        contact_id,
        action,
        action_source,
        task_key,
        kind,
        booking_id,
        due_at,
        priority_score,
        concat(stage_name, ' for ', {{ span_words('stage_seconds') }}, '; ', {{ warmness_words('warmness') }}) as reason
    from suggested

)

select * from final
