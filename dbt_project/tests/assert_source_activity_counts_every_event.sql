-- Every event of a known tenant is counted once, whatever its type.
with events as (

    select
        tenant_id,
        source,
        type,
        count(*) as count_events
    from {{ ref('stg_event_log__events') }}
    where tenant_id in (select t.tenant_id from {{ ref('stg_tenants__tenants') }} as t)
    group by tenant_id, source, type

),

activity as (

    select
        tenant_id,
        source,
        type,
        sum(count_events) as count_events
    from {{ ref('fct_source_activity') }}
    group by tenant_id, source, type

),

final as (

    select
        events.*,
        activity.count_events as count_counted
    from events
    full outer join activity
        on
            events.tenant_id = activity.tenant_id
            and events.source = activity.source
            and events.type = activity.type
    where events.count_events is distinct from activity.count_events

)

select * from final
