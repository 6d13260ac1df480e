{{ config(
    tags=['live'],
    meta={'live': {'mode': 'replace', 'column': 'contact_id', 'scope': 'scope_contacts'}},
    indexes=[{'columns': ['contact_id']}]
) }}

with facts as (

    select
        tenant_id,
        contact_id,
        booking_id,
        fact_type,
        source,
        source_event_id,
        event_id,
        sequence,
        occurred_at,
        received_at,
        fact_order,
        attributes,
        -- A booking can be confirmed, cancelled and confirmed again for the same time: each of its facts is a thing.
        md5({{ told_happening() }}) as thing_key
    from {{ ref('int_facts_attributed') }}
    where not {{ is_keyword_reply() }}

),

-- From when until when each booking was still to come.
coming_bookings as (

    select
        tenant_id,
        contact_id,
        booking_id,
        valid_from,
        coalesce(least(valid_until, upcoming_until), 'infinity') as valid_until
    from {{ ref('int_booking_states') }}
    where status in ('pending', 'confirmed')

),

stages as (

    select * from {{ ref('stg_tenants__stages') }}

),

entries as (

    select
        * exclude (entered_on),
        unnest(entered_on) as entry
    from stages

),

-- Facts that the tenant's file lets enter a stage.
entered as (

    select
        facts.* exclude (facts.attributes)
        replace (coalesce(facts.booking_id, (facts.attributes ->> '$.booking_id')) as booking_id),
        entries.pipeline_of,
        entries.pipeline,
        entries.stage,
        entries.stage_position,
        entries.entry['only_from'] as only_from
    from facts
    inner join entries
        on
            facts.tenant_id = entries.tenant_id
            and facts.fact_type = entries.entry['fact_type']
            and (entries.entry['task_kind'] is null or entries.entry['task_kind'] = (facts.attributes ->> '$.kind'))
    -- Who has another appointment to come is not lost by one that is off.
    where
        entries.pipeline_of <> 'contact'
        or facts.fact_type not in ('booking.cancelled', 'booking.declined', 'booking.no_show')
        or not exists (
            select 1 from coming_bookings
            where
                coming_bookings.tenant_id = facts.tenant_id
                and coming_bookings.contact_id = facts.contact_id
                and coming_bookings.booking_id <> facts.booking_id
                and coming_bookings.valid_from <= facts.occurred_at
                and coming_bookings.valid_until > facts.occurred_at
        )

),

-- Facts that say so themselves; the stage need not be in the file any more.
told as (

    select
        facts.* exclude (facts.attributes),
        (facts.attributes ->> '$.by') as changed_by,
        stages.pipeline_of,
        (facts.attributes ->> '$.pipeline') as pipeline,
        (facts.attributes ->> '$.stage') as stage,
        stages.stage_position,
        list_value()::varchar[] as only_from
    from facts
    left join stages
        on
            facts.tenant_id = stages.tenant_id
            and stages.pipeline = (facts.attributes ->> '$.pipeline')
            and stages.stage = (facts.attributes ->> '$.stage')
    where
        facts.fact_type = 'stage.changed'
        and (facts.attributes ->> '$.pipeline') is not null
        and (facts.attributes ->> '$.stage') is not null

),

moves as (

    select * from entered
    where pipeline_of = 'contact' or booking_id is not null
    union all by name
    select * from told

),

placed as (

    select
        *,
        if(booking_id is not null and coalesce(pipeline_of <> 'contact', true), 'booking', 'contact') as subject,
        -- A contact has one place over all pipelines of contacts; anything else one in each pipeline.
        if(pipeline_of = 'contact', '', pipeline) as track
    from moves

),

-- A delivery can name one thing in several lines.
numbered as (

    select
        * exclude (fact_order),
        if(subject = 'booking', booking_id, contact_id) as subject_id,
        row_number() over (
            partition by tenant_id, subject, if(subject = 'booking', booking_id, contact_id), track
            order by fact_order, source, thing_key, stage_position, stage
        ) as move_number
    from placed
    qualify row_number() over (
        partition by
            tenant_id, subject, if(subject = 'booking', booking_id, contact_id), track, source, source_event_id,
            thing_key, pipeline, stage
        order by fact_order
    ) = 1

),

folded as (

    {{ stage_fold('numbered') }}

),

judged as (

    select
        numbered.*,
        coalesce(list_contains(folded.taken, numbered.move_number), false) as is_taken
    from numbered
    inner join folded
        on
            numbered.tenant_id = folded.tenant_id
            and numbered.subject = folded.subject
            and numbered.subject_id = folded.subject_id
            and numbered.track = folded.track

),

followed as (

    select
        *,
        if(is_taken, lag(pipeline) over taken, null) as from_pipeline,
        if(is_taken, lag(stage) over taken, null) as from_stage,
        if(is_taken, coalesce(stage_position < lag(stage_position) over taken, false), null) as is_backwards,
        if(is_taken, lead(occurred_at) over taken, null) as left_at
    from judged
    window taken as (
        partition by tenant_id, subject, subject_id, track, is_taken order by move_number
    )

),

final as (

    select
        tenant_id,
        {{ hash_key(
            ['tenant_id', 'subject', 'subject_id', 'track', 'source', 'source_event_id', 'thing_key', 'pipeline', 'stage']
        ) }} as stage_change_key,
        subject,
        subject_id,
        track,
        contact_id,
        booking_id,
        pipeline,
        stage,
        stage_position,
        only_from,
        move_number,
        is_taken,
        from_pipeline,
        from_stage,
        is_backwards,
        occurred_at,
        left_at,
        fact_type as cause_type,
        event_id as cause_event_id,
        changed_by,
        thing_key,
        received_at,
        sequence
    from followed

)

select * from final
