with stages as (

    select * from {{ ref('dim_stages') }}

),

visits as (

    select * from {{ ref('rpt_stage_visits') }}

),

measured as (

    select
        tenant_id,
        pipeline,
        stage,
        count(*) as count_visits,
        count(*) filter (where left_at is null) as count_current,
        quantile_cont(stage_seconds, 0.5)::bigint as median_stage_seconds,
        quantile_cont(stage_seconds, 0.9)::bigint as p90_stage_seconds
    from visits
    group by tenant_id, pipeline, stage

),

-- A contact that comes by twice has entered once; what came of it is counted from its first visit.
first_visits as (

    select *
    from visits
    qualify row_number() over (
        partition by tenant_id, subject, subject_id, track, pipeline, stage order by move_number
    ) = 1

),

counted as (

    select
        tenant_id,
        pipeline,
        stage,
        count(*) as count_entered,
        count(gone_on_at) as count_went_on,
        count(won_at) as count_won,
        count(lost_at) filter (where won_at is null) as count_lost
    from first_visits
    group by tenant_id, pipeline, stage

),

final as (

    select
        stages.tenant_id,
        stages.pipeline,
        stages.pipeline_name,
        stages.pipeline_of,
        stages.stage,
        stages.stage_name,
        stages.stage_position,
        coalesce(counted.count_entered, 0) as count_entered,
        coalesce(measured.count_visits, 0) as count_visits,
        coalesce(measured.count_current, 0) as count_current,
        coalesce(counted.count_went_on, 0) as count_went_on,
        coalesce(counted.count_won, 0) as count_won,
        coalesce(counted.count_lost, 0) as count_lost,
        counted.count_went_on / counted.count_entered as conversion_rate,
        measured.median_stage_seconds,
        measured.p90_stage_seconds
    from stages
    left join measured
        on
            stages.tenant_id = measured.tenant_id
            and stages.pipeline = measured.pipeline
            and stages.stage = measured.stage
    left join counted
        on
            stages.tenant_id = counted.tenant_id
            and stages.pipeline = counted.pipeline
            and stages.stage = counted.stage

)

select * from final
