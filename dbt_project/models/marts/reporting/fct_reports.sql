{{ config(tags=['live'], meta={'live': {'mode': 'replace_all', 'event_types': ['report.']}}) }}

with reports as (

    select * from {{ ref('stg_event_log__reports') }}
    where
        report_id is not null
        and period_kind in ('weekly', 'monthly')
        and period_start_date is not null
        and log_sequence is not null

),

tenants as (

    select * from {{ ref('stg_tenants__tenants') }}

),

final as (

    select
        reports.tenant_id,
        concat_ws('/', reports.tenant_id, reports.report_id) as report_key,
        reports.report_id,
        reports.period_kind,
        reports.period_start_date,
        reports.period_end_date,
        reports.log_sequence,
        reports.models_fingerprint,
        reports.figures,
        reports.files,
        reports.occurred_at as computed_at,
        row_number() over (
            partition by reports.tenant_id, reports.period_kind, reports.period_start_date
            order by reports.log_sequence, reports.sequence
        )::bigint as version_number,
        reports.event_id
    from reports
    inner join tenants on reports.tenant_id = tenants.tenant_id
    -- The same version told again is the same report.
    qualify row_number() over (
        partition by reports.tenant_id, reports.report_id order by reports.sequence
    ) = 1

)

select * from final
