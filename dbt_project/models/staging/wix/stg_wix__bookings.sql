{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['wix.']}}) }}

-- Two deliveries, one shape. App webhooks (a signed token) carry a domain event whose booking sits in a different
-- place for each kind of event. Posts of the site's own code (the HMAC variant) are flat, by a convention between
-- the site and us; see the description in _wix__models.yml.
with events as (

    select
        events.*,
        tenants.decimal_mark,
        tenants.currency as tenant_currency,
        tenants.zone as tenant_zone,
        regexp_extract(events.type, 'booking_(\w+)$', 1) as verb
    from {{ ref('stg_event_log__events') }} as events
    left join {{ ref('stg_tenants__tenants') }} as tenants on events.tenant_id = tenants.tenant_id
    where
        events.source = 'wix'
        and events.type in (
            'wix.bookings.v2.booking_created',
            'wix.bookings.v2.booking_confirmed',
            'wix.bookings.v2.booking_updated',
            'wix.bookings.v2.booking_rescheduled',
            'wix.bookings.v2.booking_canceled',
            'wix.bookings.v2.booking_declined',
            'wix.bookings.v2.booking_markedAsPending',
            'wix.bookings.v2.booking_number_of_participants_updated',
            'wix.booking_created',
            'wix.booking_confirmed',
            'wix.booking_updated',
            'wix.booking_rescheduled',
            'wix.booking_canceled',
            'wix.booking_cancelled',
            'wix.booking_declined',
            'wix.booking_completed',
            'wix.booking_no_show'
        )

),

services as (

    {{ offered_services() }}

),

located as (

    select
        *,
        from_json(
            payload,
            '{
                "event": {
                    "entityEventSequence": "VARCHAR",
                    "createdEvent": {"entity": "JSON"},
                    "updatedEvent": {"currentEntity": "JSON"},
                    "actionEvent": {"body": {"booking": "JSON"}},
                    "data": {"booking": "JSON"}
                },
                "booking": "JSON", "data": "JSON", "bookingId": "VARCHAR"
            }'
        ) as body
    from events

),

parsed as (

    select
        * exclude (headers, payload),
        from_json(
            coalesce(
                {{ json_object('body.event.actionEvent.body.booking') }},
                {{ json_object('body.event.createdEvent.entity') }},
                {{ json_object('body.event.updatedEvent.currentEntity') }},
                {{ json_object('body.event.data.booking') }},
                {{ json_object('body.booking') }},
                {{ json_object('body.data') }},
                payload
            ),
            '{
                "id": "VARCHAR", "_id": "VARCHAR", "bookingId": "VARCHAR", "revision": "VARCHAR", "status": "VARCHAR",
                "paymentStatus": "VARCHAR", "startDate": "VARCHAR", "endDate": "VARCHAR", "timezone": "VARCHAR",
                "serviceId": "VARCHAR", "serviceName": "VARCHAR", "price": "JSON", "currency": "VARCHAR", "staffName": "VARCHAR",
                "locationName": "VARCHAR", "contactId": "VARCHAR", "name": "VARCHAR", "firstName": "VARCHAR",
                "lastName": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR",
                "contactDetails": {
                    "contactId": "VARCHAR", "name": "VARCHAR", "firstName": "VARCHAR", "lastName": "VARCHAR",
                    "email": "VARCHAR", "phone": "VARCHAR"
                },
                "bookedEntity": {
                    "title": "VARCHAR",
                    "slot": {
                        "serviceId": "VARCHAR", "startDate": "VARCHAR", "endDate": "VARCHAR", "timezone": "VARCHAR",
                        "resource": {"name": "VARCHAR"},
                        "location": {"name": "VARCHAR", "formattedAddress": "VARCHAR"}
                    },
                    "schedule": {
                        "serviceId": "VARCHAR", "firstSessionStart": "VARCHAR", "lastSessionEnd": "VARCHAR", "timezone": "VARCHAR",
                        "location": {"name": "VARCHAR", "formattedAddress": "VARCHAR"}
                    }
                }
            }'
        ) as booking
    from located

),

unpacked as (

    select
        *,
        booking.contactDetails as contact,
        booking.bookedEntity.slot,
        booking.bookedEntity.schedule,
        {{ first_text(
            'booking.startDate',
            'booking.bookedEntity.slot.startDate',
            'booking.bookedEntity.schedule.firstSessionStart'
        ) }} as starts_at_text,
        {{ first_text(
            'booking.endDate',
            'booking.bookedEntity.slot.endDate',
            'booking.bookedEntity.schedule.lastSessionEnd'
        ) }} as ends_at_text,
        {{ first_text(
            'booking.timezone',
            'booking.bookedEntity.slot.timezone',
            'booking.bookedEntity.schedule.timezone'
        ) }} as told_zone,
        -- A booking of Wix's own has UTC in its startDate and endDate, and local times in its slot.
        if(
            starts_with(type, 'wix.bookings.v2.') and {{ line_text('booking.startDate') }} is not null,
            'UTC',
            {{ zone_of_text('told_zone', 'tenant_zone') }}
        ) as zone
    from parsed

),

offered as (

    select
        unpacked.*,
        services.offered
    from unpacked
    left join services on unpacked.tenant_id = services.tenant_id

),

priced as (

    select
        *,
        {{ day_from_iso('starts_at_text') }} as starts_on,
        {{ instant_from_text('starts_at_text', 'zone') }} as starts_at,
        {{ instant_from_text('ends_at_text', 'zone') }} as ends_at,
        {{ minor_units_from_json(
            'booking.price', 'coalesce(' ~ currency_code('booking.currency') ~ ', tenant_currency)', 'decimal_mark'
        ) }} as price_minor
    from offered

),

final as (

    select
        {{ event_columns() }},
        case verb
            when 'canceled' then 'booking.cancelled'
            when 'markedAsPending' then 'booking.updated'
            when 'number_of_participants_updated' then 'booking.updated'
            else 'booking.' || verb
        end as fact_type,
        {{ contact_columns(
            ref_kind='wix_contact',
            ref=first_text('contact.contactId', 'booking.contactId'),
            phone=first_text('contact.phone', 'booking.phone'),
            email=first_text('contact.email', 'booking.email'),
            full_name=first_text('contact.name', 'booking.name'),
            first_name=first_text('contact.firstName', 'booking.firstName'),
            last_name=first_text('contact.lastName', 'booking.lastName')
        ) }},
        coalesce(
            {{ line_text('booking.bookingId') }},
            {{ line_text('body.bookingId') }},
            subject_id,
            {{ line_text('booking.id') }},
            {{ line_text('booking._id') }},
            source_event_id
        ) as booking_id,
        -- Every snapshot has a revision; the sequence of events is optional and counts something else.
        coalesce(
            {{ whole_number('booking.revision') }},
            {{ whole_number('body.event.entityEventSequence') }}
        ) as change_order,
        -- What just happened outranks the snapshot, which the site's own code may have read before the change.
        case
            when verb in ('confirmed', 'declined', 'completed', 'no_show') then verb
            when verb in ('canceled', 'cancelled') then 'cancelled'
            when verb = 'markedAsPending' then 'pending'
            when upper(booking.status) in ('CREATED', 'PENDING', 'WAITING_LIST') then 'pending'
            when upper(booking.status) = 'CONFIRMED' then 'confirmed'
            when upper(booking.status) in ('CANCELED', 'CANCELLED') then 'cancelled'
            when upper(booking.status) = 'DECLINED' then 'declined'
            when verb = 'created' then 'pending'
        end as booking_status,
        -- A snapshot's status is never completed or no-show: Wix keeps plans, not outcomes.
        if(verb in ('updated', 'number_of_participants_updated'), 'plan', 'act') as status_basis,
        cast(null as date) as told_on,
        verb = 'rescheduled' as is_reschedule,
        {{ service_key(
            'wix',
            first_text(
                'booking.bookedEntity.slot.serviceId',
                'booking.bookedEntity.schedule.serviceId',
                'booking.serviceId'
            ),
            first_text('booking.bookedEntity.title', 'booking.serviceName')
        ) }} as service_key,
        {{ first_text('booking.bookedEntity.title', 'booking.serviceName') }} as service_name,
        starts_on,
        starts_at,
        ends_at,
        price_minor,
        {{ currency_code('booking.currency') }} as currency,
        cast(null as varchar) as guest_full_name,
        {{ first_text('slot.resource.name', 'booking.staffName') }} as staff_name,
        {{ first_text(
            'slot.location.name',
            'slot.location.formattedAddress',
            'schedule.location.name',
            'schedule.location.formattedAddress',
            'booking.locationName'
        ) }} as location,
        lower({{ line_text('booking.paymentStatus') }}) as payment_status,
        {{ unread_amount('booking.price', 'price_minor') }} as unread_amount,
        {{ unread_times(
            [
                ('start_not_read', 'coalesce(starts_on, starts_at) is not null', [
                    'booking.startDate',
                    'booking.bookedEntity.slot.startDate',
                    'booking.bookedEntity.schedule.firstSessionStart'
                ]),
                ('end_not_read', 'ends_at is not null', [
                    'booking.endDate',
                    'booking.bookedEntity.slot.endDate',
                    'booking.bookedEntity.schedule.lastSessionEnd'
                ])
            ],
            'told_zone'
        ) }} as unread_times
    from priced

)

select * from final
