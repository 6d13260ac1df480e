"""What the Reports page asks of the published file: the archive, the figures then and now, and what came late."""

from __future__ import annotations

from datetime import date

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile


def fetch_reports(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return every version of every report, the newest period and version first."""
    sql = """
    SELECT report_id, period_kind, period_start_date, period_end_date, log_sequence, computed_at, version_number
    FROM marts.fct_reports
    WHERE tenant_id = $tenant_id
    ORDER BY period_start_date DESC, period_kind, version_number DESC
    """
    return file.fetch(sql, tenant_id=tenant_id)


def fetch_figures(file: AnalyticsFile, *, tenant_id: str, report_id: str, first: date, end: date) -> pd.DataFrame:
    """Return a report's figures as they were then, beside those of now: metric_name, unit, currency, then, now.

    A figure that has no row now is of a period or currency in which nothing is known to have happened; what stands
    when a period ends is counted for its end, whether or not anything happened in it.
    """
    sql = """
    WITH told AS (
        SELECT period_kind, period_start_date, unnest(from_json(figures, '[{
            "metric": "VARCHAR", "currency": "VARCHAR", "value": "BIGINT", "previous": "BIGINT"
        }]')) AS figure
        FROM marts.fct_reports
        WHERE tenant_id = $tenant_id AND report_id = $report_id
    ),
    levels AS (
        SELECT m.metric, NULL::VARCHAR AS currency, coalesce(l.value, 0) AS value
        FROM marts.dim_metrics AS m
        LEFT JOIN reports.levels_at($tenant_id, $end, $levels) AS l ON l.metric = m.metric
        WHERE m.aggregation = 'level'
    ),
    known AS (
        SELECT f.metric, f.currency, f.value
        FROM reports.period_figures($tenant_id, $first, $end) AS f
        WHERE (f.period_kind, f.period_start_date) IN (SELECT (period_kind, period_start_date) FROM told)
        UNION ALL
        SELECT metric, currency, value
        FROM levels
    )
    SELECT m.metric_name, m.unit, m.is_higher_better, coalesce(told.figure.currency, known.currency) AS currency,
        told.figure.value AS value_then, told.figure.previous AS value_before,
        coalesce(known.value, if(m.aggregation IN ('ratio', 'median', 'sum_told'), NULL, 0)) AS value_now
    FROM told
    FULL JOIN known
        ON told.figure.metric = known.metric AND told.figure.currency IS NOT DISTINCT FROM known.currency
    INNER JOIN marts.dim_metrics AS m ON m.metric = coalesce(told.figure.metric, known.metric)
    ORDER BY m.metric_order, currency
    """
    levels = list(file.fetch_once("SELECT metric FROM marts.dim_metrics WHERE aggregation = 'level'")["metric"])
    return file.fetch_once(sql, tenant_id=tenant_id, report_id=report_id, first=first, end=end, levels=levels)


def fetch_revenue_by_staff(file: AnalyticsFile, *, tenant_id: str, period_kind: str, first: date) -> pd.DataFrame:
    """Return what each person received in a period, as is known now: name, currency, the amounts, taxes as JSON."""
    sql = """
    SELECT staff_name AS name, currency, received_minor, returned_minor, tax_minor, before_tax_minor, taxes
    FROM reports.rpt_revenue_by_staff
    WHERE tenant_id = $tenant_id AND period_kind = $period_kind AND period_start_date = $first
    ORDER BY received_minor DESC, staff_name, currency
    """
    return file.fetch(sql, tenant_id=tenant_id, period_kind=period_kind, first=first)


def fetch_revenue_by_service(file: AnalyticsFile, *, tenant_id: str, period_kind: str, first: date) -> pd.DataFrame:
    """Return what each service brought in a period, as is known now, in the columns of fetch_revenue_by_staff."""
    sql = """
    SELECT service_name AS name, currency, received_minor, returned_minor, tax_minor, before_tax_minor, taxes
    FROM reports.rpt_revenue_by_service
    WHERE tenant_id = $tenant_id AND period_kind = $period_kind AND period_start_date = $first
    ORDER BY received_minor DESC, service_name, currency
    """
    return file.fetch(sql, tenant_id=tenant_id, period_kind=period_kind, first=first)


def fetch_stages(file: AnalyticsFile, *, tenant_id: str, period_kind: str, first: date) -> pd.DataFrame:
    """Return the stages that anybody came into in a period, as is known now: names, entered, went_on, won, lost."""
    sql = """
    SELECT pipeline, pipeline_name, stage, stage_name, count_entered AS entered, count_went_on AS went_on,
        count_won AS won, count_lost AS lost
    FROM reports.rpt_period_stages
    WHERE tenant_id = $tenant_id AND period_kind = $period_kind AND period_start_date = $first
    ORDER BY stage_position
    """
    return file.fetch(sql, tenant_id=tenant_id, period_kind=period_kind, first=first)


def fetch_credits(
    file: AnalyticsFile, *, tenant_id: str, model: str, lookback_days: int | None, zone: str, first: date, end: date
) -> pd.DataFrame:
    """Return what channels get of the conversions of a period, as is known now: channel, conversions, revenue_minor.

    Conversions are rounded as reports round them, to three decimals.
    """
    sql = """
    SELECT channel, round(sum(credit::DECIMAL(18, 9)), 3)::DOUBLE AS conversions,
        sum(revenue_minor)::BIGINT AS revenue_minor
    FROM marts.fct_attribution_credits
    WHERE tenant_id = $tenant_id AND model = $model AND lookback_days IS NOT DISTINCT FROM $lookback_days
        AND converted_at >= $first::TIMESTAMP AT TIME ZONE $zone AND converted_at < $end::TIMESTAMP AT TIME ZONE $zone
    GROUP BY channel
    ORDER BY sum(revenue_minor) DESC, sum(credit::DECIMAL(18, 9)) DESC, channel
    """
    return file.fetch(
        sql, tenant_id=tenant_id, model=model, lookback_days=lookback_days, zone=zone, first=first, end=end
    )


def fetch_late_events(
    file: AnalyticsFile, *, tenant_id: str, log_sequence: int, zone: str, first: date, end: date, limit: int
) -> pd.DataFrame:
    """Return what happened on the days from `first` until before `end` and was heard of after a log sequence."""
    sql = """
    SELECT t.title, t.type, t.occurred_at, t.received_at, t.contact_id, c.display_name
    FROM marts.fct_timeline AS t
    LEFT JOIN marts.dim_contacts AS c ON c.tenant_id = t.tenant_id AND c.contact_id = t.contact_id
    WHERE t.tenant_id = $tenant_id AND t.first_sequence > $log_sequence
        AND t.occurred_at >= $first::TIMESTAMP AT TIME ZONE $zone
        AND t.occurred_at < $end::TIMESTAMP AT TIME ZONE $zone
    ORDER BY t.first_sequence, t.timeline_key
    LIMIT $limit
    """
    return file.fetch(
        sql, tenant_id=tenant_id, log_sequence=log_sequence, zone=zone, first=first, end=end, limit=limit
    )
