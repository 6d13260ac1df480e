with measurements as (

    select * from {{ ref('rpt_measurements') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

placed as (

    {{ placed_in_periods('measurements', 'measurements.measured_date') }}

),

split as (

    select
        placed.*,
        metrics.metric_order,
        metrics.unit,
        metrics.aggregation,
        metrics.is_by_currency,
        unnest(metrics.dimensions) as dimension
    from placed
    inner join metrics on placed.metric = metrics.metric
    where
        coalesce({{ period_start('placed.period_kind', 'placed.until_date') }} = placed.period_start_date, true)
        and metrics.aggregation in ('distinct', 'sum')

),

final as (

    select
        tenant_id,
        period_kind,
        period_start_date,
        metric,
        metric_order,
        unit,
        dimension,
        coalesce(if(dimension = 'service', service_name, acquisition_channel), 'unknown') as dimension_value,
        if(is_by_currency, currency, null) as currency,
        case any_value(aggregation)
            when 'distinct' then count(distinct entity_key)
            when 'sum' then sum(value)
        end::bigint as value
    from split
    where dimension <> ''
    group by all

)

select * from final
