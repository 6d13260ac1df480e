with sources as (

    select * from {{ ref('dim_sources') }}

),

-- The time it is at the tenant's when the view is read.
today as (

    select
        tenant_id,
        now() at time zone zone as local_now,
        local_now::date as today_date
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

-- The usual gap is the mean of the source's last 90 days.
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

-- Silence is measured by how improbable it is: each hour of the tenant's week has a chance that nothing comes in it, by
-- the eight weeks that end with the newest event, and its weight is that chance's negative logarithm. A night in which
-- nothing ever comes weighs nothing.
hours as (

    select unnest(range(24))::integer as hour_of_day

),

active_hours as (

    select distinct
        activity.tenant_id,
        activity.source,
        activity.activity_date + to_hours(hours.hour_of_day) as local_hour
    from activity
    cross join hours
    where activity.days_ago >= 0 and activity.active_hours & (1 << hours.hour_of_day) > 0

),

newest_hours as (

    select
        tenant_id,
        source,
        max(local_hour) as newest_hour,
        max(local_hour) - interval 56 days as window_start,
        -- A source that is younger than the eight weeks had fewer Mondays to speak on.
        least(8, ceil((date_diff('hour', min(local_hour), max(local_hour)) + 1) / 168)) as count_weeks
    from active_hours
    group by tenant_id, source

),

recent_hours as (

    select
        active_hours.*,
        newest_hours.count_weeks
    from active_hours
    inner join newest_hours
        on active_hours.tenant_id = newest_hours.tenant_id and active_hours.source = newest_hours.source
    where active_hours.local_hour > newest_hours.window_start

),

-- One week more than there were: what came every time is likely the next time, not sure.
weights as (

    select
        tenant_id,
        source,
        dayofweek(local_hour) * 24 + hour(local_hour) as hour_of_week,
        -ln(1 - count(*) / (count_weeks + 1)) as weight
    from recent_hours
    group by tenant_id, source, hour_of_week, count_weeks

),

-- Every hour of the window, and from the newest event to now; of a longer silence eight weeks are enough.
timeline as (

    select
        newest_hours.tenant_id,
        newest_hours.source,
        unnest(
            generate_series(
                newest_hours.window_start + interval 1 hour,
                -- The hour it is now is not over.
                greatest(
                    newest_hours.newest_hour,
                    least(
                        date_trunc('hour', today.local_now) - interval 1 hour,
                        newest_hours.newest_hour + interval 56 days
                    )
                ),
                interval 1 hour
            )
        ) as local_hour
    from newest_hours
    inner join today on newest_hours.tenant_id = today.tenant_id

),

weighed as (

    select
        timeline.tenant_id,
        timeline.source,
        timeline.local_hour,
        recent_hours.local_hour is not null as is_active,
        coalesce(weights.weight, 0) as weight,
        sum(coalesce(weights.weight, 0)) over (
            partition by timeline.tenant_id, timeline.source order by timeline.local_hour
        ) as weight_so_far
    from timeline
    left join weights
        on
            timeline.tenant_id = weights.tenant_id
            and timeline.source = weights.source
            and dayofweek(timeline.local_hour) * 24 + hour(timeline.local_hour) = weights.hour_of_week
    left join recent_hours
        on
            timeline.tenant_id = recent_hours.tenant_id
            and timeline.source = recent_hours.source
            and timeline.local_hour = recent_hours.local_hour

),

-- The weight of each pause that it made: of the hours between two in which it spoke.
pauses as (

    select
        tenant_id,
        source,
        weight_so_far,
        weight_so_far - weight - lag(weight_so_far) over (
            partition by tenant_id, source order by local_hour
        ) as pause_weight
    from weighed
    where is_active

),

spoken as (

    select
        tenant_id,
        source,
        count(*) as count_active_hours,
        coalesce(max(pause_weight), 0) as heaviest_pause_weight,
        max(weight_so_far) as weight_at_newest
    from pauses
    group by tenant_id, source

),

heard as (

    select
        tenant_id,
        source,
        max(weight_so_far) as weight_now
    from weighed
    group by tenant_id, source

),

silences as (

    select
        spoken.tenant_id,
        spoken.source,
        spoken.count_active_hours,
        spoken.heaviest_pause_weight,
        heard.weight_now - spoken.weight_at_newest as silence_weight
    from spoken
    inner join heard on spoken.tenant_id = heard.tenant_id and spoken.source = heard.source

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
        case
            -- Ten hours tell a rhythm. Silent: less likely than one in a hundred, and a quarter heavier than any pause.
            when silences.count_active_hours >= 10
                then silences.silence_weight > greatest(ln(100), 1.25 * silences.heaviest_pause_weight)
            -- Who speaks so seldom is given a week, or twice its longest pause.
            else date_diff('second', totals.last_event_at, now()) > greatest(
                7 * 86400, 2 * coalesce(rhythm.longest_pause_seconds, 0)
            )
        end as is_quieter_than_usual,
        coalesce(rejections.count_rejections_7d, 0)::bigint as count_rejections_7d,
        rejections.last_rejected_at,
        rejections.last_rejection_reason
    from everything
    left join sources on everything.tenant_id = sources.tenant_id and everything.source = sources.source
    left join totals on everything.tenant_id = totals.tenant_id and everything.source = totals.source
    left join rhythm on everything.tenant_id = rhythm.tenant_id and everything.source = rhythm.source
    left join rejections on everything.tenant_id = rejections.tenant_id and everything.source = rejections.source
    left join silences on everything.tenant_id = silences.tenant_id and everything.source = silences.source

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
        is_configured and coalesce(is_quieter_than_usual, true) as is_silent,
        count_rejections_7d,
        last_rejected_at,
        last_rejection_reason
    from measured

)

select * from final
