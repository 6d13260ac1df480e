with events as (

    select * from {{ source('raw', 'event_log') }}

),

undone as (

    select * from {{ source('raw', 'undone_events') }}

),

final as (

    select
        event_id,
        sequence,
        tenant_id,
        source,
        source_event_id,
        type,
        subject_id,
        occurred_at,
        received_at,
        correlation_id,
        causation_id,
        schema_version,
        origin,
        content_type,
        headers,
        payload
    from events
    -- The events of an import that was taken back stay in the log and are read no more.
    where sequence not in (select undone.sequence from undone)

)

select * from final
