with events as (

    select * from {{ ref('stg_event_log__events') }}
    where type = 'report.computed'

),

parsed as (

    select
        *,
        from_json(
            payload,
            '{
                "report_id": "VARCHAR", "kind": "VARCHAR", "period_start": "VARCHAR", "period_end": "VARCHAR",
                "log_sequence": "VARCHAR", "models_fingerprint": "VARCHAR", "figures": "JSON", "files": "JSON"
            }'
        ) as fact
    from events

),

final as (

    select
        event_id,
        sequence,
        tenant_id,
        occurred_at,
        {{ line_text('fact.report_id') }} as report_id,
        {{ line_text('fact.kind') }} as period_kind,
        try_cast(fact.period_start as date) as period_start_date,
        try_cast(fact.period_end as date) as period_end_date,
        {{ whole_number('fact.log_sequence') }} as log_sequence,
        {{ line_text('fact.models_fingerprint') }} as models_fingerprint,
        fact.figures::varchar as figures,
        fact.files::varchar as files
    from parsed

)

select * from final
