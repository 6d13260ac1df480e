{#- Body of marts.contact_at(t, known_at) in the published file; see pipelines/lib/published_macros.py. -#}
with known as (

    select * from {{ ref('fct_timeline') }}
    where occurred_at <= t::timestamptz and received_at <= known_at::timestamptz

),

payments as (

    select
        known.contact_id,
        known.entity_id,
        max(known.amount_minor) filter (where known.type = 'payment.succeeded') as received_minor,
        max(known.amount_minor) filter (where known.type = 'payment.refunded') as refunded_minor
    from known
    inner join {{ ref('dim_tenants') }} as tenants
        on known.tenant_id = tenants.tenant_id and known.currency = tenants.currency
    where known.type in ('payment.succeeded', 'payment.refunded')
    group by known.contact_id, known.entity_id

),

paid as (

    select
        contact_id,
        sum(received_minor - coalesce(refunded_minor, 0))::bigint as amount_paid_minor
    from payments
    where received_minor is not null
    group by contact_id

),

final as (

    select
        known.tenant_id,
        known.contact_id,
        min(known.occurred_at) as first_seen_at,
        max(known.occurred_at) as last_seen_at,
        arg_max(known.type, row(known.occurred_at, known.timeline_key)) as last_type,
        count(distinct known.entity_id) filter (where known.type like 'booking.%') as count_bookings,
        count(distinct known.entity_id) filter (where known.type = 'booking.completed') as count_bookings_completed,
        count(distinct known.entity_id) filter (where known.type like 'message.%') as count_messages,
        coalesce(any_value(paid.amount_paid_minor), 0) as amount_paid_minor
    from known
    left join paid on known.contact_id = paid.contact_id
    group by known.tenant_id, known.contact_id

)

select * from final
