"""Every question the dashboard asks of the published file about what marketing brought, and what it cost.

As in queries.py: every function needs the tenant it is about; amounts are whole minor units of the
business's currency.
"""

from __future__ import annotations

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile


def fetch_settings(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return the business's one row of dim_attribution_settings, or none."""
    sql = """
    SELECT conversion, revenue, currency, half_life_days, position_first, position_between,
        position_last
    FROM marts.dim_attribution_settings
    WHERE tenant_id = $tenant_id
    """
    return file.fetch(sql, tenant_id=tenant_id)


def fetch_lookbacks(file: AnalyticsFile, *, tenant_id: str) -> list[int | None]:
    """Return the business's lookbacks in days, in the order of its file; None is without a limit."""
    sql = """
    SELECT unnest(lookbacks_days) AS lookback_days
    FROM marts.dim_attribution_settings
    WHERE tenant_id = $tenant_id
    """
    frame = file.fetch(sql, tenant_id=tenant_id)
    return [None if days is None else int(days) for days in frame["lookback_days"]]


def fetch_totals(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return one row, what credits have to add up to: count_conversions, revenue_minor."""
    sql = """
    SELECT count(*) AS count_conversions, coalesce(sum(revenue_minor), 0)::BIGINT AS revenue_minor
    FROM marts.fct_conversions
    WHERE tenant_id = $tenant_id
    """
    return file.fetch(sql, tenant_id=tenant_id)


def fetch_attribution(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return a row per model, lookback (lookback_days, None: all) and channel, as in rpt_channel_attribution."""
    sql = """
    SELECT model, lookback_days, channel, conversions, share, revenue_minor, conversion_rank, rank_change_to_last,
        spend_minor, cost_per_conversion_minor, return_on_spend, currency
    FROM reports.rpt_channel_attribution
    WHERE tenant_id = $tenant_id
    ORDER BY model, lookback_days NULLS LAST, conversion_rank, channel
    """
    return file.fetch_once(sql, tenant_id=tenant_id)


def fetch_modelled(file: AnalyticsFile, *, tenant_id: str) -> pd.DataFrame:
    """Return one row: what Markov and Shapley know. Both None if they were not computed yet.

    Columns: sequence, the newest event of the log; known_at, when the business's newest of those up to it came in.
    """
    sql = """
    WITH modelled AS (
        SELECT min(computed_at_sequence) AS sequence
        FROM marts.fct_channel_credits_modelled
        WHERE tenant_id = $tenant_id
    )
    SELECT sequence, (
        SELECT max(received_at)
        FROM marts.fct_timeline
        WHERE tenant_id = $tenant_id AND first_sequence <= sequence
    ) AS known_at
    FROM modelled
    """
    return file.fetch_once(sql, tenant_id=tenant_id)


def fetch_costs(file: AnalyticsFile, *, tenant_id: str, count_months: int) -> pd.DataFrame:
    """Return a row per channel over the last calendar months, this one included: spend_minor, told_again_minor,
    count_leads, count_bookings, cost_per_lead_minor, cost_per_booking_minor, currency; the dearest first.
    """
    sql = """
    SELECT channel, sum(spend_minor)::BIGINT AS spend_minor, sum(told_again_minor)::BIGINT AS told_again_minor,
        sum(count_leads)::BIGINT AS count_leads,
        sum(count_bookings)::BIGINT AS count_bookings,
        if(sum(count_leads) > 0, round(sum(spend_minor) / sum(count_leads))::BIGINT, NULL) AS cost_per_lead_minor,
        if(sum(count_bookings) > 0, round(sum(spend_minor) / sum(count_bookings))::BIGINT, NULL)
            AS cost_per_booking_minor,
        cost.currency
    FROM reports.rpt_channel_costs AS cost
    INNER JOIN marts.dim_tenants AS tenant USING (tenant_id)
    WHERE tenant_id = $tenant_id
        AND cost_month > date_trunc('month', now() AT TIME ZONE tenant.zone) - to_months($count_months)
    GROUP BY channel, cost.currency
    ORDER BY sum(spend_minor) DESC, sum(count_bookings) DESC, channel
    """
    return file.fetch(sql, tenant_id=tenant_id, count_months=count_months)


def fetch_payback(file: AnalyticsFile, *, tenant_id: str, count_cohorts: int) -> pd.DataFrame:
    """Return a row per month of acquisition and months since, of the newest cohorts, as in rpt_payback."""
    sql = """
    SELECT acquisition_month, months_since, count_contacts, spend_minor, revenue_so_far_minor, is_paid_back,
        payback_months, currency
    FROM reports.rpt_payback
    WHERE tenant_id = $tenant_id
    QUALIFY dense_rank() OVER (ORDER BY acquisition_month DESC) <= $count_cohorts
    ORDER BY acquisition_month, months_since
    """
    return file.fetch_once(sql, tenant_id=tenant_id, count_cohorts=count_cohorts)
