with source as (

    select * from {{ source('raw', 'pipeline_stages') }}

),

final as (

    select
        tenant_id,
        pipeline,
        pipeline_name,
        pipeline_of,
        stage,
        stage_name,
        stage_position,
        entered_on,
        is_won,
        is_lost,
        next_action
    from source

)

select * from final
