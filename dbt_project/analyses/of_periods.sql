{#-
    Body of reports.period_figures(of_tenant, first_date, end_date) in the published file; see
    pipelines/publish/published_macros.py. An instant is within a day of the same date in any zone: it is restricted before it
    is turned into a date of the business's zone, which is what takes most of the time.
-#}
with figures as (

    {{ period_figures("tenant_id = of_tenant"
        ~ " and measured_at >= ((first_date::timestamp - interval 1 day) at time zone 'UTC')"
        ~ " and measured_at < ((end_date::timestamp + interval 1 day) at time zone 'UTC')") }}

),

-- What stands when a period ends began at any time; it is counted from rpt_measurements.
levels as (

    select metric from {{ ref('dim_metrics') }}
    where aggregation = 'level'

),

final as (

    select * from figures
    where
        period_start_date >= first_date::date
        and period_end_date <= end_date::date
        and metric not in (select l.metric from levels as l)

)

select * from final
