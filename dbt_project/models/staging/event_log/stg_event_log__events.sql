with events as (

    select * from {{ source('raw', 'event_log') }}

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

)

select * from final
