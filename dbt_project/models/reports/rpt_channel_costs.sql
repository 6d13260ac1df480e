with touchpoints as (

    select * from {{ ref('fct_touchpoints') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

spend as (

    select * from {{ ref('fct_channel_spend') }}

),

settings as (

    select * from {{ ref('dim_attribution_settings') }}

),

leads as (

    select
        touchpoints.tenant_id,
        touchpoints.channel,
        date_trunc('month', touchpoints.occurred_at at time zone settings.zone)::date as cost_month,
        count(*) as count_leads
    from touchpoints
    inner join settings on touchpoints.tenant_id = settings.tenant_id
    where touchpoints.kind = 'lead'
    group by all

),

-- A booking is its contact's last touch's, however long ago; what has a window is in rpt_channel_attribution.
booked as (

    select
        bookings.tenant_id,
        bookings.booking_key,
        date_trunc('month', bookings.created_at at time zone settings.zone)::date as cost_month,
        coalesce(
            arg_max(
                touchpoints.channel,
                row(
                    touchpoints.occurred_at,
                    length(touchpoints.source_event_id),
                    touchpoints.source_event_id,
                    touchpoints.touchpoint_key
                )
            ),
            'none'
        ) as channel
    from bookings
    inner join settings on bookings.tenant_id = settings.tenant_id
    left join touchpoints
        on
            bookings.contact_id = touchpoints.contact_id
            and bookings.created_at >= touchpoints.occurred_at
            and touchpoints.is_attributable
    group by all

),

of_bookings as (

    select
        tenant_id,
        channel,
        cost_month,
        count(*) as count_bookings
    from booked
    group by tenant_id, channel, cost_month

),

measured as (

    select
        tenant_id,
        channel,
        cost_month,
        count_leads
    from leads
    union all by name
    select
        tenant_id,
        channel,
        cost_month,
        count_bookings
    from of_bookings
    union all by name
    select
        tenant_id,
        channel,
        spend_month as cost_month,
        spend_minor,
        told_again_minor
    from spend

),

summed as (

    select
        tenant_id,
        channel,
        cost_month,
        coalesce(sum(spend_minor), 0)::bigint as spend_minor,
        coalesce(sum(told_again_minor), 0)::bigint as told_again_minor,
        coalesce(sum(count_leads), 0)::bigint as count_leads,
        coalesce(sum(count_bookings), 0)::bigint as count_bookings
    from measured
    group by tenant_id, channel, cost_month

),

final as (

    select
        summed.tenant_id,
        summed.channel,
        summed.cost_month,
        summed.spend_minor,
        summed.told_again_minor,
        summed.count_leads,
        summed.count_bookings,
        if(summed.count_leads > 0, round(summed.spend_minor / summed.count_leads)::bigint, null)
            as cost_per_lead_minor,
        if(summed.count_bookings > 0, round(summed.spend_minor / summed.count_bookings)::bigint, null)
            as cost_per_booking_minor,
        settings.currency
    from summed
    inner join settings on summed.tenant_id = settings.tenant_id

)

select * from final
