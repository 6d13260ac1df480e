{{ config(materialized='view') }}

with spend as (

    select * from {{ ref('fct_spend') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoints') }}
    where cost_minor > 0

),

settings as (

    select * from {{ ref('dim_attribution_settings') }}

),

months as (

    select
        spend.tenant_id,
        spend.channel,
        spend.period_start,
        spend.amount_minor,
        spend.period_end - spend.period_start + 1 as count_days,
        unnest(generate_series(
            date_trunc('month', spend.period_start), date_trunc('month', spend.period_end), interval 1 month
        ))::date as spend_month,
        least(last_day(spend_month), spend.period_end) - spend.period_start + 1 as count_days_through
    from spend
    inner join settings on spend.tenant_id = settings.tenant_id and spend.currency = settings.currency

),

-- By days, each month what it adds to the whole so far: the months of a period add up to its amount, to the cent.
of_periods as (

    select
        tenant_id,
        channel,
        spend_month,
        amount_minor::hugeint * count_days_through // count_days
        - amount_minor::hugeint * greatest(spend_month - period_start, 0) // count_days as spend_minor
    from months

),

of_touches as (

    select
        touchpoints.tenant_id,
        touchpoints.channel,
        date_trunc('month', touchpoints.occurred_at at time zone settings.zone)::date as spend_month,
        touchpoints.cost_minor as spend_minor
    from touchpoints
    inner join settings
        on touchpoints.tenant_id = settings.tenant_id and touchpoints.currency = settings.currency

),

all_spend as (

    select * from of_periods
    union all by name
    select * from of_touches

),

final as (

    select
        tenant_id,
        channel,
        spend_month,
        sum(spend_minor)::bigint as spend_minor
    from all_spend
    group by tenant_id, channel, spend_month

)

select * from final
