{{ config(materialized='stored_while_building', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}
    where fact_family = 'booking'

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

-- What fct_bookings folds a booking to, after each of its facts; of several that are equal in order, after all.
running as (

    select
        tenant_id,
        booking_id,
        occurred_at as valid_from,
        fact_order,
        coalesce(
            last_value(case when has_person then contact_id end ignore nulls) over in_all,
            last_value(contact_id) over in_all
        ) as contact_id,
        first_value(source) over so_far as source,
        coalesce(last_value(booking_status ignore nulls) over so_far, 'pending') as status,
        {{ newest_guest(over='so_far') }} as guest,
        last_value(service_key ignore nulls) over so_far as service_key,
        last_value(service_name ignore nulls) over so_far as service_name,
        last_value(starts_at ignore nulls) over so_far as starts_at,
        coalesce(last_value(is_all_day ignore nulls) over so_far, false) as is_all_day,
        last_value(ends_at ignore nulls) over so_far as ends_at,
        last_value(price_minor ignore nulls) over so_far as price_minor,
        last_value(currency ignore nulls) over so_far as currency,
        last_value(staff_name ignore nulls) over so_far as staff_name,
        last_value(location ignore nulls) over so_far as location,
        last_value(payment_status ignore nulls) over so_far as payment_status,
        count(*) filter (where is_reschedule) over so_far as count_reschedules,
        min(occurred_at) over so_far as created_at,
        min(occurred_at) filter (where booking_status = 'confirmed') over so_far as confirmed_at,
        max(occurred_at) filter (where booking_status = 'cancelled') over so_far as cancelled_at,
        max(occurred_at) filter (where booking_status = 'completed') over so_far as completed_at
    from facts
    window
        so_far as (
            partition by tenant_id, booking_id order by fact_order
            range between unbounded preceding and current row
        ),
        in_all as (
            partition by tenant_id, booking_id order by fact_order
            rows between unbounded preceding and unbounded following
        )

),

-- Of several facts of one instant, the state after the last.
settled as (

    select *
    from running
    qualify row_number() over (partition by tenant_id, booking_id, valid_from order by fact_order desc) = 1

),

bounded as (

    select
        settled.* exclude (settled.fact_order, settled.currency, settled.guest)
        replace (if(coalesce(settled.ends_at > settled.starts_at, true), settled.ends_at, null) as ends_at),
        settled.guest.full_name as guest_name,
        settled.guest.first_name as guest_first_name,
        coalesce(settled.currency, tenants.currency) as currency,
        if(settled.is_all_day, (settled.starts_at at time zone tenants.zone)::date, null) as starts_on,
        -- What reminders count from: without a time of day, the business's own hour of that day.
        if(
            settled.is_all_day,
            ((settled.starts_at at time zone tenants.zone)::date + tenants.all_day_time) at time zone tenants.zone,
            settled.starts_at
        ) as reminded_from,
        {{ upcoming_until('settled') }} as upcoming_until,
        settled.valid_from as last_changed_at,
        lead(settled.valid_from) over (
            partition by settled.tenant_id, settled.booking_id order by settled.valid_from
        ) as valid_until,
        coalesce(lower(last_value(settled.guest.full_name) over in_all), '') as guest_key,
        (settled.status = 'completed')::integer
        - coalesce((lag(settled.status) over in_all_by_time = 'completed')::integer, 0) as completed_change,
        last_value(settled.status) over in_all as newest_status,
        last_value(settled.starts_at) over in_all as newest_starts_at,
        last_value(upcoming_until) over in_all as newest_upcoming_until
    from settled
    inner join tenants on settled.tenant_id = tenants.tenant_id
    window
        in_all as (
            partition by settled.tenant_id, settled.booking_id order by settled.valid_from
            rows between unbounded preceding and unbounded following
        ),
        in_all_by_time as (partition by settled.tenant_id, settled.booking_id order by settled.valid_from)

),

-- A patient who comes again is one whose visits are completed, though the phone is another's.
guests as (

    select
        * exclude (guest_key, completed_change),
        (sum(completed_change) over (
            partition by tenant_id, contact_id, guest_key order by valid_from
            range between unbounded preceding and current row
        ))::bigint as count_guest_bookings_completed
    from bounded

),

final as (

    select
        *,
        {{ booking_fields() }} as fields
    from guests

)

select * from final
