with source as (

    select * from {{ source('raw', 'identity_rules') }}

),

final as (

    select
        tenant_id,
        identifier_kind,
        use,
        ignored_values
    from source

)

select * from final
