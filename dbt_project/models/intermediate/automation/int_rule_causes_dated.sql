{{ config(materialized='view', tags=['live'], meta={'live': {'mode': 'inline'}}) }}

with facts as (

    select * from {{ ref('int_facts_attributed') }}

),

booking_states as (

    select * from {{ ref('int_booking_states') }}

),

-- A row for each fact type that a rule waits for: a join by equality, and not each fact beside each rule. What else a
-- rule says is looked up where it is needed: its conditions in each row are most of what a build has to hold.
rules as (

    select
        tenant_id,
        rule_id,
        anchor,
        due_offset,
        once_per,
        unnest(list_distinct(facts)) as caused_by
    from {{ ref('stg_tenants__rules') }}

),

-- Several deliveries can tell of one thing; each fact about a booking is one of its own.
things as (

    select
        *,
        {{ told_happening() }} as thing
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
        rules.anchor,
        rules.due_offset,
        rules.once_per
    from things as facts
    inner join rules on facts.tenant_id = rules.tenant_id and facts.fact_type = rules.caused_by
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

final as (

    select
        * exclude (anchor, due_offset, once_per)
        replace ({{ bounded_id('subject') }} as subject),
        concat_ws('|', tenant_id, rule_id, subject, due_at) as candidate_key
    from subjects
    where subject is not null
    qualify row_number() over (partition by tenant_id, rule_id, subject, due_at order by fact_order) = 1

)

select * from final
