{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with candidates as materialized (

    select * from {{ ref('int_rule_causes_prevented') }}

),

booking_states as (

    select * from {{ ref('int_booking_states') }}

),

contact_states as (

    select * from {{ ref('int_contact_states') }}

),

-- Appointments pass without a word from anybody: what is to come is counted at the time the command is due.
upcoming_when_due as (

    select
        candidates.candidate_key,
        count(*) as count_bookings_upcoming
    from candidates
    inner join booking_states
        on
            candidates.tenant_id = booking_states.tenant_id
            and candidates.subject_contact_id = booking_states.contact_id
            and {{ is_upcoming('booking_states', 'candidates.due_at') }}
    group by candidates.candidate_key

),

newest_bookings as (

    select * from booking_states
    where valid_until is null

),

newest_contacts as (

    select * from contact_states
    where valid_until is null

),

-- Contact and booking as they are at the time it is due, as far as is known, and as they are by the newest fact.
final as (

    select
        candidates.candidate_key,
        candidates.tenant_id,
        candidates.rule_id,
        candidates.subject,
        candidates.subject_contact_id as contact_id,
        candidates.known_starts_at,
        candidates.known_status,
        candidates.event_id,
        candidates.fact_type,
        candidates.fact_order,
        candidates.due_at,
        candidates.prevention,
        candidates.undoing,
        candidates.undoing_when_due,
        candidates.occurred_at,
        candidates.fact,
        booking_states.booking_id as known_booking_id,
        booking_states.status as booking_status,
        booking_states.starts_at as booking_starts_at,
        booking_states.fields as booking,
        booking_states.newest_status,
        booking_states.newest_starts_at,
        booking_states.upcoming_until as booking_upcoming_until,
        booking_states.newest_upcoming_until,
        newest_bookings.valid_from as newest_booking_from,
        newest_bookings.fields as newest_booking,
        contact_states.phone as contact_phone,
        contact_states.email as contact_email,
        case
            when contact_states.fields is not null
                then json_merge_patch(
                    contact_states.fields,
                    json_object('count_bookings_upcoming', coalesce(upcoming_when_due.count_bookings_upcoming, 0))
                )
        end as contact,
        coalesce(newest_contacts.phone, contact_states.phone) as newest_phone,
        coalesce(newest_contacts.email, contact_states.email) as newest_email,
        coalesce(newest_contacts.display_name, contact_states.display_name) as newest_name,
        coalesce(newest_contacts.fields, contact_states.fields) as newest_contact
    from candidates
    left join upcoming_when_due on candidates.candidate_key = upcoming_when_due.candidate_key
    left join newest_bookings
        on candidates.tenant_id = newest_bookings.tenant_id and candidates.booking_id = newest_bookings.booking_id
    left join newest_contacts
        on
            candidates.tenant_id = newest_contacts.tenant_id
            and candidates.subject_contact_id = newest_contacts.contact_id
    asof left join booking_states
        on
            candidates.tenant_id = booking_states.tenant_id
            and candidates.booking_id = booking_states.booking_id
            and candidates.due_at >= booking_states.valid_from
    asof left join contact_states
        on
            candidates.tenant_id = contact_states.tenant_id
            and candidates.subject_contact_id = contact_states.contact_id
            and candidates.due_at >= contact_states.valid_from

)

select * from final
