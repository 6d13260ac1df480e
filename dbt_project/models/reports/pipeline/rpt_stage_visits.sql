with stages as (

    select * from {{ ref('dim_stages') }}

),

visits as (

    select
        history.tenant_id,
        history.stage_change_key,
        history.subject,
        history.subject_id,
        history.track,
        history.pipeline,
        history.stage,
        stages.stage_position,
        stages.is_won,
        stages.is_lost,
        history.move_number,
        history.entered_at,
        history.left_at
    from {{ ref('fct_stage_history') }} as history
    inner join stages
        on
            history.tenant_id = stages.tenant_id
            and history.pipeline = stages.pipeline
            and history.stage = stages.stage

),

-- What came of each visit, whatever way it took; a visit to a stage that is won is won as it begins.
final as (

    select
        visits.*,
        (epoch(visits.left_at) - epoch(visits.entered_at))::bigint as stage_seconds,
        min(later.entered_at) filter (where later.stage_position > visits.stage_position) as gone_on_at,
        min(later.entered_at) filter (where later.is_won) as won_at,
        min(later.entered_at) filter (where later.is_lost) as lost_at
    from visits
    inner join visits as later
        on
            visits.tenant_id = later.tenant_id
            and visits.subject = later.subject
            and visits.subject_id = later.subject_id
            and visits.track = later.track
            and visits.move_number <= later.move_number
    group by all

)

select * from final
