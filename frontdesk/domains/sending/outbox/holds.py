"""Holds, the kill switches: what is held stays in the outbox and is not called until it is released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.outbox.schema import outbox, outbox_holds


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


def place(connection: Connection, scope: HoldScope, *, reason: str, held_by: str, now: datetime) -> bool:
    """Hold what is in the scope; return False where that same scope is held already."""
    dialect_insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    statement = dialect_insert(outbox_holds).values(**_parts(scope), reason=reason, held_at=now, held_by=held_by)
    # No target named: the only unique index but the key's is that of holds in force.
    placed = connection.execute(statement.on_conflict_do_nothing().returning(outbox_holds.c.hold_id))
    return placed.scalar() is not None


def lift(connection: Connection, scope: HoldScope, *, released_by: str, now: datetime) -> bool:
    """Release exactly this scope; return False where it is not held. Wider and narrower holds stay."""
    table = outbox_holds.c
    same_scope = [table[name].is_not_distinct_from(value) for name, value in _parts(scope).items()]
    statement = (
        update(outbox_holds)
        .where(table.released_at.is_(None), *same_scope)
        .values(released_at=now, released_by=released_by)
    )
    return bool(connection.execute(statement).rowcount)


def in_force(connection: Connection) -> list[Hold]:
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


def _parts(scope: HoldScope) -> dict[str, str | None]:
    return {
        "tenant_id": scope.tenant_id,
        "channel": scope.channel.value if scope.channel else None,
        "rule_id": scope.rule_id,
    }
