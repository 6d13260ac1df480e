with source as (

    select * from {{ source('raw', 'tenant_sources') }}

),

final as (

    select
        tenant_id,
        source
    from source

)

select * from final
