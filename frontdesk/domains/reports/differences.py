"""What is known now of a report's period and was not when it was computed: other figures, events heard of later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from frontdesk.domains.reports.document import Figure, Report

_LATE = """
    select t.occurred_at, t.received_at, t.type, t.title, t.contact_id, c.display_name, t.first_sequence
    from marts.fct_timeline as t
    left join marts.dim_contacts as c on t.contact_id = c.contact_id
    where
        t.tenant_id = $tenant_id
        and t.occurred_at >= $starts_at and t.occurred_at < $ends_at
        and t.first_sequence > $log_sequence
    order by t.first_sequence, t.timeline_key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePair:
    """One metric in both; None if one has no such figure."""

    name: str
    metric: str
    currency: str | None
    then: Figure | None
    now: Figure | None

    @property
    def differs(self) -> bool:
        """Tell whether the value is another."""
        return (self.then and self.then.value) != (self.now and self.now.value)


def pair_figures(then: Report, now: Report) -> list[FigurePair]:
    """Return every metric that either has, in the order of the reports."""
    keys = dict.fromkeys((each.metric, each.currency) for report in (now, then) for each in report.figures)
    pairs = []
    for metric, currency in keys:
        old, new = then.find(metric, currency=currency), now.find(metric, currency=currency)
        known = new or old
        pairs.append(
            FigurePair(name=known.name if known else metric, metric=metric, currency=currency, then=old, now=new)
        )
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class LateEvent:
    """One thing that the report did not know of; instants are UTC."""

    occurred_at: datetime
    received_at: datetime
    type: str
    title: str
    contact_id: str
    contact_name: str | None
    sequence: int

    @property
    def late_by(self) -> timedelta:
        """How long after it happened it was heard of."""
        return self.received_at - self.occurred_at


def find_late_events(connection: duckdb.DuckDBPyConnection, report: Report) -> list[LateEvent]:
    """Return what a published file knows of the report's period and the report did not, in the order of the log."""
    parameters = {
        "tenant_id": report.tenant_id,
        "starts_at": report.starts_at,
        "ends_at": report.ends_at,
        "log_sequence": report.log_sequence,
    }
    return [
        LateEvent(
            occurred_at=occurred_at,
            received_at=received_at,
            type=type_,
            title=title,
            contact_id=contact_id,
            contact_name=contact_name,
            sequence=sequence,
        )
        for occurred_at, received_at, type_, title, contact_id, contact_name, sequence in connection.execute(
            _LATE, parameters
        ).fetchall()
    ]
