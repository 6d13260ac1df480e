{{ config(materialized='view') }}

with touches as (

    select * from {{ ref('fct_journey_touches') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

lookbacks as (

    select
        tenant_id,
        unnest(lookbacks_days) as lookback_days
    from {{ ref('dim_attribution_settings') }}

),

-- An open journey has no conversion to look back from: there it is from the last touch.
within_lookback as (

    select
        touches.*,
        lookbacks.lookback_days
    from touches
    inner join lookbacks
        on
            touches.tenant_id = lookbacks.tenant_id
            and (
                lookbacks.lookback_days is null
                or epoch_us(coalesce(touches.converted_at, touches.last_touch_at)) - epoch_us(touches.occurred_at)
                <= lookbacks.lookback_days * 86400000000
            )

),

journeys as (

    select
        tenant_id,
        lookback_days,
        contact_id,
        conversion_key,
        any_value(revenue_minor) as revenue_minor,
        list(channel order by count_touches_after desc) as channels
    from within_lookback
    group by tenant_id, lookback_days, contact_id, conversion_key

),

without_touches as (

    select
        conversions.tenant_id,
        lookbacks.lookback_days,
        conversions.contact_id,
        conversions.conversion_key,
        conversions.revenue_minor,
        []::varchar[] as channels
    from conversions
    inner join lookbacks on conversions.tenant_id = lookbacks.tenant_id
    left join journeys
        on
            conversions.conversion_key = journeys.conversion_key
            and lookbacks.lookback_days is not distinct from journeys.lookback_days
    where journeys.conversion_key is null

),

all_journeys as (

    select * from journeys
    union all by name
    select * from without_touches

),

final as (

    select
        tenant_id,
        lookback_days,
        channels,
        array_to_string(channels, ' > ') as path,
        count(conversion_key) as count_conversions,
        sum(revenue_minor)::bigint as revenue_minor,
        count(*) - count(conversion_key) as count_nulls
    from all_journeys
    group by tenant_id, lookback_days, channels

)

select * from final
