with source as (

    select * from {{ source('raw', 'rejection_counts') }}

),

final as (

    select
        tenant_id,
        source,
        reason,
        rejected_date,
        count_rejections,
        last_rejected_at
    from source

)

select * from final
