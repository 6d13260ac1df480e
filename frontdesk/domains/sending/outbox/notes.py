"""What is decided anew about commands that can't take it now, being called, uncertain or dead: noted for later.

The note is read before the next call (Outbox.noted): what is no longer intended is not called, what changed is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select

from frontdesk.domains.sending.outbox.batches import batches
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.rows import DECIDED, Row
from frontdesk.domains.sending.outbox.schema import outbox, outbox_notes

#: States in which a command takes nothing, and from which it may come to wait again.
NOTED_STATES = (CommandState.CALLING, CommandState.UNCERTAIN, CommandState.DEAD)
_INSTANTS = ("due_at", "expires_at")


@dataclass(frozen=True, slots=True)
class Note:
    """What was decided last. reason: why it is no longer intended; None: it is, with these values of DECIDED."""

    reason: str | None
    decided: Row | None


def note_withdrawn(connection: Connection, command_keys: Collection[str], *, reason: str, now: datetime) -> None:
    """Note that these are no longer intended, where they are in a state that takes no change."""
    _replace(
        connection,
        (
            {"command_key": row["command_key"], "reason": reason, "decided": None, "noted_at": now}
            for row in _in_noted_states(connection, command_keys)
        ),
    )


def note_decided(connection: Connection, rows: Mapping[str, Row], *, now: datetime) -> None:
    """Note what is decided about these, by command_key, where they are in a state that takes no change."""
    known = list(_in_noted_states(connection, sorted(rows)))
    noted = {row["command_key"] for row in known if row["noted_at"] is not None}
    _replace(
        connection,
        (
            {
                "command_key": row["command_key"],
                "reason": None,
                "decided": orjson.dumps({name: rows[row["command_key"]][name] for name in DECIDED}).decode(),
                "noted_at": now,
            }
            for row in known
            if row["command_key"] in noted or any(row[name] != rows[row["command_key"]][name] for name in DECIDED)
        ),
    )


def find(connection: Connection, command_key: str) -> Note | None:
    """Return what is noted of a command, None where nothing is."""
    row = connection.execute(
        select(outbox_notes.c.reason, outbox_notes.c.decided).where(outbox_notes.c.command_key == command_key)
    ).first()
    return None if row is None else Note(row.reason, None if row.decided is None else _decided(row.decided))


def remove(connection: Connection, command_keys: Collection[str]) -> None:
    """Forget what is noted of these."""
    for batch in batches(command_keys):
        connection.execute(delete(outbox_notes).where(outbox_notes.c.command_key.in_(batch)))


def _in_noted_states(connection: Connection, command_keys: Collection[str]) -> Iterator[RowMapping]:
    table = outbox.c
    columns = (table.command_key, *(table[name] for name in DECIDED), outbox_notes.c.noted_at)
    for batch in batches(command_keys):
        query = (
            select(*columns)
            .outerjoin_from(outbox, outbox_notes, outbox_notes.c.command_key == table.command_key)
            .where(table.command_key.in_(batch), table.state.in_([state.value for state in NOTED_STATES]))
        )
        yield from connection.execute(query).mappings().all()


def _replace(connection: Connection, notes: Iterable[dict[str, Any]]) -> None:
    rows = list(notes)
    if rows:
        remove(connection, [row["command_key"] for row in rows])
        connection.execute(insert(outbox_notes), rows)


def _decided(text: str) -> Row:
    decided: Row = orjson.loads(text)
    for name in _INSTANTS:
        if decided[name] is not None:
            decided[name] = datetime.fromisoformat(decided[name])
    return decided
