"""Computes a report from a database with the published relations; reads only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb

from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.set_aside import reason_of
from frontdesk.domains.reports.asking import rows
from frontdesk.domains.reports.business import ReportingBusiness
from frontdesk.domains.reports.document import Figure, Point, Report, RevenuePart, Share, StageCount
from frontdesk.domains.reports.periods import Period
from frontdesk.domains.reports.sections import channel_credits, revenue_parts, stage_counts

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
    metrics = rows(connection, _METRICS, {})
    levels = [metric["metric"] for metric in metrics if metric["aggregation"] == "level"]
    values = _values(connection, tenant, period, levels=levels)
    previous = _values(connection, tenant, period.previous, levels=levels)
    zone = ZoneInfo(tenant.zone)
    asked = {"tenant_id": tenant.slug, "kind": period.kind.value, "start": period.start}
    sections = Sections()
    no_shares: tuple[Share, ...] = ()
    no_history: tuple[Point, ...] = ()
    no_stages: tuple[StageCount, ...] = ()
    no_revenue: tuple[RevenuePart, ...] = ()
    shares = sections.compute("shares", lambda: _shares(connection, asked), otherwise=no_shares)
    history = sections.compute("history", lambda: _history(connection, tenant, period), otherwise=no_history)
    stages = sections.compute("stages", lambda: stage_counts(connection, tenant, period), otherwise=no_stages)
    credits_ = sections.compute("credits", lambda: channel_credits(connection, tenant, period), otherwise=None)
    revenue = sections.compute("revenue", lambda: revenue_parts(connection, tenant, period), otherwise=no_revenue)
    figures = tuple(
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
        if _is_told(metric, currency, values, previous)
    )
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
        figures=figures,
        shares=shares,
        history=history,
        stages=stages,
        credits=credits_,
        revenue=revenue,
        left_out=tuple(sections.failed),
    )


class Sections:
    """Computes the sections of a report one by one; the one that can't be computed is left out, and said so."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}  #: why, by section

    def compute(self, name: str, make: Callable[[], _Section], *, otherwise: _Section) -> _Section:
        """Return a section, or what stands in its place."""
        try:
            return make()
        except Exception as error:
            if is_of_machine(error):
                raise
            self.failed[name] = reason_of(error)
            _logger.exception("a section of a report can't be computed", extra={"section": name})
            return otherwise


def _shares(connection: duckdb.DuckDBPyConnection, asked: Mapping[str, Any]) -> tuple[Share, ...]:
    return tuple(Share(name=row.pop("metric_name"), **row) for row in rows(connection, _SHARES, asked))


_Values = Mapping[tuple[str, str | None], int | None]


def _values(
    connection: duckdb.DuckDBPyConnection, tenant: ReportingBusiness, period: Period, *, levels: Sequence[str]
) -> _Values:
    asked = {"tenant_id": tenant.slug, "end": period.end}
    found = rows(connection, _FIGURES, asked | {"kind": period.kind.value, "start": period.start})
    found += rows(connection, _LEVELS, asked | {"levels": levels})
    return {(row["metric"], row["currency"]): row["value"] for row in found}


def _value(values: _Values, metric: Mapping[str, Any], currency: str | None) -> int | None:
    # A period or currency without a row is one in which nothing happened: what is counted is then 0.
    nothing = None if metric["aggregation"] in ("ratio", "median", "sum_told") else 0
    return values.get((metric["metric"], currency), nothing)


def _is_told(metric: Mapping[str, Any], currency: str | None, *periods: _Values) -> bool:
    """Tell whether there is such a figure at all: what nobody ever tells of is left out of a report."""
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
    asked = {
        "tenant_id": tenant.slug,
        "kind": period.kind.value,
        "first": starts[0],
        "start": period.start,
        "end": period.end,
        "metrics": list(_CHARTED),
        "currency": tenant.currency,
    }
    found: dict[tuple[str, date], int | None] = {
        (row["metric"], row["period_start_date"]): row["value"] for row in rows(connection, _HISTORY, asked)
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
