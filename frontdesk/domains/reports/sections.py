"""The sections of a report that are no figures: what came of each stage, each channel's credits, who earned what."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import duckdb
import orjson

from frontdesk.domains.reports.asking import rows
from frontdesk.domains.reports.business import ReportingBusiness
from frontdesk.domains.reports.document import ChannelCredit, Credits, RevenuePart, StageCount, Tax
from frontdesk.domains.reports.periods import Period

_STAGES = """
    select
        pipeline, pipeline_name, stage, stage_name, count_entered as entered, count_went_on as went_on,
        count_won as won, count_lost as lost
    from reports.rpt_period_stages
    where tenant_id = $tenant_id and period_kind = $kind and period_start_date = $start
    order by stage_position
"""
# Exact decimals: sums of floating-point numbers depend on their order.
_CREDITS = """
    select
        c.channel, round(sum(c.credit::decimal(18, 9)), 3)::double as conversions,
        sum(c.revenue_minor)::bigint as revenue_minor
    from marts.fct_attribution_credits as c
    where
        c.tenant_id = $tenant_id and c.model = $model and c.lookback_days is not distinct from $lookback_days
        and c.converted_at >= $starts_at and c.converted_at < $ends_at
    group by c.channel
    order by sum(c.revenue_minor) desc, sum(c.credit::decimal(18, 9)) desc, c.channel
"""
_REVENUE = """
    select
        'staff' as dimension, staff_name as dimension_value, currency, received_minor, returned_minor,
        before_tax_minor, taxes
    from reports.rpt_revenue_by_staff
    where tenant_id = $tenant_id and period_kind = $kind and period_start_date = $start
    union all
    select
        'service' as dimension, service_name as dimension_value, currency, received_minor, returned_minor,
        before_tax_minor, taxes
    from reports.rpt_revenue_by_service
    where tenant_id = $tenant_id and period_kind = $kind and period_start_date = $start
    order by dimension desc, received_minor desc, dimension_value, currency
"""


def stage_counts(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period
) -> tuple[StageCount, ...]:
    """Return the stages into which anybody came, in the order of the business's file."""
    asked = {"tenant_id": tenant.slug, "kind": period.kind.value, "start": period.start}
    return tuple(StageCount(**row) for row in rows(connection, _STAGES, asked))


def channel_credits(connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period) -> Credits:
    """Return what channels are credited with, by the business's model and its longest lookback.

    Revenue is what is known of the period's conversions now: a later payment or refund changes it.
    """
    lookbacks = tenant.attribution.lookbacks_days
    lookback_days = None if None in lookbacks else max(days for days in lookbacks if days is not None)
    zone = ZoneInfo(tenant.zone)
    asked = {
        "tenant_id": tenant.slug,
        "model": tenant.reports.attribution_model,
        "lookback_days": lookback_days,
        "starts_at": period.starts_at(zone),
        "ends_at": period.ends_at(zone),
    }
    return Credits(
        model=tenant.reports.attribution_model,
        lookback_days=lookback_days,
        conversion=tenant.attribution.conversion,
        currency=tenant.currency,
        channels=tuple(ChannelCredit(**row) for row in rows(connection, _CREDITS, asked)),
    )


def revenue_parts(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period
) -> tuple[RevenuePart, ...]:
    """Return what each person and service brought, the most first."""
    asked = {"tenant_id": tenant.slug, "kind": period.kind.value, "start": period.start}
    return tuple(
        RevenuePart(taxes=tuple(Tax(**tax) for tax in orjson.loads(row.pop("taxes") or "[]")), **row)
        for row in rows(connection, _REVENUE, asked)
    )
