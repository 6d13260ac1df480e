"""The steps of commands between their states: each happens only from the state, and under the lease, it belongs to.

waiting -> claimed -> calling -> sent | waiting | dead | uncertain | suppressed
waiting, claimed -> cancelled | withdrawn        claimed -> waiting | suppressed | dead
uncertain -> sent | waiting          dead, withdrawn -> waiting
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    TextClause,
    and_,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from frontdesk.domains.sending.outbox import redecision
from frontdesk.domains.sending.outbox.commands import (
    AttemptOutcome,
    Channel,
    ClaimedCommand,
    CommandState,
    Enqueued,
    Expired,
    Lane,
    NewCommand,
    Resolution,
)
from frontdesk.domains.sending.outbox.errors import CommandKeyClashError
from frontdesk.domains.sending.outbox.holds import is_held
from frontdesk.domains.sending.outbox.owners import NAME_LENGTH
from frontdesk.domains.sending.outbox.redecision import refresh
from frontdesk.domains.sending.outbox.rows import BATCH_SIZE, Row, batches, to_claimed, to_row
from frontdesk.domains.sending.outbox.schema import IS_LEASED, IS_WAITING, outbox, outbox_attempts

#: Why a command waits, where the order of what goes to one recipient asks what it is.
QUIET_HOURS = "quiet hours where the recipient is"
AFTER_AN_EARLIER_ONE = "waits for an earlier text to the same phone"
_ORDERED = (Channel.SMS.value,)
#: Until a worker's own command, that this one waits for, is looked at again.
_LEASED_PAUSE = timedelta(seconds=1)


def enqueue(connection: Connection, commands: Sequence[NewCommand], *, now: datetime) -> list[Enqueued]:
    """Add the commands whose key is not known, and refresh what may be; see Outbox.enqueue."""
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
    rows = {key: to_row(command, now=now) for key, command in firsts.items()}
    added = {row.command_key for row in connection.execute(statement, list(rows.values()))}
    tenants = {key: command.tenant_id for key, command in firsts.items()}
    tenants |= _tenants_of(connection, sorted(firsts.keys() - added))
    _refuse_clashes(commands, tenants=tenants)
    known_rows = {key: row for key, row in rows.items() if key not in added}
    refreshed = refresh(connection, known_rows, now=now)
    redecision.note_decided(connection, known_rows, now=now)
    answers = []
    for command in commands:
        key = command.command_key
        answers.append(Enqueued(key, is_new=key in added, is_refreshed=key in refreshed))
        added.discard(key)  # a repeat in the same call is neither
        refreshed.discard(key)
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
    """Lease due rows that nobody holds, oldest due first; see Outbox.claim.

    A row whose recipient has an earlier one under way, or waiting to be tried again, waits for that one.
    """
    query = (
        select(outbox)
        .where(*_is_claimable(now=now, channels=channels, skip=skip))
        .order_by(outbox.c.due_at, outbox.c.sequence)
        .limit(limit)
        # SQLite knows no row locks and needs none: its transaction began IMMEDIATE.
        .with_for_update(skip_locked=True, of=outbox)
    )
    rows = _without_overtaking(connection, connection.execute(query).mappings().all(), now=now)
    _set_by_sequence(
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


def _without_overtaking(connection: Connection, rows: Sequence[RowMapping], *, now: datetime) -> Sequence[RowMapping]:
    """Return the rows that overtake nothing that goes to the same recipient; the others wait for what they would."""
    earlier = _find_unfinished(connection, rows)
    leased: list[RowMapping] = []
    for row in rows:
        recipient = (row["tenant_id"], row["channel"], orjson.loads(row["payload"]).get("to"))
        place = (row["due_at"], row["sequence"])
        waits = [at for first, at in earlier.get(recipient, {}).items() if first < place]
        if waits:
            at = max(now + _LEASED_PAUSE, *(each or now for each in waits))
            _set_by_sequence(connection, [row["sequence"]], next_attempt_at=at, reason=AFTER_AN_EARLIER_ONE)
            earlier[recipient][place] = at
        else:
            leased.append(row)
    return leased


def _find_unfinished(
    connection: Connection, rows: Sequence[RowMapping]
) -> dict[tuple[str, str, str], dict[tuple[datetime, int], datetime | None]]:
    """Return what is under way or waits to be tried again for the contacts of these rows, by recipient.

    By due time and sequence, with the time of the next try. What quiet hours or a hold keep back is in nobody's way.
    """
    contacts = {row["contact_id"] for row in rows if row["channel"] in _ORDERED} - {None}
    table = outbox.c
    chosen = {row["sequence"] for row in rows}
    states = [state.value for state in (CommandState.WAITING, CommandState.CLAIMED, CommandState.CALLING)]
    found: dict[tuple[str, str, str], dict[tuple[datetime, int], datetime | None]] = {}
    for batch in batches(sorted(contacts)):
        query = select(
            table.sequence, table.tenant_id, table.channel, table.due_at, table.next_attempt_at, table.payload
        ).where(
            table.tenant_id.in_(sorted({row["tenant_id"] for row in rows})),
            table.contact_id.in_(batch),
            table.state.in_(states),
            table.channel.in_(_ORDERED),
            table.due_at <= max(row["due_at"] for row in rows),
            or_(
                table.state != CommandState.WAITING.value,
                table.attempts_count > 0,
                table.reason.is_not(None),
            ),
            func.coalesce(table.reason, "") != QUIET_HOURS,
            ~is_held(),
        )
        for row in connection.execute(query).mappings():
            if row["sequence"] not in chosen:
                recipient = (row["tenant_id"], row["channel"], orjson.loads(row["payload"]).get("to"))
                found.setdefault(recipient, {})[row["due_at"], row["sequence"]] = row["next_attempt_at"]
    return found


def has_due(
    connection: Connection, *, now: datetime, channels: Collection[Channel] | None, skip: Collection[Lane]
) -> bool:
    """Return whether lease_due would find a row; see OutboxReader.has_due."""
    query = (
        select(1)
        .select_from(outbox)
        .where(*_is_claimable(now=now, channels=channels, skip=skip))
        .order_by(outbox.c.next_attempt_at)  # makes both databases begin at the index's end
        .limit(1)
    )
    return connection.execute(query).first() is not None


def next_due_at(connection: Connection) -> datetime | None:
    """Return when the next row can be claimed; see OutboxReader.next_due_at."""
    next_attempt_at = outbox.c.next_attempt_at
    query = select(next_attempt_at).where(text(IS_WAITING), ~is_held()).order_by(next_attempt_at).limit(1)
    instant: datetime | None = connection.execute(query).scalar()
    return instant


def expire_leases(connection: Connection, *, now: datetime, dead: Collection[str] = ()) -> Expired:
    """Take back up to BATCH_SIZE leases that ran out, or whose owner is dead; see Outbox.expire_leases."""
    reason = "the call was broken off: the provider may have accepted it"
    is_of_dead = func.substr(outbox.c.token, 1, NAME_LENGTH).in_(sorted(dead))
    query = (
        select(outbox.c.sequence, outbox.c.command_key, outbox.c.state, outbox.c.token)
        .where(text(IS_LEASED), or_(outbox.c.leased_until <= now, is_of_dead))
        .order_by(outbox.c.sequence)
        .limit(BATCH_SIZE)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    claimed = [row for row in rows if row.state == CommandState.CLAIMED]
    calling = [row for row in rows if row.state == CommandState.CALLING]
    no_lease: dict[str, Any] = {"token": None, "leased_until": None, "changed_at": now}
    _set_by_sequence(
        connection,
        [row.sequence for row in claimed],
        state=CommandState.WAITING.value,
        next_attempt_at=now,
        **no_lease,
    )
    _set_by_sequence(
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


def _lock_rows(connection: Connection, *conditions: ColumnElement[bool]) -> Sequence[RowMapping]:
    """Lock the rows that match, always in the same order, so that two who lock never wait for each other."""
    query = (
        select(outbox.c.sequence, outbox.c.command_key)
        .where(*conditions)
        .order_by(outbox.c.sequence)
        .with_for_update()
    )
    return connection.execute(query).mappings().all()


def _set_by_sequence(connection: Connection, sequences: Sequence[int], **values: Any) -> None:
    """Set values of rows that this transaction has locked."""
    for batch in batches(sequences):
        connection.execute(update(outbox).where(outbox.c.sequence.in_(batch)).values(**values))


def _is_claimable(
    *, now: datetime, channels: Collection[Channel] | None, skip: Collection[Lane]
) -> list[ColumnElement[bool] | TextClause]:
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
    return conditions


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


_NO_LEASE: dict[str, Any] = {"token": None, "leased_until": None}


def begin_call(
    connection: Connection, command_key: str, *, token: str, now: datetime, leased_until: datetime
) -> bool:
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


def end_lease(
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
    """End a lease, and the attempt made under it if there was one; False if it is lost or none of the sources'."""
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


def resolve_attempt(
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
    rows = _lock_rows(connection, is_not_called, *conditions)
    _set_by_sequence(
        connection,
        [row["sequence"] for row in rows],
        state=target.value,
        reason=reason,
        next_attempt_at=None,
        changed_at=now,
        **_NO_LEASE,
    )
    return [row["command_key"] for row in rows]


def hasten(
    connection: Connection, tenant_ids: Collection[str], *, waiting_for: str, lanes: Collection[Lane], now: datetime
) -> int:
    """Let what is due be tried now; see Outbox.hasten."""
    columns = outbox.c
    is_meant = or_(
        columns.reason.contains(waiting_for, autoescape=True),
        columns.reason == AFTER_AN_EARLIER_ONE,
        *(and_(columns.tenant_id == lane.tenant_id, columns.provider == lane.provider) for lane in lanes),
    )
    statement = update(outbox).where(
        text(IS_WAITING),
        columns.tenant_id.in_(sorted(tenant_ids)),
        columns.due_at <= now,
        columns.next_attempt_at > now,
        is_meant,
    )
    return connection.execute(statement.values(next_attempt_at=now)).rowcount


def redrive_dead(connection: Connection, *conditions: ColumnElement[bool], now: datetime) -> list[str]:
    """Let dead commands that match wait again, with all their tries; return the command_keys."""
    rows = _lock_rows(connection, outbox.c.state == CommandState.DEAD.value, *conditions)
    _set_by_sequence(
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
