with source as (

    select * from {{ source('raw', 'log_position') }}

),

final as (

    select
        log_sequence,
        copied_at,
        postponed
    from source

)

select * from final
