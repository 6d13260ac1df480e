with timeline as (

    select * from {{ ref('fct_timeline') }}

),

bookings as (

    select * from {{ ref('fct_bookings') }}

),

changed_bookings as (

    select
        timeline.tenant_id,
        timeline.timeline_key,
        timeline.type,
        timeline.occurred_at,
        bookings.booking_key,
        bookings.contact_id,
        bookings.service_name
    from timeline
    inner join bookings on timeline.tenant_id = bookings.tenant_id and timeline.entity_id = bookings.booking_id
    where timeline.type in ('booking.completed', 'booking.cancelled', 'booking.no_show')

),

first_bookings as (

    select * from bookings
    qualify row_number() over (partition by tenant_id, contact_id order by created_at, booking_key) = 1

),

final as (

    select
        tenant_id,
        unnest(['bookings_created', 'customers']) as metric,
        booking_key as source_key,
        unnest([booking_key, contact_id]) as entity_key,
        contact_id,
        created_at as measured_at,
        service_name
    from bookings

    union all by name

    select
        tenant_id,
        'customers_new' as metric,
        booking_key as source_key,
        contact_id as entity_key,
        contact_id,
        created_at as measured_at
    from first_bookings

    union all by name

    select
        tenant_id,
        unnest(['booking_value', 'bookings_priced']) as metric,
        booking_key as source_key,
        booking_key as entity_key,
        contact_id,
        created_at as measured_at,
        price_minor as value,
        currency,
        service_name
    from bookings
    where price_minor is not null

    union all by name

    select
        tenant_id,
        unnest(
            case type
                when 'booking.cancelled' then ['bookings_cancelled']
                when 'booking.completed' then ['bookings_completed', 'bookings_held']
                else ['bookings_no_show', 'bookings_held']
            end
        ) as metric,
        timeline_key as source_key,
        booking_key as entity_key,
        contact_id,
        occurred_at as measured_at,
        service_name
    from changed_bookings

)

select * from final
