{#-
    Body of reports.levels_at(of_tenant, end_date, of_metrics) in the published file; see
    pipelines/publish/published_macros.py: what stands at the end of the day before a date, of one business. The metrics are
    named, so that nothing else is measured.
-#}
with measurements as (

    select * from {{ ref('rpt_measurements') }}

),

final as (

    select
        metric,
        count(distinct entity_key) as value
    from measurements
    where
        tenant_id = of_tenant
        and list_contains(of_metrics, metric)
        and measured_date < end_date::date
        and coalesce(until_date >= end_date::date, true)
    group by metric

)

select * from final
