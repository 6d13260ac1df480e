with source as (

    select * from {{ source('raw', 'tenants') }}

),

final as (

    select
        tenant_id,
        name,
        industry,
        zone,
        all_day_time,
        currency,
        country,
        languages,
        cancel_is_stop,
        decimal_mark
    from source

)

select * from final
