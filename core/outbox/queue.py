"""Into the queue and out of it: enqueue once for ever, claim what is due, take back what was left lying."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, TextClause, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from core.outbox.commands import (
    AttemptOutcome,
    Channel,
    ClaimedCommand,
    CommandState,
    Enqueued,
    Expired,
    Lane,
    NewCommand,
)
from core.outbox.errors import CommandKeyClashError
from core.outbox.holds import is_held
from core.outbox.rows import to_claimed, to_row
from core.outbox.schema import IS_LEASED, IS_WAITING, outbox, outbox_attempts

#: Rows named in one statement; SQLite allows 32,766 bound values.
BATCH_SIZE = 1_000

_Value = TypeVar("_Value")


def add(connection: Connection, commands: Sequence[NewCommand], *, now: datetime) -> list[Enqueued]:
    """Add the commands whose key is not known; see Outbox.enqueue."""
    if not commands:
        return []
    if connection.dialect.name == "postgresql":
        # Two writers of the same keys in opposite orders would wait for each other for ever.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('frontdesk.outbox', 0))")
    dialect_insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    statement = (
        dialect_insert(outbox).on_conflict_do_nothing(index_elements=["command_key"]).returning(outbox.c.command_key)
    )
    firsts: dict[str, NewCommand] = {}
    for command in commands:
        firsts.setdefault(command.command_key, command)
    rows = [to_row(command, now=now) for command in firsts.values()]
    added = {row.command_key for row in connection.execute(statement, rows)}
    tenants = {key: command.tenant_id for key, command in firsts.items()}
    tenants |= _tenants_of(connection, sorted(firsts.keys() - added))
    _refuse_clashes(commands, tenants=tenants)
    answers = []
    for command in commands:
        answers.append(Enqueued(command.command_key, is_new=command.command_key in added))
        added.discard(command.command_key)  # a repeat in the same call is no longer new
    return answers


def lease_due(
    connection: Connection,
    *,
    token: str,
    now: datetime,
    leased_until: datetime,
    limit: int,
    channels: Collection[Channel] | None,
    skip: Collection[Lane],
) -> list[ClaimedCommand]:
    """Lease due rows that nobody holds, oldest due first; see Outbox.claim."""
    conditions: list[ColumnElement[bool] | TextClause] = [
        text(IS_WAITING),
        outbox.c.due_at <= now,
        outbox.c.next_attempt_at <= now,
        ~is_held(),
    ]
    if channels is not None:
        conditions.append(outbox.c.channel.in_(sorted(channel.value for channel in channels)))
    if skip:
        conditions.append(tuple_(outbox.c.tenant_id, outbox.c.provider).not_in(sorted(skip)))
    query = (
        select(outbox)
        .where(*conditions)
        .order_by(outbox.c.due_at, outbox.c.sequence)
        .limit(limit)
        # SQLite knows no row locks and needs none: its transaction began IMMEDIATE.
        .with_for_update(skip_locked=True, of=outbox)
    )
    rows = connection.execute(query).mappings().all()
    set_by_sequence(
        connection,
        [row["sequence"] for row in rows],
        state=CommandState.CLAIMED.value,
        token=token,
        leased_until=leased_until,
        next_attempt_at=None,
        reason=None,
        changed_at=now,
    )
    return [to_claimed(row, token=token, leased_until=leased_until) for row in rows]


def expire(connection: Connection, *, now: datetime) -> Expired:
    """Take back up to BATCH_SIZE leases that ran out; see Outbox.expire_leases."""
    reason = "the lease ran out during the call: the provider may have accepted it"
    query = (
        select(outbox.c.sequence, outbox.c.command_key, outbox.c.state, outbox.c.token)
        .where(text(IS_LEASED), outbox.c.leased_until <= now)
        .order_by(outbox.c.sequence)
        .limit(BATCH_SIZE)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    claimed = [row for row in rows if row.state == CommandState.CLAIMED]
    calling = [row for row in rows if row.state == CommandState.CALLING]
    no_lease: dict[str, Any] = {"token": None, "leased_until": None, "changed_at": now}
    set_by_sequence(
        connection,
        [row.sequence for row in claimed],
        state=CommandState.WAITING.value,
        next_attempt_at=now,
        **no_lease,
    )
    set_by_sequence(
        connection,
        [row.sequence for row in calling],
        state=CommandState.UNCERTAIN.value,
        reason=reason,
        **no_lease,
    )
    if calling:
        attempts = outbox_attempts.c
        connection.execute(
            update(outbox_attempts)
            .where(attempts.command_key.in_([row.command_key for row in calling]), attempts.outcome.is_(None))
            .values(outcome=AttemptOutcome.UNCERTAIN.value, ended_at=now, detail=reason)
        )
    return Expired([row.command_key for row in claimed], [row.command_key for row in calling])


def lock(connection: Connection, *conditions: ColumnElement[bool]) -> Sequence[RowMapping]:
    """Lock the rows that match, always in the same order, so that two who lock never wait for each other."""
    query = (
        select(outbox.c.sequence, outbox.c.command_key)
        .where(*conditions)
        .order_by(outbox.c.sequence)
        .with_for_update()
    )
    return connection.execute(query).mappings().all()


def set_by_sequence(connection: Connection, sequences: Sequence[int], **values: Any) -> None:
    """Set values of rows that this transaction has locked."""
    for batch in batches(sequences):
        connection.execute(update(outbox).where(outbox.c.sequence.in_(batch)).values(**values))


def _tenants_of(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    tenants: dict[str, str] = {}
    for batch in batches(keys):
        query = select(outbox.c.command_key, outbox.c.tenant_id).where(outbox.c.command_key.in_(batch))
        tenants |= {row.command_key: row.tenant_id for row in connection.execute(query)}
    return tenants


def _refuse_clashes(commands: Sequence[NewCommand], *, tenants: Mapping[str, str]) -> None:
    # Taken for known, another tenant's command would silently never be sent.
    for command in commands:
        known_tenant = tenants[command.command_key]
        if known_tenant != command.tenant_id:
            raise CommandKeyClashError(
                f"command_key {command.command_key} of {command.tenant_id} is known as {known_tenant}'s; "
                "put the tenant's id into the key"
            )


def batches(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Yield the values in lists of at most BATCH_SIZE."""
    remaining = iter(values)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch
