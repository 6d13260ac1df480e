with source as (

    select * from {{ source('raw', 'tenants') }}

),

final as (

    select
        tenant_id,
        name,
        industry,
        zone,
        currency,
        country,
        calling_code,
        trunk_prefix
    from source

)

select * from final
