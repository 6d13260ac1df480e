{{ config(materialized='view') }}

{#- Asked for one business or one contact, only theirs is computed: every window and join is by tenant and contact too,
    which the conversion says already, so that DuckDB looks for them before it. Joins have no OR, which would compare
    every row with every other. -#}

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

-- What counts within a lookback is always the end of the journey. Nothing that converted is left out: without a touch
-- in the lookback it is the channel `none`'s.
within_lookback as (

    select
        conversions.tenant_id,
        conversions.contact_id,
        conversions.conversion_key,
        conversions.converted_at,
        conversions.revenue_minor,
        settings.lookback_days,
        settings.position_first / 100 as share_first,
        settings.position_between / 100 as share_between,
        settings.position_last / 100 as share_last,
        coalesce(touches.channel, 'none') as channel,
        touches.campaign,
        touches.touchpoint_key,
        touches.count_touches_after,
        coalesce(touches.count_touches, 1) = 1 as is_alone,
        -- Relative to the last touch: the same shares, and no weight too small for a number.
        pow(
            2, (epoch_us(touches.occurred_at) - epoch_us(touches.last_touch_at)) / 86400e6 / settings.half_life_days
        ) as decay,
        not list_contains(settings.direct_channels, touches.channel) as is_not_direct
    from conversions
    inner join settings on conversions.tenant_id = settings.tenant_id
    left join touches
        on
            conversions.tenant_id = touches.tenant_id
            and conversions.contact_id = touches.contact_id
            and conversions.conversion_key = touches.conversion_key
            and coalesce(
                epoch_us(conversions.converted_at) - settings.lookback_days * 86400000000, -9000000000000000000
            ) <= epoch_us(touches.occurred_at)

),

-- Most conversions have one touch, or none that counts: all goes there, and nothing has to be weighed.
of_one as (

    select
        * exclude (is_alone, count_touches_after, share_first, share_between, share_last, decay, is_not_direct),
        if(touchpoint_key is null, null, 1) as position,
        1::double as credit,
        unnest(['first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay']) as model
    from within_lookback
    where is_alone

),

positioned as (

    select
        * exclude (is_alone),
        count(*) over journey as count_touches,
        count_touches - count_touches_after as position,
        coalesce(min(if(is_not_direct, count_touches_after, null)) over journey, 0) as count_after_non_direct,
        decay / sum(decay) over journey as share_decay
    from within_lookback
    where not is_alone
    window journey as (partition by tenant_id, contact_id, conversion_key, lookback_days)

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

-- What goes to one touch needs no rounding, which is what takes time.
whole as (

    select *
    from credited
    where credit > 0 and model in ('first', 'last', 'last_non_direct')

),

-- To the cent, by largest remainder: each touch has its share rounded down, the cents left go to the largest rests.
ranked as (

    select
        *,
        floor(revenue_minor * credit)::bigint as floor_minor,
        row_number() over (
            partition by tenant_id, contact_id, conversion_key, lookback_days, model
            order by revenue_minor * credit - floor(revenue_minor * credit) desc, position
        ) as remainder_rank,
        revenue_minor
        - sum(floor_minor) over (partition by tenant_id, contact_id, conversion_key, lookback_days, model)
            as count_left
    from credited
    where credit > 0 and model not in ('first', 'last', 'last_non_direct')

),

shared as (

    select
        * exclude (floor_minor, remainder_rank, count_left)
        replace (floor_minor + if(remainder_rank <= count_left, 1, 0) as revenue_minor)
    from ranked

),

all_credits as (

    select * from of_one
    union all by name
    select * from whole
    union all by name
    select * from shared

),

final as (

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
        revenue_minor
    from all_credits

)

select * from final
