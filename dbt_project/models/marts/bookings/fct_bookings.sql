{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts', 'fact_families': ['booking']}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}
    where fact_family = 'booking'

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

services as (

    select * from {{ ref('stg_tenants__services') }}

),

-- Every attribute is its newest known value; a change that says nothing of an attribute leaves it.
folded as (

    select
        tenant_id,
        booking_id,
        arg_min(source, fact_order) as source,
        coalesce(
            arg_max(contact_id, fact_order) filter (where has_person), arg_max(contact_id, fact_order)
        ) as contact_id,
        {{ newest_guest() }} as guest,
        arg_max(service_key, fact_order) as service_key,
        arg_max(service_name, fact_order) as service_name,
        coalesce(arg_max(booking_status, fact_order), 'pending') as status,
        arg_max(starts_at, fact_order) as starts_at,
        coalesce(arg_max(is_all_day, fact_order), false) as is_all_day,
        arg_max(ends_at, fact_order) as ends_at,
        arg_max(price_minor, fact_order) as price_minor,
        arg_max(currency, fact_order) as currency,
        arg_max(staff_name, fact_order) as staff_name,
        arg_max(location, fact_order) as location,
        arg_max(payment_status, fact_order) as payment_status,
        count(*) filter (where is_reschedule) as count_reschedules,
        min(occurred_at) as created_at,
        min(occurred_at) filter (where booking_status = 'confirmed') as confirmed_at,
        max(occurred_at) filter (where booking_status = 'cancelled') as cancelled_at,
        max(occurred_at) filter (where booking_status = 'completed') as completed_at,
        max(occurred_at) as last_changed_at,
        arg_max(event_id, fact_order) as last_event_id
    from facts
    group by tenant_id, booking_id

),

final as (

    select
        folded.tenant_id,
        {{ hash_key(['folded.tenant_id', 'folded.booking_id']) }} as booking_key,
        folded.booking_id,
        folded.source,
        folded.contact_id,
        folded.guest.full_name as guest_name,
        folded.guest.first_name as guest_first_name,
        folded.service_key,
        folded.service_name,
        folded.status,
        folded.starts_at,
        -- A move that tells a later start alone leaves the older end behind it.
        if(coalesce(folded.ends_at > folded.starts_at, true), folded.ends_at, null) as ends_at,
        folded.starts_at at time zone tenants.zone as starts_at_local,
        folded.is_all_day,
        {{ upcoming_until('folded') }} as upcoming_until,
        folded.price_minor,
        if(folded.price_minor is null, services.price_minor, null) as list_price_minor,
        coalesce(folded.currency, tenants.currency) as currency,
        folded.staff_name,
        folded.location,
        folded.payment_status,
        folded.count_reschedules,
        folded.created_at,
        folded.confirmed_at,
        folded.cancelled_at,
        folded.completed_at,
        folded.last_changed_at,
        folded.last_event_id
    from folded
    inner join tenants on folded.tenant_id = tenants.tenant_id
    left join services on folded.tenant_id = services.tenant_id and folded.service_key = services.service_key

)

select * from final
