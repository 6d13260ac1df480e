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

rules as (

    select * from {{ ref('stg_tenants__rules') }}

),

-- Whose fact a rule waits for. A rule never waits for what its own commands did.
causes as (

    select
        facts.tenant_id,
        facts.contact_id,
        facts.booking_id,
        facts.payment_id,
        facts.refunded_minor,
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
        {{ fact_fields('facts') }} as fact,
        rules.rule_id,
        rules.rule_version,
        rules.anchor,
        rules.due_offset,
        rules.once_per,
        rules.message_class,
        rules.booking_is,
        rules.unless_happened,
        rules.conditions,
        rules.holdout_percent,
        rules.is_shadow
    from facts
    inner join rules on facts.tenant_id = rules.tenant_id and list_contains(rules.facts, facts.fact_type)
    where not starts_with(coalesce(facts.command_key, ''), concat(facts.tenant_id, '/', rules.rule_id, '/'))

),

-- The moment is counted from the fact, or from the start that the booking had then.
dated as (

    select
        causes.*,
        booking_states.starts_at as known_starts_at,
        coalesce(booking_states.contact_id, causes.contact_id) as subject_contact_id,
        case causes.anchor
            when 'booking_start' then booking_states.starts_at
            else causes.occurred_at
        end + causes.due_offset as due_at
    from causes
    asof left join booking_states
        on
            causes.tenant_id = booking_states.tenant_id
            and causes.booking_id = booking_states.booking_id
            and causes.occurred_at >= booking_states.valid_from

),

-- Several facts can tell of one thing; what a command is about tells them apart, never who delivered them or when.
subjects as (

    select
        *,
        case
            when rule_id = 'manual' then entity_id
            when once_per = 'contact' then 'contact:' || subject_contact_id
            when once_per = 'booking' then 'booking:' || booking_id
            when once_per = 'entity' then entity_kind || ':' || entity_id
            when anchor = 'booking_start' then concat('booking:', booking_id, '@', {{ iso_instant('known_starts_at') }})
            when fact_family = 'booking'
                then concat('booking:', booking_id, '@', fact_type, '@', {{ iso_instant('known_starts_at') }})
            when fact_family = 'payment' then concat('payment:', payment_id, '@', fact_type, '@', refunded_minor)
            when fact_family = 'message' then concat('message:', message_id, '@', fact_type)
            else concat(fact_type, ':', source, ':', source_event_id)
        end as subject
    from dated
    where due_at >= occurred_at

),

candidates as (

    select
        * replace ({{ bounded_id('subject') }} as subject),
        concat_ws('|', tenant_id, rule_id, subject, due_at) as candidate_key
    from subjects
    where subject is not null
    qualify row_number() over (partition by tenant_id, rule_id, subject, due_at order by fact_order) = 1

),

happenings as (

    select
        tenant_id,
        fact_type,
        occurred_at,
        source_event_id,
        event_id,
        unnest([
            { 'scope': 'contact', 'value': contact_id },
            { 'scope': 'booking', 'value': booking_id },
            { 'scope': 'entity', 'value': entity_kind || ':' || entity_id }
        ]) as about
    from facts

),

awaited as (

    select
        candidate_key,
        tenant_id,
        occurred_at,
        due_at,
        contact_id,
        booking_id,
        entity_kind || ':' || entity_id as entity,
        unnest(unless_happened) as unless
    from candidates
    where len(unless_happened) > 0

),

awaited_about as (

    select
        *,
        unless['fact_type'] as fact_type,
        {
            'scope': unless['scope'],
            'value': case unless['scope']
                when 'contact' then contact_id
                when 'booking' then booking_id
                else entity
            end
        } as about
    from awaited

),

-- After the cause: what came at the same instant is no answer to it.
prevented as (

    select
        awaited_about.candidate_key,
        min({
            'at': happenings.occurred_at,
            'fact_type': happenings.fact_type,
            'source_event_id': happenings.source_event_id,
            'event_id': happenings.event_id
        }) as prevention
    from awaited_about
    inner join happenings
        on
            awaited_about.tenant_id = happenings.tenant_id
            and awaited_about.fact_type = happenings.fact_type
            and awaited_about.about = happenings.about
            and awaited_about.occurred_at < happenings.occurred_at
    group by awaited_about.candidate_key

),

-- Contact and booking as they are at the time it is due, as far as is known.
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
        candidates.event_id,
        candidates.fact_type,
        candidates.fact_order,
        candidates.due_at,
        prevented.prevention,
        candidates.occurred_at,
        candidates.fact,
        booking_states.booking_id as known_booking_id,
        booking_states.status as booking_status,
        booking_states.starts_at as booking_starts_at,
        booking_states.newest_status,
        booking_states.newest_starts_at,
        booking_states.fields as booking,
        contact_states.phone as contact_phone,
        contact_states.email as contact_email,
        contact_states.display_name as contact_name,
        contact_states.fields as contact
    from candidates
    left join prevented on candidates.candidate_key = prevented.candidate_key
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
