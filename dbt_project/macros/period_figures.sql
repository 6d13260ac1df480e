{#-
    Every metric of every week and month, of the measurements that a condition holds for: rpt_period_figures for all,
    the published macro reports.period_figures (analyses/of_periods.sql) for some periods of one business.
-#}
{% macro period_figures(condition) -%}
with measurements as (

    select * from {{ ref('rpt_measurements') }}
    where {{ condition }}

),

metrics as (

    select * exclude (description, counting_rule) from {{ ref('dim_metrics') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

placed as (

    {{ placed_in_periods('measurements', 'measurements.measured_date') }}

),

-- What has to be over within the period, such as the answer to a lead, counts only where it was.
counted as (

    select
        placed.tenant_id,
        placed.period_kind,
        placed.period_start_date,
        placed.metric,
        if(metrics.is_by_currency, placed.currency, null) as currency,
        case any_value(metrics.aggregation)
            when 'distinct' then count(distinct placed.entity_key)
            when 'sum' then sum(placed.value)
            when 'sum_told' then sum(placed.value)
            when 'median' then round(median(placed.value))
        end::bigint as value
    from placed
    inner join metrics on placed.metric = metrics.metric
    where
        metrics.aggregation <> 'level'
        and coalesce({{ period_start('placed.period_kind', 'placed.until_date') }} = placed.period_start_date, true)
    group by all

),

periods as (

    select distinct
        tenant_id,
        period_kind,
        period_start_date,
        {{ period_end('period_kind', 'period_start_date') }} as period_end_date
    from placed

),

-- What there is when a period ends, whenever it began.
standing as (

    select
        periods.tenant_id,
        periods.period_kind,
        periods.period_start_date,
        placed.metric,
        null::varchar as currency,
        count(distinct placed.entity_key)::bigint as value
    from periods
    inner join placed
        on
            periods.tenant_id = placed.tenant_id
            and periods.period_kind = placed.period_kind
            and periods.period_end_date > placed.measured_date
            and coalesce(periods.period_end_date <= placed.until_date, true)
    inner join metrics on placed.metric = metrics.metric
    where metrics.aggregation = 'level'
    group by all

),

known as (

    select * from counted
    union all by name
    select * from standing

),

moneys as (

    select
        periods.tenant_id,
        periods.period_kind,
        periods.period_start_date,
        tenants.currency
    from periods
    inner join tenants on periods.tenant_id = tenants.tenant_id
    union
    select
        tenant_id,
        period_kind,
        period_start_date,
        currency
    from counted
    where currency is not null

),

-- What each business ever hears of: a share with a side that nobody tells of is not known, and not 0 or 100 per cent.
heard_of as (

    select
        tenant_id,
        list(distinct type) as types
    from {{ ref('fct_timeline') }}
    where starts_with(type, 'booking.')
    group by tenant_id

),

-- Of which businesses and currencies a payment tells its tax, ever: of others it is not known, and not 0.
taxed as (

    select distinct
        payments.tenant_id,
        coalesce(payments.currency, tenants.currency) as currency
    from {{ ref('fct_payments') }} as payments
    inner join tenants on payments.tenant_id = tenants.tenant_id
    where payments.succeeded_at is not null and payments.before_tax_minor is not null

),

-- Every metric has a figure in every period in which anything was measured, 0 included; what nobody tells of has none.
slots as (

    select
        periods.* exclude (periods.period_end_date),
        metrics.*,
        null::varchar as currency
    from periods
    cross join metrics
    where not metrics.is_by_currency
    union all by name
    select
        moneys.*,
        metrics.*
    from moneys
    cross join metrics
    where metrics.is_by_currency

),

joined as (

    select
        slots.*,
        {{ period_end('slots.period_kind', 'slots.period_start_date') }} as period_end_date,
        own.value as own_value,
        coalesce(numerators.value, 0) as numerator_value,
        coalesce(denominators.value, 0) as denominator_value
    from slots
    {% for joined_name, column in [('own', 'metric'), ('numerators', 'numerator'), ('denominators', 'denominator')] %}
    left join known as {{ joined_name }}
        on
            slots.tenant_id = {{ joined_name }}.tenant_id
            and slots.period_kind = {{ joined_name }}.period_kind
            and slots.period_start_date = {{ joined_name }}.period_start_date
            and slots.{{ column }} = {{ joined_name }}.metric
            and slots.currency is not distinct from {{ joined_name }}.currency
    {% endfor %}

),

final as (

    select
        joined.tenant_id,
        joined.period_kind,
        joined.period_start_date,
        joined.period_end_date,
        joined.period_start_date::timestamp at time zone tenants.zone as period_starts_at,
        joined.period_end_date::timestamp at time zone tenants.zone as period_ends_at,
        joined.metric,
        joined.metric_order,
        joined.unit,
        joined.currency,
        case
            when joined.aggregation = 'difference' then joined.numerator_value - joined.denominator_value
            when joined.aggregation = 'median' then joined.own_value
            when joined.aggregation <> 'ratio' then coalesce(joined.own_value, 0)
            when
                joined.metric = 'show_rate'
                and not coalesce(list_has_all(heard_of.types, ['booking.completed', 'booking.no_show']), false)
                then null
            when joined.metric = 'lead_to_booking_rate' and heard_of.types is null then null
            -- Rounded half up in whole numbers, so that no machine's floating point decides.
            when joined.denominator_value > 0
                then (
                    2 * joined.numerator_value * if(joined.unit = 'permille', 1000, 1) + joined.denominator_value
                ) // (2 * joined.denominator_value)
        end::bigint as value
    from joined
    inner join tenants on joined.tenant_id = tenants.tenant_id
    left join heard_of on joined.tenant_id = heard_of.tenant_id
    left join taxed on joined.tenant_id = taxed.tenant_id and joined.currency = taxed.currency
    where joined.aggregation <> 'sum_told' or taxed.tenant_id is not null

)

select * from final
{%- endmacro %}
