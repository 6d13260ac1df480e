with source as (

    select * from {{ source('raw', 'senders') }}

),

final as (

    select
        tenant_id,
        channel,
        provider
    from source

)

select * from final
