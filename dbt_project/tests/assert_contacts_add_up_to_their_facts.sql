-- What contacts count adds up, per tenant, to the bookings, messages and payments that there are.
with tenants as (

    select * from {{ ref('dim_tenants') }}

),

counted as (

    select
        tenant_id,
        sum(count_bookings) as count_bookings,
        sum(count_bookings_completed) as count_bookings_completed,
        sum(count_messages) as count_messages,
        sum(amount_paid_minor) as amount_paid_minor
    from {{ ref('dim_contacts') }}
    group by tenant_id

),

bookings as (

    select
        tenant_id,
        count(*) as count_bookings,
        count(*) filter (where status = 'completed') as count_bookings_completed
    from {{ ref('fct_bookings') }}
    group by tenant_id

),

messages as (

    select
        tenant_id,
        count(*) as count_messages
    from {{ ref('fct_messages') }}
    group by tenant_id

),

payments as (

    select
        payments.tenant_id,
        sum(payments.net_minor) as amount_paid_minor
    from {{ ref('fct_payments') }} as payments
    inner join tenants on payments.tenant_id = tenants.tenant_id and payments.currency = tenants.currency
    where payments.succeeded_at is not null
    group by payments.tenant_id

),

final as (

    select counted.*
    from counted
    left join bookings on counted.tenant_id = bookings.tenant_id
    left join messages on counted.tenant_id = messages.tenant_id
    left join payments on counted.tenant_id = payments.tenant_id
    where
        counted.count_bookings <> coalesce(bookings.count_bookings, 0)
        or counted.count_bookings_completed <> coalesce(bookings.count_bookings_completed, 0)
        or counted.count_messages <> coalesce(messages.count_messages, 0)
        or counted.amount_paid_minor <> coalesce(payments.amount_paid_minor, 0)

)

select * from final
