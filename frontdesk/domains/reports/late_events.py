"""What happened in a report's period and was heard of only after the report was computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from frontdesk.domains.reports.document import Report

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
    asked = {
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
            _LATE, asked
        ).fetchall()
    ]
