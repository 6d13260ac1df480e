with stages as (

    select * from {{ ref('dim_stages') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

visits as (

    select
        visits.*,
        tenants.zone,
        (visits.entered_at at time zone tenants.zone)::date as entered_date
    from {{ ref('rpt_stage_visits') }} as visits
    inner join tenants on visits.tenant_id = tenants.tenant_id

),

placed as (

    {{ placed_in_periods('visits', 'visits.entered_date') }}

),

-- Who comes by twice in a period has come once; what came of it is counted from the first visit of the period.
-- What came of it later than in the period is not of the period, so that a period that is over stays as it is.
first_visits as (

    select
        *,
        timezone(zone, {{ period_end('period_kind', 'period_start_date') }}::timestamp) as period_ends_at
    from placed
    qualify row_number() over (
        partition by tenant_id, subject, subject_id, track, pipeline, stage, period_kind, period_start_date
        order by move_number
    ) = 1

),

final as (

    select
        first_visits.tenant_id,
        first_visits.period_kind,
        first_visits.period_start_date,
        first_visits.pipeline,
        stages.pipeline_name,
        first_visits.stage,
        stages.stage_name,
        stages.stage_position,
        count(*) as count_entered,
        count(*) filter (where first_visits.gone_on_at < first_visits.period_ends_at) as count_went_on,
        count(*) filter (where first_visits.won_at < first_visits.period_ends_at) as count_won,
        count(*) filter (
            where
            first_visits.lost_at < first_visits.period_ends_at
            and coalesce(first_visits.won_at >= first_visits.period_ends_at, true)
        ) as count_lost
    from first_visits
    inner join stages
        on
            first_visits.tenant_id = stages.tenant_id
            and first_visits.pipeline = stages.pipeline
            and first_visits.stage = stages.stage
    group by all

)

select * from final
