{{ config(materialized='view') }}

with moves as (

    select * from {{ ref('fct_stage_moves') }}
    where is_taken

),

final as (

    select
        tenant_id,
        stage_change_key,
        subject,
        subject_id,
        track,
        contact_id,
        booking_id,
        pipeline,
        stage,
        stage_position,
        from_pipeline,
        from_stage,
        is_backwards,
        occurred_at as entered_at,
        left_at,
        cause_type,
        cause_event_id,
        changed_by,
        move_number,
        received_at,
        sequence
    from moves

)

select * from final
