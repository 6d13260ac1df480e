with metrics as (

    select * from {{ ref('metrics') }}

),

final as (

    select
        metric,
        metric_order::integer as metric_order,
        metric_name,
        unit,
        is_by_currency::boolean as is_by_currency,
        aggregation,
        numerator,
        denominator,
        string_split(coalesce(dimensions, ''), '|') as dimensions,
        is_higher_better::boolean as is_higher_better,
        counting_rule,
        description
    from metrics

)

select * from final
