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

days as (

    select
        spend.tenant_id,
        spend.channel,
        spend.campaign,
        spend.spend_key,
        spend.recorded_at,
        spend.amount_minor,
        spend.period_end - spend.period_start + 1 as count_days,
        unnest(generate_series(spend.period_start, spend.period_end, interval 1 day))::date as spend_date,
        spend_date - spend.period_start as count_days_before
    from spend
    inner join settings on spend.tenant_id = settings.tenant_id and spend.currency = settings.currency

),

-- In millionths of a minor unit; each day what it adds to the whole so far, so that the days of a period add up to it.
told as (

    select
        *,
        amount_minor::hugeint * 1000000 * (count_days_before + 1) // count_days
        - amount_minor::hugeint * 1000000 * count_days_before // count_days as day_micros
    from days

),

-- Of what is told of a day, the shortest period counts: it replaces its days of the longer one, and of two that are as
-- long the newest does.
counted as (

    select *
    from told
    qualify row_number() over (
        partition by tenant_id, channel, {{ one_spelling('campaign') }}, spend_date
        order by count_days asc, recorded_at desc, spend_key asc
    ) = 1

),

told_days as (

    select
        tenant_id,
        channel,
        spend_date,
        sum(day_micros) as told_micros
    from told
    group by tenant_id, channel, spend_date

),

-- What is told of the channel as a whole has its campaigns in it.
counted_days as (

    select
        tenant_id,
        channel,
        spend_date,
        greatest(
            coalesce(sum(day_micros) filter (where campaign is null), 0),
            coalesce(sum(day_micros) filter (where campaign is not null), 0)
        ) as spend_micros
    from counted
    group by tenant_id, channel, spend_date

),

of_months as (

    select
        counted_days.tenant_id,
        counted_days.channel,
        date_trunc('month', counted_days.spend_date)::date as spend_month,
        sum(counted_days.spend_micros) as spend_micros,
        sum(told_days.told_micros) as told_micros
    from counted_days
    inner join told_days
        on
            counted_days.tenant_id = told_days.tenant_id
            and counted_days.channel = told_days.channel
            and counted_days.spend_date = told_days.spend_date
    group by all

),

-- Whole minor units, each month what it adds to the whole so far. A thousandth is more than days round off.
so_far as (

    select
        tenant_id,
        channel,
        spend_month,
        (sum(spend_micros) over months + 1000) // 1000000 as spend_so_far,
        (sum(told_micros) over months + 1000) // 1000000 as told_so_far
    from of_months
    window months as (partition by tenant_id, channel order by spend_month)

),

of_periods as (

    select
        tenant_id,
        channel,
        spend_month,
        spend_so_far - coalesce(lag(spend_so_far) over months, 0) as spend_minor,
        told_so_far - coalesce(lag(told_so_far) over months, 0) - spend_minor as told_again_minor
    from so_far
    window months as (partition by tenant_id, channel order by spend_month)

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
        sum(spend_minor)::bigint as spend_minor,
        coalesce(sum(told_again_minor), 0)::bigint as told_again_minor
    from all_spend
    group by tenant_id, channel, spend_month

)

select * from final
