{{ config(materialized='view') }}

with touchpoints as (

    select * from {{ ref('fct_touchpoints') }}
    where is_attributable

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

-- A touch is in the journey of the first conversion at its moment or after it; without one, in the open journey.
joined as (

    select
        touchpoints.tenant_id,
        touchpoints.contact_id,
        conversions.conversion_key,
        touchpoints.touchpoint_key,
        touchpoints.channel,
        touchpoints.campaign,
        touchpoints.occurred_at,
        touchpoints.source_event_id,
        conversions.converted_at,
        coalesce(conversions.revenue_minor, 0) as revenue_minor
    from touchpoints
    left join conversions
        on
            touchpoints.tenant_id = conversions.tenant_id
            and touchpoints.contact_id = conversions.contact_id
            and touchpoints.occurred_at <= conversions.converted_at
            and touchpoints.occurred_at > coalesce(conversions.previous_converted_at, '-infinity')

),

final as (

    select
        tenant_id,
        contact_id,
        conversion_key,
        touchpoint_key,
        channel,
        campaign,
        occurred_at,
        converted_at,
        revenue_minor,
        max(occurred_at) over (partition by tenant_id, contact_id, conversion_key) as last_touch_at,
        count(*) over (partition by tenant_id, contact_id, conversion_key) as count_touches,
        -- Touches of one instant: by their ids, 9 before 10.
        row_number() over (
            partition by tenant_id, contact_id, conversion_key
            order by occurred_at desc, length(source_event_id) desc, source_event_id desc, touchpoint_key desc
        ) - 1 as count_touches_after
    from joined

)

select * from final
