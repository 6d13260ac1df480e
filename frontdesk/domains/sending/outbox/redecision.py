"""What is decided anew about known commands: taken at once if no call began, else noted for later.

A note is read before the next call (Outbox.find_note): what is no longer intended is not called, what changed is
taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.rows import DECIDED, Row, batches
from frontdesk.domains.sending.outbox.schema import outbox, outbox_notes

_BOOKKEEPING = ("state", "reason", "next_attempt_at", "tries_count", "changed_at", "token", "leased_until")
_SEQUENCE_PARAMETER = "row_sequence"


def refresh(connection: Connection, rows: Mapping[str, Row], *, now: datetime) -> set[str]:
    """Take the rows, by command_key, if their command waits, is claimed and not called, or is withdrawn.

    Returns the keys of those that changed. A withdrawn one waits again with all its tries; a claimed one waits
    again, so that nobody calls with what was decided before. One that was postponed, or tried, stays so unless its
    due_at moved.
    """
    refreshed: set[str] = set()
    changes: list[dict[str, Any]] = []
    for batch in batches(sorted(rows)):
        for known in _lock_refreshable(connection, batch):
            change = _find_change(known, rows[known["command_key"]], now=now)
            if change is not None:
                changes.append(change)
                refreshed.add(known["command_key"])
    if changes:
        statement = (
            update(outbox)
            .where(outbox.c.sequence == bindparam(_SEQUENCE_PARAMETER))
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


def _find_change(known: RowMapping, row: Row, *, now: datetime) -> dict[str, Any] | None:
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
    return {_SEQUENCE_PARAMETER: known["sequence"], **decided, **bookkeeping}


#: States in which a command takes nothing, and from which it may come to wait again.
NOTED_STATES = (CommandState.CALLING, CommandState.UNCERTAIN, CommandState.DEAD)
_INSTANTS = ("due_at", "expires_at")


@dataclass(frozen=True, slots=True)
class Note:
    """What was decided last. reason: why it is no longer intended; None: it is, with these values of DECIDED."""

    reason: str | None
    decided: Row | None


def note_withdrawn(connection: Connection, command_keys: Collection[str], *, reason: str, now: datetime) -> None:
    """Note that these are no longer intended, if they are in a state that takes no change."""
    _replace_notes(
        connection,
        (
            {"command_key": row["command_key"], "reason": reason, "decided": None, "noted_at": now}
            for row in _in_noted_states(connection, command_keys)
        ),
    )


def note_decided(connection: Connection, rows: Mapping[str, Row], *, now: datetime) -> None:
    """Note what is decided about these, by command_key, if they are in a state that takes no change."""
    known = list(_in_noted_states(connection, sorted(rows)))
    keys_with_note = {row["command_key"] for row in known if row["noted_at"] is not None}
    _replace_notes(
        connection,
        (
            {
                "command_key": row["command_key"],
                "reason": None,
                "decided": orjson.dumps({name: rows[row["command_key"]][name] for name in DECIDED}).decode(),
                "noted_at": now,
            }
            for row in known
            if row["command_key"] in keys_with_note
            or any(row[name] != rows[row["command_key"]][name] for name in DECIDED)
        ),
    )


def find_note(connection: Connection, command_key: str) -> Note | None:
    """Return what is noted of a command, None if nothing is."""
    row = connection.execute(
        select(outbox_notes.c.reason, outbox_notes.c.decided).where(outbox_notes.c.command_key == command_key)
    ).first()
    return None if row is None else Note(row.reason, None if row.decided is None else _read_decided(row.decided))


def remove_notes(connection: Connection, command_keys: Collection[str]) -> None:
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


def _replace_notes(connection: Connection, notes: Iterable[dict[str, Any]]) -> None:
    rows = list(notes)
    if rows:
        remove_notes(connection, [row["command_key"] for row in rows])
        connection.execute(insert(outbox_notes), rows)


def _read_decided(text: str) -> Row:
    decided: Row = orjson.loads(text)
    for name in _INSTANTS:
        if decided[name] is not None:
            decided[name] = datetime.fromisoformat(decided[name])
    return decided
