"""What is not called though it is due: what a person holds, and lanes that are closed for their provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from frontdesk.domains.sending.outbox.commands import Channel, Lane
from frontdesk.domains.sending.outbox.schema import outbox, outbox_closed_lanes, outbox_holds


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldScope:
    """What is held: every command for which each given part matches; with no part, everything.

    Raises ValueError for a rule without its tenant: two tenants may name a rule alike.
    """

    tenant_id: str | None = None
    channel: Channel | None = None
    rule_id: str | None = None

    def __post_init__(self) -> None:
        if self.rule_id is not None and self.tenant_id is None:
            raise ValueError(f"rule {self.rule_id} is held without its tenant; give tenant_id too")
        if "" in (self.tenant_id, self.rule_id):
            raise ValueError("an empty tenant_id or rule_id matches nothing; leave it out to match all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold in force. held_at is aware UTC."""

    scope: HoldScope
    reason: str
    held_at: datetime
    held_by: str


def is_held() -> ColumnElement[bool]:
    """Return the condition that a row of the outbox is held now."""
    table = outbox_holds.c
    return exists().where(
        table.released_at.is_(None),
        or_(table.tenant_id.is_(None), table.tenant_id == outbox.c.tenant_id),
        or_(table.channel.is_(None), table.channel == outbox.c.channel),
        or_(table.rule_id.is_(None), table.rule_id == outbox.c.rule_id),
    )


def place_hold(connection: Connection, scope: HoldScope, *, reason: str, held_by: str, now: datetime) -> bool:
    """Hold what is in the scope; return False if that same scope is held already."""
    dialect_insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    statement = dialect_insert(outbox_holds).values(
        **_scope_values(scope), reason=reason, held_at=now, held_by=held_by
    )
    # No target named: the only unique index but the key's is that of holds in force.
    result = connection.execute(statement.on_conflict_do_nothing().returning(outbox_holds.c.hold_id))
    return result.scalar() is not None


def lift_hold(connection: Connection, scope: HoldScope, *, released_by: str, now: datetime) -> bool:
    """Release exactly this scope; return False if it is not held. Wider and narrower holds stay."""
    table = outbox_holds.c
    same_scope = [table[name].is_not_distinct_from(value) for name, value in _scope_values(scope).items()]
    statement = (
        update(outbox_holds)
        .where(table.released_at.is_(None), *same_scope)
        .values(released_at=now, released_by=released_by)
    )
    return bool(connection.execute(statement).rowcount)


def read_holds(connection: Connection) -> list[Hold]:
    """Return the holds in force, oldest first."""
    query = select(outbox_holds).where(outbox_holds.c.released_at.is_(None)).order_by(outbox_holds.c.hold_id)
    return [
        Hold(
            scope=HoldScope(
                tenant_id=row.tenant_id,
                channel=Channel(row.channel) if row.channel else None,
                rule_id=row.rule_id,
            ),
            reason=row.reason,
            held_at=row.held_at,
            held_by=row.held_by,
        )
        for row in connection.execute(query)
    ]


def _scope_values(scope: HoldScope) -> dict[str, str | None]:
    return {
        "tenant_id": scope.tenant_id,
        "channel": scope.channel.value if scope.channel else None,
        "rule_id": scope.rule_id,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLane:
    """One provider of one tenant that is not called, but for a try now and then. closed_at is aware UTC."""

    lane: Lane
    is_set_up: bool  #: a person has to put credentials, sender or account right; else the provider fails
    reason: str  #: as the provider says it
    closed_at: datetime


def note_lane(connection: Connection, lane: Lane, *, reason: str | None, is_set_up: bool, now: datetime) -> None:
    """Note why a lane is closed, or that it is open; see Outbox.note_lane."""
    table = outbox_closed_lanes.c
    connection.execute(
        delete(outbox_closed_lanes).where(table.tenant_id == lane.tenant_id, table.provider == lane.provider)
    )
    if reason is not None:
        row = {**lane._asdict(), "is_set_up": int(is_set_up), "reason": reason, "closed_at": now}
        connection.execute(insert(outbox_closed_lanes), row)


def read_closed_lanes(connection: Connection) -> list[ClosedLane]:
    """Return the closed lanes, in their order; see OutboxReader.closed_lanes."""
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
