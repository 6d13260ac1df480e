"""Takes anew what is decided about known commands that were not called yet; what is unchanged is not written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, or_, select, update

from core.outbox.batches import batches
from core.outbox.commands import CommandState
from core.outbox.rows import DECIDED, Row
from core.outbox.schema import outbox

_BOOKKEEPING = ("state", "reason", "next_attempt_at", "tries_count", "changed_at")
_ROW = "row_sequence"


def refresh(connection: Connection, rows: Mapping[str, Row], *, now: datetime) -> set[str]:
    """Take the rows, by command_key, where their command waits without an attempt or is withdrawn.

    Returns the keys of those that changed. A withdrawn one waits again with all its tries. One that was postponed
    stays so unless its due_at moved.
    """
    refreshed: set[str] = set()
    changes: list[dict[str, Any]] = []
    for batch in batches(sorted(rows)):
        for known in _lock_refreshable(connection, batch):
            change = _change(known, rows[known["command_key"]], now=now)
            if change is not None:
                changes.append(change)
                refreshed.add(known["command_key"])
    if changes:
        statement = (
            update(outbox)
            .where(outbox.c.sequence == bindparam(_ROW))
            .values({name: bindparam(name) for name in (*DECIDED, *_BOOKKEEPING)})
        )
        connection.execute(statement, changes)
    return refreshed


def _lock_refreshable(connection: Connection, command_keys: list[str]) -> list[RowMapping]:
    table = outbox.c
    columns = (table.sequence, table.command_key, *(table[name] for name in (*DECIDED, *_BOOKKEEPING)))
    is_untried = and_(table.state == CommandState.WAITING.value, table.attempts_count == 0)
    query = (
        select(*columns)
        .where(table.command_key.in_(command_keys), or_(is_untried, table.state == CommandState.WITHDRAWN.value))
        .order_by(table.sequence)
        .with_for_update()
    )
    return list(connection.execute(query).mappings())


def _change(known: RowMapping, row: Row, *, now: datetime) -> dict[str, Any] | None:
    decided = {name: row[name] for name in DECIDED}
    is_withdrawn = known["state"] == CommandState.WITHDRAWN
    if not is_withdrawn and all(known[name] == value for name, value in decided.items()):
        return None
    bookkeeping = {name: known[name] for name in _BOOKKEEPING}
    if is_withdrawn or known["due_at"] != row["due_at"]:
        bookkeeping |= {"reason": None, "next_attempt_at": row["due_at"]}
    if is_withdrawn:
        bookkeeping |= {"state": CommandState.WAITING.value, "tries_count": 0, "changed_at": now}
    return {_ROW: known["sequence"], **decided, **bookkeeping}
