{{ config(materialized='view') }}

with history as (

    select * from {{ ref('fct_stage_history') }}
    where left_at is null

),

stages as (

    select * from {{ ref('dim_stages') }}

),

final as (

    select
        history.tenant_id,
        history.stage_change_key,
        history.subject,
        history.subject_id,
        history.track,
        history.contact_id,
        history.booking_id,
        history.pipeline,
        coalesce(stages.pipeline_name, history.pipeline) as pipeline_name,
        history.stage,
        coalesce(stages.stage_name, history.stage) as stage_name,
        history.stage_position,
        coalesce(stages.is_won, false) as is_won,
        coalesce(stages.is_lost, false) as is_lost,
        stages.next_action,
        history.entered_at,
        history.from_pipeline,
        history.from_stage,
        history.cause_type,
        history.cause_event_id
    from history
    left join stages
        on
            history.tenant_id = stages.tenant_id
            and history.pipeline = stages.pipeline
            and history.stage = stages.stage

)

select * from final
