with tasks as (

    select * from {{ ref('fct_tasks') }}

),

final as (

    select
        tenant_id,
        unnest(['tasks_created', 'tasks_done', 'tasks_overdue']) as metric,
        task_key as source_key,
        task_key as entity_key,
        contact_id,
        unnest([
            created_at, if(status = 'done', completed_at, null), if(due_at is null, null, greatest(due_at, created_at))
        ]) as measured_at,
        unnest([null, null, completed_at]) as until_at
    from tasks

)

select * from final
