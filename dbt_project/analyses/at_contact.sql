{#- Body of marts.contact_at(t, known_at) in the published file; see pipelines/publish/published_macros.py. -#}
with known as (

    select * from {{ ref('fct_timeline') }}
    where occurred_at <= t::timestamptz and received_at <= known_at::timestamptz

),

changes as (

    select
        *,
        row(occurred_at, payment_change_key) as fact_order
    from {{ ref('fct_payment_changes') }}
    where occurred_at <= t::timestamptz and received_at <= known_at::timestamptz

),

folded as (

    {{ payment_fold('changes') }}

),

payments as (

    select
        tenant_id,
        contact_id,
        arg_max(currency, fact_order) as currency,
        arg_max(received_so_far - refunded_so_far - lost_so_far, fact_order) as net_minor
    from folded
    group by tenant_id, contact_id, payment_id

),

paid as (

    select
        payments.contact_id,
        sum(payments.net_minor)::bigint as amount_paid_minor
    from payments
    inner join {{ ref('dim_tenants') }} as tenants
        on payments.tenant_id = tenants.tenant_id and payments.currency = tenants.currency
    group by payments.contact_id

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
