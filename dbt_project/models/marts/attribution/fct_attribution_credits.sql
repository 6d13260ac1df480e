{{ config(materialized='view') }}

with touches as (

    select * from {{ ref('fct_journey_touches') }}
    where conversion_key is not null

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

settings as (

    select
        *,
        unnest(lookbacks_days) as lookback_days
    from {{ ref('dim_attribution_settings') }}

),

-- What counts within a lookback is always the end of the journey.
within_lookback as (

    select
        touches.*,
        settings.lookback_days,
        settings.position_first / 100 as share_first,
        settings.position_between / 100 as share_between,
        settings.position_last / 100 as share_last,
        -- Relative to the last touch: the same shares, and no weight too small for a number.
        pow(
            2, (epoch_us(touches.occurred_at) - epoch_us(touches.last_touch_at)) / 86400e6 / settings.half_life_days
        ) as decay,
        not list_contains(settings.direct_channels, touches.channel) as is_not_direct
    from touches
    inner join settings
        on
            touches.tenant_id = settings.tenant_id
            and (
                settings.lookback_days is null
                or epoch_us(touches.converted_at) - epoch_us(touches.occurred_at)
                <= settings.lookback_days * 86400000000
            )

),

positioned as (

    select
        *,
        count(*) over journey as count_touches,
        count_touches - count_touches_after as position,
        coalesce(min(if(is_not_direct, count_touches_after, null)) over journey, 0) as count_after_non_direct,
        decay / sum(decay) over journey as share_decay
    from within_lookback
    window journey as (partition by conversion_key, lookback_days)

),

credited as (

    select
        * exclude (share_first, share_between, share_last, decay, share_decay, is_not_direct),
        unnest(['first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay']) as model,
        unnest([
            if(position = 1, 1.0::double, 0),
            if(count_touches_after = 0, 1, 0),
            if(count_touches_after = count_after_non_direct, 1, 0),
            1 / count_touches,
            case
                when count_touches = 1 then 1
                when count_touches = 2
                    then if(position = 1, share_first, share_last) / (share_first + share_last)
                when position = 1 then share_first
                when count_touches_after = 0 then share_last
                else share_between / (count_touches - 2)
            end,
            share_decay
        ]) as credit
    from positioned

),

-- To the cent, by largest remainder: each touch has its share rounded down, the cents left go to the largest rests.
shared as (

    select
        *,
        floor(revenue_minor * credit)::bigint as whole_minor,
        row_number() over (
            partition by conversion_key, lookback_days, model
            order by revenue_minor * credit - floor(revenue_minor * credit) desc, position
        ) as remainder_rank,
        revenue_minor - sum(whole_minor) over (partition by conversion_key, lookback_days, model) as count_left
    from credited
    where credit > 0

),

of_touches as (

    select
        tenant_id,
        model,
        lookback_days,
        conversion_key,
        contact_id,
        converted_at,
        channel,
        campaign,
        touchpoint_key,
        position,
        credit,
        whole_minor + if(remainder_rank <= count_left, 1, 0) as revenue_minor
    from shared

),

-- Nothing that converted is left out: without a touch in the lookback it is the channel `none`'s.
of_none as (

    select
        conversions.tenant_id,
        unnest(['first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay']) as model,
        settings.lookback_days,
        conversions.conversion_key,
        conversions.contact_id,
        conversions.converted_at,
        'none' as channel,
        null::varchar as campaign,
        null::varchar as touchpoint_key,
        null::bigint as position,
        1::double as credit,
        conversions.revenue_minor
    from conversions
    inner join settings on conversions.tenant_id = settings.tenant_id
    left join touches
        on
            conversions.conversion_key = touches.conversion_key
            and touches.count_touches_after = 0
            and (
                settings.lookback_days is null
                or epoch_us(touches.converted_at) - epoch_us(touches.occurred_at)
                <= settings.lookback_days * 86400000000
            )
    where touches.conversion_key is null

),

final as (

    select * from of_touches
    union all by name
    select * from of_none

)

select * from final
