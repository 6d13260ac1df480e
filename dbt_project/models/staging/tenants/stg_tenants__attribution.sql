with source as (

    select * from {{ source('raw', 'attribution_settings') }}

),

final as (

    select
        tenant_id,
        conversion,
        revenue,
        lookbacks_days,
        half_life_days,
        position_first,
        position_between,
        position_last,
        direct_channels
    from source

)

select * from final
