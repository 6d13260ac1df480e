"""Providers by which nothing goes out now: they are down, or refuse the business's set-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from frontdesk.domains.sending.outbox.commands import Lane
from frontdesk.domains.sending.outbox.schema import outbox_closed_lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLane:
    """One provider of one tenant that is not called, but for a try now and then. closed_at is aware UTC."""

    lane: Lane
    is_set_up: bool  #: a person has to put credentials, sender or account right; else the provider fails
    reason: str  #: as the provider says it
    closed_at: datetime


def note(connection: Connection, lane: Lane, *, reason: str | None, is_set_up: bool, now: datetime) -> None:
    """Note why a lane is closed, or that it is open; see Outbox.note_lane."""
    table = outbox_closed_lanes.c
    connection.execute(
        delete(outbox_closed_lanes).where(table.tenant_id == lane.tenant_id, table.provider == lane.provider)
    )
    if reason is not None:
        row = {**lane._asdict(), "is_set_up": int(is_set_up), "reason": reason, "closed_at": now}
        connection.execute(insert(outbox_closed_lanes), row)


def closed(connection: Connection) -> list[ClosedLane]:
    """Return the closed lanes, in their order; see OutboxAnswers.closed_lanes."""
    table = outbox_closed_lanes.c
    query = select(outbox_closed_lanes).order_by(table.tenant_id, table.provider)
    return [
        ClosedLane(
            lane=Lane(row.tenant_id, row.provider),
            is_set_up=bool(row.is_set_up),
            reason=row.reason,
            closed_at=row.closed_at,
        )
        for row in connection.execute(query)
    ]
