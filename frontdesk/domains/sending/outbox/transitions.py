"""The steps of one command between its states: each happens only from the state, and under the lease, it belongs to.

waiting -> claimed -> calling -> sent | waiting | dead | uncertain | suppressed
waiting, claimed -> cancelled | withdrawn        claimed -> waiting | suppressed | dead
uncertain -> sent | waiting          dead, withdrawn -> waiting
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, update

from frontdesk.domains.sending.outbox.commands import AttemptOutcome, CommandState, Resolution
from frontdesk.domains.sending.outbox.holds import is_held
from frontdesk.domains.sending.outbox.queue import lock, set_by_sequence
from frontdesk.domains.sending.outbox.rows import Row
from frontdesk.domains.sending.outbox.schema import outbox, outbox_attempts

_NO_LEASE: dict[str, Any] = {"token": None, "leased_until": None}


def begin(connection: Connection, command_key: str, *, token: str, now: datetime, leased_until: datetime) -> bool:
    """Record that the provider is about to be called; see Outbox.begin_call."""
    statement = (
        update(outbox)
        .where(
            outbox.c.command_key == command_key,
            outbox.c.token == token,
            outbox.c.state == CommandState.CLAIMED.value,
            outbox.c.leased_until > now,
            ~is_held(),
        )
        .values(
            state=CommandState.CALLING.value,
            leased_until=leased_until,
            attempts_count=outbox.c.attempts_count + 1,
            tries_count=outbox.c.tries_count + 1,
            changed_at=now,
        )
        .returning(outbox.c.attempts_count)
    )
    attempt_number = connection.execute(statement).scalar()
    if attempt_number is None:
        return False
    attempt = {
        "command_key": command_key,
        "attempt_number": attempt_number,
        "token": token,
        "started_at": now,
    }
    connection.execute(insert(outbox_attempts), attempt)
    return True


def leave(
    connection: Connection,
    command_key: str,
    *,
    token: str,
    sources: Collection[CommandState],
    target: CommandState,
    now: datetime,
    outcome: AttemptOutcome | None,
    reason: str | None,
    provider_id: str | None,
    next_attempt_at: datetime | None,
) -> bool:
    """End a lease, and the attempt made under it if there was one; False where it is lost or none of the sources'."""
    results = {"provider_id": provider_id, "next_attempt_at": next_attempt_at}
    leaving = (
        update(outbox)
        .where(
            outbox.c.command_key == command_key,
            outbox.c.token == token,
            outbox.c.state.in_([state.value for state in sources]),
        )
        .values(state=target.value, changed_at=now, reason=reason, **_NO_LEASE, **results)
    )
    if not connection.execute(leaving).rowcount:
        return False
    if outcome is not None:
        attempts = outbox_attempts.c
        ending = (
            update(outbox_attempts)
            .where(attempts.command_key == command_key, attempts.token == token, attempts.outcome.is_(None))
            .values(outcome=outcome.value, ended_at=now, detail=reason, **results)
        )
        connection.execute(ending)
    return True


def give_try_back(connection: Connection, command_key: str) -> None:
    """Let the newest try of a command not count."""
    statement = update(outbox).where(outbox.c.command_key == command_key, outbox.c.tries_count > 0)
    connection.execute(statement.values(tries_count=outbox.c.tries_count - 1))


def redecide(connection: Connection, command_key: str, decided: Row) -> None:
    """Give a command that is not being called what is decided about it now."""
    connection.execute(update(outbox).where(outbox.c.command_key == command_key).values(decided))


def resolve(
    connection: Connection,
    command_key: str,
    *,
    attempt_number: int,
    resolution: Resolution,
    resolved_by: str,
    now: datetime,
    provider_id: str | None,
) -> bool:
    """Settle the uncertain attempt of that number; see Outbox.resolve_as_sent and resolve_as_not_sent."""
    if resolution is Resolution.SENT:
        values: dict[str, Any] = {"state": CommandState.SENT.value, "provider_id": provider_id}
    else:
        values = {"state": CommandState.WAITING.value, "next_attempt_at": now}
    statement = (
        update(outbox)
        .where(
            outbox.c.command_key == command_key,
            outbox.c.state == CommandState.UNCERTAIN.value,
            outbox.c.attempts_count == attempt_number,
        )
        .values(reason=None, changed_at=now, **values)
    )
    if not connection.execute(statement).rowcount:
        return False
    attempts = outbox_attempts.c
    connection.execute(
        update(outbox_attempts)
        .where(attempts.command_key == command_key, attempts.attempt_number == attempt_number)
        .values(resolution=resolution.value, resolved_at=now, resolved_by=resolved_by, provider_id=provider_id)
    )
    return True


def take_back(
    connection: Connection, *conditions: ColumnElement[bool], target: CommandState, reason: str, now: datetime
) -> list[str]:
    """Cancel or withdraw what matches and is not being called; return the command_keys."""
    is_not_called = outbox.c.state.in_([CommandState.WAITING.value, CommandState.CLAIMED.value])
    rows = lock(connection, is_not_called, *conditions)
    set_by_sequence(
        connection,
        [row["sequence"] for row in rows],
        state=target.value,
        reason=reason,
        next_attempt_at=None,
        changed_at=now,
        **_NO_LEASE,
    )
    return [row["command_key"] for row in rows]


def redrive(connection: Connection, *conditions: ColumnElement[bool], now: datetime) -> list[str]:
    """Let dead commands that match wait again, with all their tries; return the command_keys."""
    rows = lock(connection, outbox.c.state == CommandState.DEAD.value, *conditions)
    set_by_sequence(
        connection,
        [row["sequence"] for row in rows],
        state=CommandState.WAITING.value,
        reason=None,
        next_attempt_at=now,
        tries_count=0,
        redrives_count=outbox.c.redrives_count + 1,
        changed_at=now,
    )
    return [row["command_key"] for row in rows]
