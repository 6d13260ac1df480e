with source as (

    select * from {{ source('raw', 'services') }}

),

final as (

    select
        tenant_id,
        service_key,
        name,
        price_minor,
        currency,
        duration_minutes,
        provider_ids
    from source

)

select * from final
