with source as (

    select * from {{ source('raw', 'quarantined_events') }}

),

final as (

    select
        tenant_id,
        sequence,
        event_id,
        source,
        type,
        error,
        quarantined_at
    from source

)

select * from final
