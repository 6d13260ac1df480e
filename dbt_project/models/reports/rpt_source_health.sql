with sources as (

    select * from {{ ref('dim_sources') }}

),

-- The day it is at the tenant's when the view is read.
today as (

    select
        tenant_id,
        (now() at time zone zone)::date as today_date
    from {{ ref('dim_tenants') }}

),

activity as (

    select
        activity.*,
        today.today_date - activity.activity_date as days_ago
    from {{ ref('fct_source_activity') }} as activity
    inner join today on activity.tenant_id = today.tenant_id

),

rejections as (

    select
        tenant_id,
        source,
        sum(count_rejections) filter (where rejected_date > now()::date - 7) as count_rejections_7d,
        max(last_rejected_at) as last_rejected_at,
        arg_max(reason, last_rejected_at) as last_rejection_reason
    from {{ ref('fct_rejections') }}
    group by tenant_id, source

),

days as (

    select
        tenant_id,
        source,
        activity_date,
        days_ago,
        sum(count_events) as count_events,
        activity_date - lag(activity_date) over (partition by tenant_id, source order by activity_date) as days_since
    from activity
    group by tenant_id, source, activity_date, days_ago

),

-- The usual gap is the mean of the source's last 90 days; a source is silent when it has been quiet for four
-- usual gaps and also longer than its longest pause of those days.
rhythm as (

    select
        tenant_id,
        source,
        90 * 86400 / sum(count_events) as usual_gap_seconds,
        max(days_since) * 86400 as longest_pause_seconds,
        sum(count_events) filter (where days_ago < 7) as events_last_7d
    from days
    where days_ago between 0 and 89
    group by tenant_id, source

),

totals as (

    select
        tenant_id,
        source,
        sum(count_events) as count_events,
        sum(count_events) filter (where not is_known_type) as count_unknown_type_events,
        sum(count_events) filter (where days_ago = 0) as events_today,
        max(last_occurred_at) as last_event_at,
        max(last_received_at) as last_received_at
    from activity
    group by tenant_id, source

),

everything as (

    select
        tenant_id,
        source
    from sources
    union
    select
        tenant_id,
        source
    from totals

),

measured as (

    select
        everything.tenant_id,
        everything.source,
        sources.source is not null as is_configured,
        coalesce(totals.count_events, 0)::bigint as count_events,
        coalesce(totals.count_unknown_type_events, 0)::bigint as count_unknown_type_events,
        totals.last_event_at,
        totals.last_received_at,
        coalesce(totals.events_today, 0)::bigint as events_today,
        coalesce(rhythm.events_last_7d, 0)::bigint as events_last_7d,
        rhythm.usual_gap_seconds::bigint as usual_gap_seconds,
        date_diff('second', totals.last_event_at, now())::bigint as silent_seconds,
        rhythm.longest_pause_seconds,
        coalesce(rejections.count_rejections_7d, 0)::bigint as count_rejections_7d,
        rejections.last_rejected_at,
        rejections.last_rejection_reason
    from everything
    left join sources on everything.tenant_id = sources.tenant_id and everything.source = sources.source
    left join totals on everything.tenant_id = totals.tenant_id and everything.source = totals.source
    left join rhythm on everything.tenant_id = rhythm.tenant_id and everything.source = rhythm.source
    left join rejections on everything.tenant_id = rejections.tenant_id and everything.source = rejections.source

),

final as (

    select
        tenant_id,
        source,
        is_configured,
        count_events,
        count_unknown_type_events,
        last_event_at,
        last_received_at,
        events_today,
        events_last_7d,
        usual_gap_seconds,
        silent_seconds,
        is_configured and coalesce(
            silent_seconds > greatest(4 * usual_gap_seconds, coalesce(longest_pause_seconds, 86400)), true
        ) as is_silent,
        count_rejections_7d,
        last_rejected_at,
        last_rejection_reason
    from measured

)

select * from final
