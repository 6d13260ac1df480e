{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'scratch'}}) }}

with facts as (

    select * from {{ attributed_facts() }}

),

booking_states as (

    select * from {{ rows_of_batch('int_booking_states') }}

),

contact_states as (

    select * from {{ rows_of_batch('int_contact_states') }}

),

payments as (

    select * from {{ rows_of_batch('int_payment_facts') }}

),

rules as (

    select * from {{ ref('stg_tenants__rules') }}

),

-- Several deliveries can tell of one thing; each fact about a booking is one of its own.
things as (

    select
        *,
        concat_ws(
            '|', fact_type, {{ told_thing() }}, case when fact_family = 'booking' then source || source_event_id end
        ) as thing
    from facts

),

-- Whose fact a rule waits for. A rule never waits for what its own commands did.
causes as (

    select
        facts.tenant_id,
        facts.contact_id,
        facts.booking_id,
        facts.payment_id,
        facts.refunded_minor,
        facts.part_id,
        facts.message_id,
        facts.entity_kind,
        facts.entity_id,
        facts.event_id,
        facts.source,
        facts.source_event_id,
        facts.fact_family,
        facts.fact_type,
        facts.fact_order,
        facts.occurred_at,
        facts.thing,
        {{ happening_track('facts.') }} as track,
        {{ fact_fields('facts') }} as fact,
        rules.rule_id,
        rules.rule_version,
        rules.anchor,
        rules.due_offset,
        rules.once_per,
        rules.message_class,
        rules.booking_is,
        rules.unless_happened,
        rules.undone_by,
        rules.conditions,
        rules.holdout_percent,
        rules.is_shadow
    from things as facts
    inner join rules on facts.tenant_id = rules.tenant_id and list_contains(rules.facts, facts.fact_type)
    where
        not starts_with(coalesce(facts.command_key, ''), concat(facts.tenant_id, '/', rules.rule_id, '/'))
        and not {{ is_keyword_reply('facts.') }}

),

placed as (

    select
        causes.*,
        booking_states.starts_at as known_starts_at,
        booking_states.reminded_from,
        booking_states.is_all_day,
        booking_states.status as known_status,
        booking_states.guest_name as known_guest_name,
        booking_states.count_reschedules,
        coalesce(booking_states.contact_id, causes.contact_id) as subject_contact_id,
        causes.occurred_at as known_at
    from causes
    asof left join booking_states
        on
            causes.tenant_id = booking_states.tenant_id
            and causes.booking_id = booking_states.booking_id
            and causes.occurred_at >= booking_states.valid_from

),

-- What counts from the start counts from the one that is told later, too, where no fact calls that a move: a time that
-- is added to a day, a start that was not known.
placed_anew as (

    select
        placed.* replace (
            booking_states.starts_at as known_starts_at,
            booking_states.reminded_from as reminded_from,
            booking_states.is_all_day as is_all_day,
            booking_states.valid_from as known_at
        )
    from placed
    inner join booking_states
        on
            placed.tenant_id = booking_states.tenant_id
            and placed.booking_id = booking_states.booking_id
            and placed.occurred_at < booking_states.valid_from
            and placed.count_reschedules = booking_states.count_reschedules
            and placed.known_starts_at is distinct from booking_states.starts_at
    where placed.anchor = 'booking_start'
    qualify row_number() over (
        partition by placed.tenant_id, placed.rule_id, placed.event_id, placed.booking_id, booking_states.starts_at
        order by booking_states.valid_from
    ) = 1

),

starts as (

    select * from placed
    union all
    select * from placed_anew

),

-- The moment is counted from the fact, or from the start of the booking.
dated as (

    select
        *,
        case anchor
            when 'booking_start' then reminded_from
            else occurred_at
        end + due_offset as due_at
    from starts
    -- "Two hours before" means nothing for a day.
    where
        anchor <> 'booking_start'
        or not coalesce(is_all_day, false)
        or abs(epoch(due_offset)) >= 86400

),

-- Several facts can tell of one thing; what a command is about tells them apart, never who delivered them or when.
subjects as (

    select
        *,
        case
            when rule_id = 'manual' then entity_id
            when once_per = 'contact' then 'contact:' || subject_contact_id
            when once_per = 'guest'
                then concat('guest:', subject_contact_id, ':', left(md5(lower(coalesce(known_guest_name, ''))), 12))
            when once_per = 'booking' then 'booking:' || booking_id
            when once_per = 'entity' then entity_kind || ':' || entity_id
            when anchor = 'booking_start' then concat('booking:', booking_id, '@', {{ iso_instant('known_starts_at') }})
            when fact_family = 'booking'
                then concat('booking:', booking_id, '@', fact_type, '@', {{ iso_instant('known_starts_at') }})
            when fact_family = 'payment'
                then concat(
                    'payment:', payment_id, '@', fact_type, '@', coalesce(part_id, refunded_minor::varchar)
                )
            when fact_family = 'message' then concat('message:', message_id, '@', fact_type)
            else concat(fact_type, ':', source, ':', source_event_id)
        end as subject
    from dated
    where due_at >= known_at

),

candidates as (

    select
        * replace ({{ bounded_id('subject') }} as subject),
        concat_ws('|', tenant_id, rule_id, subject, due_at) as candidate_key
    from subjects
    where subject is not null
    qualify row_number() over (partition by tenant_id, rule_id, subject, due_at order by fact_order) = 1

),

-- What a person of the business asked to send and could not be sent.
failed_requests as (

    select
        tenant_id,
        split_part(command_key, '/', 4) as request_id,
        arg_max(fact_type, fact_order) in ('message.failed', 'message.suppressed') as is_failed
    from things
    where command_key is not null and split_part(command_key, '/', 2) = 'manual' and starts_with(fact_type, 'message.')
    group by tenant_id, request_id

),

messages as (

    select
        *,
        min(occurred_at) over of_entity as first_told_at,
        bool_or(coalesce(split_part(command_key, '/', 2) <> 'manual', false)) over of_entity as is_of_a_rule,
        arg_max(message_status, fact_order) filter (
            where message_status in ('delivered', 'undelivered', 'failed', 'read')
        ) over of_entity as arrival
    from things
    window of_entity as (partition by tenant_id, fact_family, entity_id)

),

-- A text that a person of the business wrote is an answer as much as the customer's own: nobody waits any longer. It
-- is one from when it was first told of, whenever its receipts come; one that did not arrive is none, as in
-- rpt_speed_to_lead.
told as (

    select
        messages.*,
        (messages.fact_type = 'message.requested' and not coalesce(failed_requests.is_failed, false))
        or (
            messages.fact_family = 'message'
            and messages.direction = 'outbound'
            and messages.occurred_at = messages.first_told_at
            and not messages.is_of_a_rule
            and not coalesce(
                messages.arrival = 'failed'
                or (messages.arrival = 'undelivered' and messages.channel is distinct from 'call'),
                false
            )
        ) as is_answer,
        -- What the payment is with this fact: received while any of it is left. A fact that the payments leave out,
        -- such as a refund in another currency, says nothing of it.
        case
            when messages.fact_family <> 'payment' or messages.payment_change = 'failed' then messages.fact_type
            when payments.net_so_far > 0 then 'payment.succeeded'
            when payments.received_so_far > 0 then 'payment.refunded'
            when payments.event_id is not null then messages.fact_type
        end as track_type,
        case
            when messages.part_status in ('won', 'warning_closed', 'prevented') then 'dispute.won'
            when messages.part_status = 'lost' then 'dispute.lost'
            else messages.fact_type
        end as dispute_type
    from messages
    left join failed_requests
        on
            messages.fact_type = 'message.requested'
            and messages.tenant_id = failed_requests.tenant_id
            and messages.entity_id = failed_requests.request_id
    left join payments
        on
            messages.fact_family = 'payment'
            and messages.tenant_id = payments.tenant_id
            and messages.event_id = payments.event_id

),

happenings as (

    select
        tenant_id,
        fact_type,
        fact_order,
        occurred_at,
        source_event_id,
        event_id,
        thing,
        unnest([
            { 'fact_type': fact_type, 'scope': 'contact', 'value': contact_id },
            { 'fact_type': fact_type, 'scope': 'booking', 'value': booking_id },
            { 'fact_type': fact_type, 'scope': 'entity', 'value': entity_kind || ':' || entity_id },
            { 'fact_type': track_type, 'scope': 'track', 'value': {{ happening_track() }} },
            {
                'fact_type': dispute_type,
                'scope': 'dispute',
                'value': case when payment_change = 'disputed' then concat_ws('/', payment_id, part_id) end
            },
            {
                'fact_type': 'message.received',
                'scope': 'contact',
                'value': case when is_answer and fact_type <> 'message.received' then contact_id end
            }
        ]) as about
    from told

),

-- What the rule says cancels it, and what takes back or overtakes the fact itself, whatever the rule says.
awaited as (

    select
        candidate_key,
        tenant_id,
        fact_type,
        fact_order,
        occurred_at,
        due_at,
        contact_id,
        booking_id,
        track,
        concat_ws('/', payment_id, part_id) as dispute,
        thing,
        entity_kind || ':' || entity_id as entity,
        unnest(
            list_transform(
                unless_happened,
                lambda u: { 'fact_type': u['fact_type'], 'scope': u['scope'], 'undoes': false }
            )
            || list_transform(
                list_filter(undone_by, lambda u: u['cause'] = fact_type),
                lambda u: { 'fact_type': u['fact_type'], 'scope': {{ undone_scope() }}, 'undoes': true }
            )
            || if(
                fact_type = 'stage.changed',
                [],
                [{ 'fact_type': fact_type, 'scope': {{ undone_scope() }}, 'undoes': false }]
            )
        ) as unless
    from candidates
    where len(unless_happened) + len(undone_by) > 0

),

awaited_about as (

    select
        *,
        {
            'fact_type': unless['fact_type'],
            'scope': unless['scope'],
            'value': case unless['scope']
                when 'contact' then contact_id
                when 'booking' then booking_id
                when 'track' then track
                when 'dispute' then dispute
                else entity
            end
        } as about
    from awaited

),

-- After the cause: what came at the same instant is no answer to it, nor is what tells of it once more. A fact that
-- tells once more of a payment that is given back by then takes itself back.
after_the_cause as (

    select
        awaited_about.candidate_key,
        awaited_about.due_at,
        awaited_about.unless['scope'] in ('track', 'dispute') as is_of_track,
        happenings.fact_order,
        {
            'at': happenings.occurred_at,
            'fact_type': happenings.fact_type,
            'source_event_id': happenings.source_event_id,
            'event_id': happenings.event_id,
            'undoes': awaited_about.unless['undoes']
        } as happening
    from awaited_about
    inner join happenings
        on
            awaited_about.tenant_id = happenings.tenant_id
            and awaited_about.about = happenings.about
            and awaited_about.occurred_at <= happenings.occurred_at
    where
        case
            when awaited_about.unless['scope'] in ('track', 'dispute')
                then
                    happenings.fact_order > awaited_about.fact_order
                    or (
                        happenings.fact_order = awaited_about.fact_order
                        and awaited_about.unless['fact_type'] <> awaited_about.fact_type
                    )
            else happenings.occurred_at > awaited_about.occurred_at and happenings.thing <> awaited_about.thing
        end

),

-- Of what takes the cause back the newest counts.
prevented as (

    select
        candidate_key,
        min(happening) filter (where not is_of_track) as prevention,
        arg_max(happening, fact_order) filter (where is_of_track) as newest,
        arg_max(happening, fact_order) filter (where is_of_track and happening['at'] <= due_at) as newest_when_due
    from after_the_cause
    group by candidate_key

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
        candidates.rule_version,
        candidates.subject,
        candidates.anchor,
        candidates.due_offset,
        candidates.once_per,
        candidates.message_class,
        candidates.booking_is,
        candidates.conditions,
        candidates.holdout_percent,
        candidates.is_shadow,
        candidates.subject_contact_id as contact_id,
        candidates.known_starts_at,
        candidates.known_status,
        candidates.event_id,
        candidates.fact_type,
        candidates.fact_order,
        candidates.due_at,
        prevented.prevention,
        case when prevented.newest['undoes'] then prevented.newest end as undoing,
        case when prevented.newest_when_due['undoes'] then prevented.newest_when_due end as undoing_when_due,
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
    left join prevented on candidates.candidate_key = prevented.candidate_key
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
