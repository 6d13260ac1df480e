{{ config(tags=['live'], meta={'live': {'mode': 'append', 'event_types': ['gohighlevel.']}}) }}

-- Appointments of the marketplace webhooks and of the workflow action, whose `calendar` object exists only when an
-- appointment triggered the workflow. A cancellation is an AppointmentUpdate with the status cancelled.
with events as (

    select * from {{ ref('stg_event_log__events') }}
    where
        source = 'gohighlevel'
        and type in (
            'gohighlevel.AppointmentCreate',
            'gohighlevel.AppointmentUpdate',
            'gohighlevel.AppointmentDelete',
            'gohighlevel.workflow'
        )

),

services as (

    {{ offered_services() }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "appointment": {
                    "id": "VARCHAR", "title": "VARCHAR", "calendarId": "VARCHAR", "contactId": "VARCHAR",
                    "appointmentStatus": "VARCHAR",
                    "address": "VARCHAR", "startTime": "VARCHAR", "endTime": "VARCHAR", "dateUpdated": "VARCHAR"
                },
                "calendar": {
                    "appointmentId": "VARCHAR", "id": "VARCHAR", "title": "VARCHAR", "appoinmentStatus": "VARCHAR",
                    "appointmentStatus": "VARCHAR", "status": "VARCHAR", "address": "VARCHAR",
                    "startTime": "VARCHAR", "endTime": "VARCHAR", "selectedTimezone": "VARCHAR"
                },
                "contact_id": "VARCHAR", "full_name": "VARCHAR", "first_name": "VARCHAR", "last_name": "VARCHAR",
                "company_name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR",
                "timezone": "VARCHAR", "location": {"timezone": "VARCHAR"}
            }'
        ) as body
    from events

),

unpacked as (

    select
        * exclude (headers, payload),
        {{ first_text('body.appointment.id', 'body.calendar.appointmentId') }} as appointment_id,
        -- HighLevel's own misspelling comes first: it is the one that is sent.
        {{ word(first_text(
            'body.appointment.appointmentStatus',
            'body.calendar.appoinmentStatus',
            'body.calendar.appointmentStatus',
            'body.calendar.status'
        )) }} as provider_status,
        {{ first_text('body.appointment.startTime', 'body.calendar.startTime') }} as starts_at_text,
        {{ first_text('body.appointment.endTime', 'body.calendar.endTime') }} as ends_at_text,
        -- Workflow times lack an offset.
        {{ first_text('body.calendar.selectedTimezone', 'body.timezone', 'body.location.timezone') }} as told_zone,
        {{ first_text('body.appointment.title', 'body.calendar.title') }} as title,
        {{ first_text('body.appointment.calendarId', 'body.calendar.id') }} as calendar_id
    from parsed

),

offered as (

    select
        unpacked.*,
        services.offered,
        {{ zone_of_text('unpacked.told_zone', 'tenants.zone') }} as zone
    from unpacked
    left join services on unpacked.tenant_id = services.tenant_id
    left join tenants on unpacked.tenant_id = tenants.tenant_id

),

classified as (

    select
        *,
        case
            when type = 'gohighlevel.AppointmentDelete' then 'cancelled'
            when provider_status in ('new', 'pending') then 'pending'
            when provider_status in ('confirmed', 'booked', 'active') then 'confirmed'
            when provider_status in ('cancelled', 'canceled', 'invalid') then 'cancelled'
            when provider_status in ('showed', 'completed') then 'completed'
            when provider_status = 'noshow' then 'no_show'
        end as booking_status,
        {{ row_only_if("type <> 'gohighlevel.workflow' or appointment_id is not null") }} as is_appointment,
        -- The calendar tells the service. A title is free text, by default the customer's name: it names the service
        -- only if it is one of the business's.
        {{ service_key('gohighlevel', 'calendar_id', 'title') }} as service_key,
        {{ day_from_iso('starts_at_text') }} as starts_on,
        {{ instant_from_text('starts_at_text', 'zone') }} as starts_at,
        {{ instant_from_text('ends_at_text', 'zone') }} as ends_at
    from offered

),

final as (

    select
        {{ event_columns() }},
        case
            when type = 'gohighlevel.AppointmentCreate' then 'booking.created'
            when booking_status is null or booking_status = 'pending' then 'booking.updated'
            else 'booking.' || booking_status
        end as fact_type,
        {{ contact_columns(
            ref_kind='gohighlevel_contact',
            ref=first_text('body.appointment.contactId', 'body.contact_id'),
            phone='body.phone',
            email='body.email',
            full_name='body.full_name',
            first_name='body.first_name',
            last_name='body.last_name',
            company='body.company_name'
        ) }},
        coalesce({{ line_text('appointment_id') }}, source_event_id) as booking_id,
        -- Order is not guaranteed and there is no version number: milliseconds of the last change serve as one.
        epoch_ms(coalesce({{ instant_from_text('body.appointment.dateUpdated') }}, occurred_at)) as change_order,
        booking_status,
        -- Every update repeats the status, and the statuses include showed and noshow.
        if(booking_status in ('pending', 'confirmed'), 'record', 'act') as status_basis,
        cast(null as date) as told_on,
        false as is_reschedule,
        service_key,
        list_filter(offered, lambda service: service.key = service_key)[1].full_name as service_name,
        starts_on,
        starts_at,
        ends_at,
        cast(null as bigint) as price_minor,
        cast(null as varchar) as currency,
        cast(null as varchar) as guest_full_name,
        cast(null as varchar) as staff_name,
        {{ first_text('body.appointment.address', 'body.calendar.address') }} as location,
        cast(null as varchar) as payment_status,
        title as detail,
        {{ unread_times(
            [
                ('start_not_read', 'coalesce(starts_on, starts_at) is not null',
                    ['body.appointment.startTime', 'body.calendar.startTime']),
                ('end_not_read', 'ends_at is not null', ['body.appointment.endTime', 'body.calendar.endTime'])
            ],
            'told_zone'
        ) }} as unread_times
    from classified

)

select * from final
