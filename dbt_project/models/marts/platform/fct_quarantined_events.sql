{{ config(tags=['live'], meta={'live': {'mode': 'replace_all'}}) }}

with quarantined_events as (

    select * from {{ ref('stg_event_log__quarantined_events') }}

),

final as (

    select
        tenant_id,
        event_id,
        sequence,
        source,
        type,
        error,
        quarantined_at
    from quarantined_events

)

select * from final
