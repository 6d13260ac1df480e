with stages as (

    select * from {{ ref('dim_stages') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

visits as (

    select
        history.tenant_id,
        history.subject,
        history.subject_id,
        history.track,
        history.pipeline,
        history.stage,
        history.move_number,
        stages.stage_position,
        stages.is_won,
        stages.is_lost,
        (history.entered_at at time zone tenants.zone)::date as entered_date
    from {{ ref('fct_stage_history') }} as history
    inner join tenants on history.tenant_id = tenants.tenant_id
    inner join stages
        on
            history.tenant_id = stages.tenant_id
            and history.pipeline = stages.pipeline
            and history.stage = stages.stage

),

placed as (

    {{ placed_in_periods('visits', 'visits.entered_date') }}

),

-- Who comes by twice in a period has come once; what came of it is counted from the first visit of the period.
first_visits as (

    select
        *,
        {{ period_end('period_kind', 'period_start_date') }} as period_end_date
    from placed
    qualify row_number() over (
        partition by tenant_id, subject, subject_id, track, pipeline, stage, period_kind, period_start_date
        order by move_number
    ) = 1

),

-- What came of it later than in the period is not of the period, so that a period that is over stays as it is.
followed as (

    select
        first_visits.tenant_id,
        first_visits.period_kind,
        first_visits.period_start_date,
        first_visits.pipeline,
        first_visits.stage,
        first_visits.subject_id,
        first_visits.track,
        bool_or(later.stage_position > first_visits.stage_position) as has_gone_on,
        bool_or(later.is_won) as has_won,
        bool_or(later.is_lost) as has_lost
    from first_visits
    inner join visits as later
        on
            first_visits.tenant_id = later.tenant_id
            and first_visits.subject = later.subject
            and first_visits.subject_id = later.subject_id
            and first_visits.track = later.track
            and first_visits.move_number <= later.move_number
            and first_visits.period_end_date > later.entered_date
    group by all

),

final as (

    select
        followed.tenant_id,
        followed.period_kind,
        followed.period_start_date,
        followed.pipeline,
        stages.pipeline_name,
        followed.stage,
        stages.stage_name,
        stages.stage_position,
        count(*) as count_entered,
        count(*) filter (where followed.has_gone_on) as count_went_on,
        count(*) filter (where followed.has_won) as count_won,
        count(*) filter (where followed.has_lost and not followed.has_won) as count_lost
    from followed
    inner join stages
        on
            followed.tenant_id = stages.tenant_id
            and followed.pipeline = stages.pipeline
            and followed.stage = stages.stage
    group by all

)

select * from final
