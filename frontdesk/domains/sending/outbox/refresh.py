"""Takes anew what is decided about known commands that are not being called; what is unchanged is not written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from frontdesk.domains.sending.outbox.batches import batches
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.rows import DECIDED, Row
from frontdesk.domains.sending.outbox.schema import outbox

_BOOKKEEPING = ("state", "reason", "next_attempt_at", "tries_count", "changed_at", "token", "leased_until")
_ROW = "row_sequence"


def refresh(connection: Connection, rows: Mapping[str, Row], *, now: datetime) -> set[str]:
    """Take the rows, by command_key, where their command waits, is claimed and not called, or is withdrawn.

    Returns the keys of those that changed. A withdrawn one waits again with all its tries; a claimed one waits
    again, so that nobody calls with what was decided before. One that was postponed, or tried, stays so unless its
    due_at moved.
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
    refreshable = [state.value for state in (CommandState.WAITING, CommandState.CLAIMED, CommandState.WITHDRAWN)]
    query = (
        select(*columns)
        .where(table.command_key.in_(command_keys), table.state.in_(refreshable))
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
    if known["state"] == CommandState.CLAIMED:
        bookkeeping |= {"state": CommandState.WAITING.value, "next_attempt_at": now, "changed_at": now}
        bookkeeping |= {"token": None, "leased_until": None}
    if is_withdrawn or known["due_at"] != row["due_at"]:
        bookkeeping |= {"reason": None, "next_attempt_at": row["due_at"]}
    if is_withdrawn:
        bookkeeping |= {"state": CommandState.WAITING.value, "tries_count": 0, "changed_at": now}
    return {_ROW: known["sequence"], **decided, **bookkeeping}
