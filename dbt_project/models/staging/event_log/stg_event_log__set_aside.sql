with source as (

    select * from {{ source('raw', 'set_aside') }}

),

final as (

    select
        nullif(tenant_id, '') as tenant_id,
        kind,
        subject,
        step,
        reason,
        count_times,
        set_aside_at,
        last_seen_at,
        let_in_at
    from source

)

select * from final
