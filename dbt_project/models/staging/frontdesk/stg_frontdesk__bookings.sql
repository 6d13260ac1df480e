{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['booking.']}}) }}

with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        type in (
            'booking.created',
            'booking.updated',
            'booking.confirmed',
            'booking.declined',
            'booking.rescheduled',
            'booking.cancelled',
            'booking.completed',
            'booking.no_show',
            'booking.reopened'
        )

),

services as (

    {{ offered_services() }}

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "booking_id": "VARCHAR", "service_key": "VARCHAR", "service": "VARCHAR", "status": "VARCHAR",
                "starts_at": "VARCHAR", "ends_at": "VARCHAR",
                "occurred_on": "VARCHAR",
                "price_minor": "VARCHAR", "currency": "VARCHAR", "staff": "VARCHAR", "location": "VARCHAR",
                "guest_name": "VARCHAR",
                {{ canonical_contact_shape() }}
            }'
        ) as fact
    from events

),

offered as (

    select
        parsed.*,
        services.offered
    from parsed
    left join services on parsed.tenant_id = services.tenant_id

),

final as (

    select
        {{ event_columns() }},
        type as fact_type,
        {{ canonical_contact_columns() }},
        coalesce({{ line_text('fact.booking_id') }}, subject_id, source_event_id) as booking_id,
        cast(null as bigint) as change_order,
        case
            when type = 'booking.created' then 'pending'
            when type in ('booking.updated', 'booking.rescheduled') then null
            -- Taken back, it is again what it was before it ended.
            when type = 'booking.reopened' then if(fact.status = 'confirmed', 'confirmed', 'pending')
            else replace(type, 'booking.', '')
        end as booking_status,
        'act' as status_basis,
        {{ day_from_iso('fact.occurred_on') }} as told_on,
        type = 'booking.rescheduled' as is_reschedule,
        {{ service_key('frontdesk', line_text('fact.service_key'), line_text('fact.service')) }} as service_key,
        {{ line_text('fact.service') }} as service_name,
        {{ day_from_iso('fact.starts_at') }} as starts_on,
        {{ instant_from_iso('fact.starts_at') }} as starts_at,
        {{ instant_from_iso('fact.ends_at') }} as ends_at,
        {{ whole_number('fact.price_minor') }} as price_minor,
        {{ currency_code('fact.currency') }} as currency,
        {{ line_text('fact.guest_name') }} as guest_full_name,
        {{ line_text('fact.staff') }} as staff_name,
        {{ line_text('fact.location') }} as location,
        cast(null as varchar) as payment_status
    from offered

)

select * from final
