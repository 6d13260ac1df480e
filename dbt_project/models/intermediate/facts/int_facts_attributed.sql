{{ config(materialized='stored_while_building', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with facts as (

    select * from {{ ref('int_facts_normalised') }}

),

contact_identifiers as (

    select * from {{ ref('int_contact_identifiers') }}

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

-- What names its charge alone is about the payment of that charge, which shares its contact by charge_ref_key and so is
-- in every batch with it.
charges as (

    select
        tenant_id,
        charge_id,
        max(payment_id) as payment_id
    from facts
    where charge_ref_key is not null
    group by tenant_id, charge_id

),

settled_bookings as (

    {{ settled_bookings('facts', 'tenants') }}

),

attributed as (

    select
        facts.* exclude (facts.status_basis, facts.told_on)
        replace (
            coalesce(settled_bookings.settled_at, facts.occurred_at) as occurred_at,
            if(settled_bookings.event_id is null, facts.fact_type, settled_bookings.settled_type) as fact_type,
            settled_bookings.settled_status as booking_status,
            if(
                settled_bookings.event_id is null, facts.is_reschedule, settled_bookings.is_settled_move
            ) as is_reschedule,
            if(facts.payment_id is null, null, coalesce(charges.payment_id, facts.payment_id)) as payment_id,
            coalesce(charges.payment_id, facts.entity_id) as entity_id
        ),
        contact_identifiers.contact_id,
        -- Total order of the facts about one entity, made of what the source says and never of arrival:
        -- its time, its own version number, how far the state is, its id.
        {
            'occurred_at': coalesce(settled_bookings.settled_at, facts.occurred_at),
            'change_order': coalesce(settled_bookings.change_order, facts.change_order, 0),
            'progress': {{ progress_of('coalesce(
                settled_bookings.settled_status, facts.payment_change, facts.message_status
            )') }},
            'source_event_id': facts.source_event_id
        } as fact_order
    from facts
    inner join contact_identifiers
        on facts.primary_identifier_key = contact_identifiers.identifier_key
    -- Not "and facts.fact_family = ..." beside the key: DuckDB then compares each fact with every row there is.
    left join settled_bookings
        on if(facts.fact_family = 'booking', facts.event_id, null) = settled_bookings.event_id
    left join charges
        on
            facts.tenant_id = charges.tenant_id
            and if(facts.entity_kind = 'payment', facts.entity_id, null) = charges.charge_id

),

-- What no carrier takes for STOP may be about an appointment.
cancelling as (

    select
        tenant_id,
        contact_id,
        event_id,
        occurred_at
    from attributed
    where
        fact_family = 'message'
        and direction = 'inbound'
        and channel in ('sms', 'whatsapp', 'email')
        and opt_out_type = 'CANCEL'

),

-- As int_booking_states has it, which reads the facts that are made here.
bookings as (

    select
        tenant_id,
        booking_id,
        occurred_at,
        fact_order,
        booking_status,
        starts_at,
        is_all_day,
        coalesce(
            last_value(case when has_person then contact_id end ignore nulls) over in_all,
            last_value(contact_id) over in_all
        ) as contact_id
    from attributed
    where fact_family = 'booking'
    window
        in_all as (
            partition by tenant_id, booking_id order by fact_order
            rows between unbounded preceding and unbounded following
        )

),

-- By what had happened when it was said, whenever that was heard of.
appointments as (

    select
        cancelling.tenant_id,
        cancelling.event_id,
        cancelling.occurred_at,
        coalesce(arg_max(bookings.booking_status, bookings.fact_order), 'pending') as status,
        arg_max(bookings.starts_at, bookings.fact_order) as starts_at,
        coalesce(arg_max(bookings.is_all_day, bookings.fact_order), false) as is_all_day
    from cancelling
    inner join bookings
        on
            cancelling.tenant_id = bookings.tenant_id
            and cancelling.contact_id = bookings.contact_id
            and cancelling.occurred_at >= bookings.occurred_at
    group by cancelling.tenant_id, cancelling.event_id, cancelling.occurred_at, bookings.booking_id

),

-- CANCEL of somebody who has an appointment is about the appointment: staff are told, and they are asked.
about_a_booking as (

    select distinct appointments.event_id
    from appointments
    inner join tenants on appointments.tenant_id = tenants.tenant_id
    where
        appointments.status in ('pending', 'confirmed')
        and {{ upcoming_until('appointments') }} > appointments.occurred_at

),

-- A text that says STOP or START takes a consent back, or gives it: a fact of its own, whichever provider brought it.
-- CANCEL does as STOP where there is no appointment to cancel.
-- So does a provider that sends nothing more to a number, because it was told STOP where we were not.
told_by_text as (

    select
        * replace (
            if(opt_out_type = 'START', 'consent.granted', 'consent.revoked') as fact_type,
            'consent' as fact_family,
            'all' as purpose,
            coalesce(opt_out_type = 'START', false) as is_granted,
            if(direction = 'inbound', {{ reply_evidence() }}, 'the provider knows a STOP: error ' || error_code)
                as evidence,
            cast(null as varchar) as entity_kind,
            cast(null as varchar) as entity_id,
            cast(null as varchar) as message_id,
            cast(null as varchar) as message_status,
            cast(null as varchar) as direction,
            cast(null as varchar) as body
        )
    from attributed
    where
        fact_family = 'message'
        and (
            {{ is_keyword_reply() }}
            or {{ is_refused_for_stop() }}
            or event_id in (
                select cancelling.event_id
                from cancelling
                anti join about_a_booking on cancelling.event_id = about_a_booking.event_id
            )
        )

),

final as (

    select * from attributed
    union all by name
    select * from told_by_text

)

select * from final
