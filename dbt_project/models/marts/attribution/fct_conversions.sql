{{ config(
    tags=['live'],
    meta={'live': {
        'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts',
        'fact_families': ['booking', 'payment', 'lead']
    }},
    indexes=[{'columns': ['contact_id']}]
) }}

with settings as (

    select
        attribution.tenant_id,
        attribution.conversion,
        attribution.revenue,
        tenants.currency
    from {{ ref('stg_tenants__attribution') }} as attribution
    inner join {{ ref('stg_tenants__tenants') }} as tenants on attribution.tenant_id = tenants.tenant_id

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

payments as (

    select * from {{ ref('fct_payments') }}
    where succeeded_at is not null

),

-- A lead that was told several times is one.
leads as (

    select
        tenant_id,
        contact_id,
        coalesce(lead_id, source || ':' || source_event_id) as lead_id,
        min(occurred_at) as created_at
    from {{ ref('int_facts_attributed') }}
    where fact_type = 'lead.created'
    group by tenant_id, contact_id, coalesce(lead_id, source || ':' || source_event_id)

),

happened as (

    select
        bookings.tenant_id,
        bookings.contact_id,
        settings.conversion,
        bookings.booking_id as entity_id,
        bookings.booking_id,
        null::varchar as payment_id,
        case settings.conversion
            when 'booking.created' then bookings.created_at
            when 'booking.confirmed' then bookings.confirmed_at
            when 'booking.completed' then bookings.completed_at
        end as converted_at,
        if(bookings.currency = settings.currency, bookings.price_minor, 0) as price_minor
    from bookings
    inner join settings on bookings.tenant_id = settings.tenant_id
    union all by name
    select
        payments.tenant_id,
        payments.contact_id,
        settings.conversion,
        payments.payment_id as entity_id,
        payments.booking_id,
        payments.payment_id,
        payments.succeeded_at as converted_at
    from payments
    inner join settings on payments.tenant_id = settings.tenant_id and settings.conversion = 'payment.succeeded'
    union all by name
    select
        leads.tenant_id,
        leads.contact_id,
        settings.conversion,
        leads.lead_id as entity_id,
        leads.created_at as converted_at
    from leads
    inner join settings on leads.tenant_id = settings.tenant_id and settings.conversion = 'lead.created'

),

conversions as (

    select
        *,
        {{ hash_key(['tenant_id', 'contact_id', 'conversion', 'entity_id']) }} as conversion_key
    from happened
    where converted_at is not null

),

-- Money belongs to the conversion that it names, whoever paid (a mother for her son; the booking's identifier links
-- the two contacts, so they are in scope together), else to the payer's newest one before it, else to the payer's
-- first one after it (a deposit that makes the booking).
could_be_of as (

    select
        payments.payment_key,
        conversions.conversion_key,
        case
            when payments.payment_id = conversions.payment_id then 0
            when conversions.payment_id is null and payments.booking_id = conversions.booking_id then 0
            when conversions.converted_at <= payments.succeeded_at then 1
            else 2
        end as preference,
        abs(epoch_us(payments.succeeded_at) - epoch_us(conversions.converted_at)) as distance
    from payments
    inner join conversions on payments.contact_id = conversions.contact_id
    union all by name
    select
        payments.payment_key,
        conversions.conversion_key,
        0 as preference,
        abs(epoch_us(payments.succeeded_at) - epoch_us(conversions.converted_at)) as distance
    from payments
    inner join conversions
        on
            payments.tenant_id = conversions.tenant_id
            and payments.booking_id = conversions.booking_id
            and payments.contact_id <> conversions.contact_id
    where conversions.payment_id is null

),

-- It is what is left of it today: what was given back or lost to a dispute is not revenue.
received as (

    select
        payments.payment_key,
        payments.net_minor as amount_minor,
        arg_min(
            could_be_of.conversion_key,
            row(could_be_of.preference, could_be_of.distance, could_be_of.conversion_key)
        ) as conversion_key
    from payments
    inner join settings
        on
            payments.tenant_id = settings.tenant_id
            and payments.currency = settings.currency
            and settings.revenue = 'payments'
    inner join could_be_of on payments.payment_key = could_be_of.payment_key
    group by payments.payment_key, payments.net_minor

),

revenues as (

    select
        conversion_key,
        coalesce(sum(amount_minor), 0)::bigint as revenue_minor
    from received
    group by conversion_key

),

final as (

    select
        conversions.tenant_id,
        conversions.conversion_key,
        conversions.contact_id,
        conversions.conversion as conversion_type,
        row_number() over (
            partition by conversions.contact_id order by conversions.converted_at, conversions.conversion_key
        ) as conversion_number,
        conversions.converted_at,
        -- Strictly before: conversions of one instant end the same journey, and each has all of its touches.
        max(conversions.converted_at) over (
            partition by conversions.contact_id order by conversions.converted_at
            range between unbounded preceding and interval 1 microsecond preceding
        ) as previous_converted_at,
        case settings.revenue
            when 'payments' then coalesce(revenues.revenue_minor, 0)
            when 'booking_price' then coalesce(conversions.price_minor, 0)
            else 0
        end::bigint as revenue_minor,
        settings.currency,
        conversions.booking_id,
        conversions.payment_id
    from conversions
    inner join settings on conversions.tenant_id = settings.tenant_id
    left join revenues on conversions.conversion_key = revenues.conversion_key

)

select * from final
