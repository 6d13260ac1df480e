with credits as (

    select * from {{ ref('fct_attribution_credits') }}

),

modelled as (

    select * from {{ ref('fct_channel_credits_modelled') }}

),

spend as (

    select
        tenant_id,
        channel,
        sum(spend_minor)::bigint as spend_minor
    from {{ ref('fct_channel_spend') }}
    group by tenant_id, channel

),

settings as (

    select * from {{ ref('dim_attribution_settings') }}

),

credited as (

    select
        tenant_id,
        model,
        lookback_days,
        channel,
        sum(credit) as conversions,
        sum(revenue_minor)::bigint as revenue_minor
    from credits
    group by tenant_id, model, lookback_days, channel
    union all by name
    select
        tenant_id,
        model,
        lookback_days,
        channel,
        conversions,
        revenue_minor
    from modelled

),

-- One row per channel, with all that it is given: read once, so that of one business nothing else is computed.
given as (

    select
        tenant_id,
        channel,
        map_from_entries(list(row(
            concat_ws('/', model, coalesce(lookback_days::varchar, 'all')),
            struct_pack(conversions := conversions, revenue_minor := revenue_minor)
        ))) as credit_by_model,
        null::bigint as spend_minor
    from credited
    group by tenant_id, channel
    union all by name
    select
        tenant_id,
        channel,
        spend_minor
    from spend

),

channels as (

    select
        tenant_id,
        channel,
        any_value(credit_by_model) as credit_by_model,
        coalesce(any_value(spend_minor), 0) as spend_minor
    from given
    group by tenant_id, channel

),

models as (

    select
        tenant_id,
        unnest(lookbacks_days) as lookback_days,
        currency
    from settings

),

model_names as (

    select unnest([
        'first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay',
        'markov', 'markov_no_nulls', 'shapley'
    ]) as model

),

-- Every model shows every channel, also those it gives nothing and those that only cost.
grid as (

    select
        models.tenant_id,
        model_names.model,
        models.lookback_days,
        channels.channel,
        models.currency,
        channels.spend_minor,
        channels.credit_by_model[
            concat_ws('/', model_names.model, coalesce(models.lookback_days::varchar, 'all'))
        ] as given_credit
    from models
    inner join channels on models.tenant_id = channels.tenant_id
    cross join model_names

),

measured as (

    select
        tenant_id,
        model,
        lookback_days,
        channel,
        currency,
        coalesce(given_credit['conversions'], 0) as conversions,
        coalesce(given_credit['revenue_minor'], 0) as revenue_minor,
        spend_minor
    from grid

),

summed as (

    select
        *,
        sum(conversions) over (partition by tenant_id, model, lookback_days) as conversions_in_all
    from measured

),

-- Rounded for the ranks: the last digits of a sum depend on its order. A model that has credited nothing ranks nobody.
ranked as (

    select
        *,
        if(
            conversions_in_all > 0,
            rank() over (
                partition by tenant_id, model, lookback_days
                order by round(conversions, 6) desc, revenue_minor desc
            ),
            null
        ) as conversion_rank
    from summed

),

final as (

    select
        tenant_id,
        model,
        lookback_days,
        channel,
        conversions,
        if(conversions_in_all > 0, conversions / conversions_in_all, null) as share,
        revenue_minor,
        conversion_rank,
        max(if(model = 'last', conversion_rank, null)) over (partition by tenant_id, lookback_days, channel)
        - conversion_rank as rank_change_to_last,
        spend_minor,
        if(round(conversions, 6) > 0, round(spend_minor / conversions)::bigint, null) as cost_per_conversion_minor,
        if(spend_minor > 0, revenue_minor / spend_minor, null) as return_on_spend,
        currency
    from ranked

)

select * from final
