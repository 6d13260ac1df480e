"""Computes a report from a database with the published relations; reads only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import orjson

from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.set_aside import reason_of
from frontdesk.domains.reports.document import (
    ChannelCredit,
    Credits,
    Figure,
    Point,
    Report,
    RevenuePart,
    Share,
    StageCount,
    Tax,
)
from frontdesk.domains.reports.periods import Period
from frontdesk.domains.reports.settings import ReportingBusiness

_logger = logging.getLogger(__name__)
_Section = TypeVar("_Section")

#: Periods that charts go back, this one included.
HISTORY_LENGTH = 8
_CHARTED = ("bookings_created", "leads_new", "revenue_received")

_FIGURES = """
    select metric, currency, value
    from reports.period_figures($tenant_id, $start, $end)
    where period_kind = $kind and period_start_date = $start
"""
# What stands when a period ends is counted here, since a period in which nothing happened has no figures.
_LEVELS = """
    select metric, null as currency, value
    from reports.levels_at($tenant_id, $end, $levels)
"""
_METRICS = """
    select metric, metric_name, unit, is_by_currency, is_higher_better, aggregation
    from marts.dim_metrics
    order by metric_order
"""
_SHARES = """
    select s.metric, m.metric_name, s.unit, s.currency, s.dimension, s.dimension_value, s.value
    from reports.rpt_period_breakdown as s
    inner join marts.dim_metrics as m on s.metric = m.metric
    where s.tenant_id = $tenant_id and s.period_kind = $kind and s.period_start_date = $start
    order by s.dimension, m.metric_order, s.currency, s.value desc, s.dimension_value
"""
_HISTORY = """
    select metric, currency, period_start_date, value
    from reports.period_figures($tenant_id, $first, $end)
    where
        period_kind = $kind and period_start_date between $first and $start
        and metric in $metrics and (currency is null or currency = $currency)
"""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a report was computed from, and when (UTC)."""

    log_sequence: int
    models_fingerprint: str
    generated_at: datetime


def compute_report(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period, *, provenance: Provenance
) -> Report:
    """Return the report of a period; a period in which nothing happened has figures of 0."""
    zone = ZoneInfo(tenant.zone)
    sections = _Sections()
    no_shares: tuple[Share, ...] = ()
    no_history: tuple[Point, ...] = ()
    no_stages: tuple[StageCount, ...] = ()
    no_revenue: tuple[RevenuePart, ...] = ()
    return Report(
        tenant_id=tenant.slug,
        business=tenant.name,
        zone=tenant.zone,
        currency=tenant.currency,
        kind=period.kind,
        period_start=period.start,
        period_end=period.end,
        starts_at=period.starts_at(zone),
        ends_at=period.ends_at(zone),
        log_sequence=provenance.log_sequence,
        models_fingerprint=provenance.models_fingerprint,
        generated_at=provenance.generated_at.astimezone(UTC),
        figures=_figures(connection, tenant, period),
        shares=sections.compute("shares", lambda: _shares(connection, tenant, period), otherwise=no_shares),
        history=sections.compute("history", lambda: _history(connection, tenant, period), otherwise=no_history),
        stages=sections.compute("stages", lambda: _stage_counts(connection, tenant, period), otherwise=no_stages),
        credits=sections.compute("credits", lambda: _channel_credits(connection, tenant, period), otherwise=None),
        revenue=sections.compute("revenue", lambda: _revenue_parts(connection, tenant, period), otherwise=no_revenue),
        left_out=tuple(sections.failures),  # the last: the others are computed by now
    )


class _Sections:
    """Computes the sections that are no figures one by one; one that can't be computed is left out, and said so."""

    def __init__(self) -> None:
        self.failures: dict[str, str] = {}  #: why, by section

    def compute(self, name: str, make: Callable[[], _Section], *, otherwise: _Section) -> _Section:
        """Return a section, or what stands in its place."""
        try:
            return make()
        except Exception as error:
            if is_of_machine(error):
                raise
            self.failures[name] = reason_of(error)
            _logger.exception("a section of a report can't be computed", extra={"section": name})
            return otherwise


def _figures(connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period) -> tuple[Figure, ...]:
    metrics = _rows(connection, _METRICS, {})
    levels = [metric["metric"] for metric in metrics if metric["aggregation"] == "level"]
    values = _values(connection, tenant, period, levels=levels)
    previous = _values(connection, tenant, period.previous, levels=levels)
    return tuple(
        Figure(
            metric=metric["metric"],
            name=metric["metric_name"],
            unit=metric["unit"],
            currency=currency,
            is_higher_better=metric["is_higher_better"],
            value=_value(values, metric, currency),
            previous=_value(previous, metric, currency),
        )
        for metric in metrics
        for currency in _currencies(metric, values, previous, own=tenant.currency)
        if _is_reported(metric, currency, values, previous)
    )


_Values = Mapping[tuple[str, str | None], int | None]


def _values(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period, *, levels: Sequence[str]
) -> _Values:
    keys = _keys(tenant, period) | {"end": period.end}
    found = _rows(connection, _FIGURES, keys)
    found += _rows(connection, _LEVELS, {"tenant_id": tenant.slug, "end": period.end, "levels": levels})
    return {(row["metric"], row["currency"]): row["value"] for row in found}


def _value(values: _Values, metric: Mapping[str, Any], currency: str | None) -> int | None:
    # A period or currency without a row is one in which nothing happened: what is counted is then 0.
    nothing = None if metric["aggregation"] in ("ratio", "median", "sum_told") else 0
    return values.get((metric["metric"], currency), nothing)


def _is_reported(metric: Mapping[str, Any], currency: str | None, *periods: _Values) -> bool:
    """Return whether there is such a figure at all: what nobody ever tells of is left out of a report."""
    return metric["aggregation"] != "sum_told" or any((metric["metric"], currency) in values for values in periods)


def _currencies(metric: Mapping[str, Any], *periods: _Values, own: str) -> list[str | None]:
    if not metric["is_by_currency"]:
        return [None]
    known = {currency for values in periods for _, currency in values if currency is not None}
    return [own, *sorted(known - {own})]


def _history(connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period) -> tuple[Point, ...]:
    starts = [period.start]
    while len(starts) < HISTORY_LENGTH:
        starts.insert(0, Period(period.kind, starts[0]).previous.start)
    parameters = {
        "tenant_id": tenant.slug,
        "kind": period.kind.value,
        "first": starts[0],
        "start": period.start,
        "end": period.end,
        "metrics": list(_CHARTED),
        "currency": tenant.currency,
    }
    found: dict[tuple[str, date], int | None] = {
        (row["metric"], row["period_start_date"]): row["value"] for row in _rows(connection, _HISTORY, parameters)
    }
    return tuple(
        Point(
            metric=metric,
            currency=tenant.currency if metric == "revenue_received" else None,
            period_start=start,
            value=found.get((metric, start), 0),
        )
        for metric in _CHARTED
        for start in starts
    )


def _shares(connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period) -> tuple[Share, ...]:
    found = _rows(connection, _SHARES, _keys(tenant, period))
    return tuple(Share(name=row.pop("metric_name"), **row) for row in found)


def _stage_counts(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period
) -> tuple[StageCount, ...]:
    """Return the stages into which anybody came, in the order of the business's file."""
    return tuple(StageCount(**row) for row in _rows(connection, _STAGES, _keys(tenant, period)))


def _channel_credits(connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period) -> Credits:
    """Return what channels are credited with, by the business's model and its longest lookback.

    Revenue is what is known of the period's conversions now: a later payment or refund changes it.
    """
    lookbacks = tenant.attribution.lookbacks_days
    lookback_days = None if None in lookbacks else max(days for days in lookbacks if days is not None)
    zone = ZoneInfo(tenant.zone)
    parameters = {
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
        channels=tuple(ChannelCredit(**row) for row in _rows(connection, _CREDITS, parameters)),
    )


def _revenue_parts(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period
) -> tuple[RevenuePart, ...]:
    """Return what each person and service brought, the most first."""
    return tuple(
        RevenuePart(taxes=tuple(Tax(**tax) for tax in orjson.loads(row.pop("taxes") or "[]")), **row)
        for row in _rows(connection, _REVENUE, _keys(tenant, period))
    )


def _keys(tenant: ReportingBusiness, period: Period) -> dict[str, Any]:
    return {"tenant_id": tenant.slug, "kind": period.kind.value, "start": period.start}


def _rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a query by the names of its columns."""
    cursor = connection.execute(query, dict(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
