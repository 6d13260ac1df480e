with measurements as (

    select * from {{ ref('rpt_measurements') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

kinds as (

    select unnest(['weekly', 'monthly']) as period_kind

),

placed as (

    select
        measurements.*,
        kinds.period_kind,
        {{ period_start('kinds.period_kind', 'measurements.measured_date') }} as period_start_date,
        {{ period_start('kinds.period_kind', 'measurements.until_date') }} as until_period_start_date
    from measurements
    cross join kinds

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
        (placed.until_date is null or placed.until_period_start_date = placed.period_start_date)
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
