{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['tenant.']}}) }}

with stages as (

    select * from {{ ref('stg_tenants__stages') }}

),

final as (

    select
        tenant_id,
        concat_ws('/', tenant_id, pipeline, stage) as stage_key,
        pipeline,
        pipeline_name,
        pipeline_of,
        stage,
        stage_name,
        stage_position,
        is_won,
        is_lost,
        next_action
    from stages

)

select * from final
