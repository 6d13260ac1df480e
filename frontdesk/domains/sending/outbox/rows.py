"""Commands as rows of the outbox and back: one with its attempts, lists, and how much stands where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, select, text

from frontdesk.domains.sending.outbox.commands import (
    Attempt,
    AttemptOutcome,
    Channel,
    ClaimedCommand,
    CommandFilter,
    CommandState,
    Depth,
    KnownCommand,
    MessageClass,
    NewCommand,
    Overdue,
    Resolution,
)
from frontdesk.domains.sending.outbox.holds import is_held
from frontdesk.domains.sending.outbox.schema import IS_OPEN, IS_WAITING, MAY_BE_SENT, outbox, outbox_attempts

#: Rows named in one statement; SQLite allows 32,766 bound values.
BATCH_SIZE = 1_000

_Value = TypeVar("_Value")


def batches(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Yield the values in lists of at most BATCH_SIZE."""
    remaining = iter(values)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch


#: Column values of one command, by name, without its sequence.
Row = dict[str, Any]

#: What is decided about a command, and may be decided anew as long as it was not called.
DECIDED = (
    "command_type",
    "channel",
    "provider",
    "contact_id",
    "rule_id",
    "rule_version",
    "message_class",
    "due_at",
    "expires_at",
    "payload",
    "cause_event_ids",
)


def to_row(command: NewCommand, *, now: datetime) -> Row:
    """Return a new command as a waiting row. Raises ValueError if its payload is not JSON."""
    try:
        # Sorted, so that the same payload is the same text, and an unchanged command is seen as such.
        payload = orjson.dumps(dict(command.payload), option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:
        raise ValueError(f"command {command.command_key}: payload can't be written as JSON: {error}") from error
    return {
        "command_key": command.command_key,
        "tenant_id": command.tenant_id,
        "command_type": command.command_type,
        "channel": command.channel.value,
        "provider": command.provider,
        "contact_id": command.contact_id,
        "rule_id": command.rule_id,
        "rule_version": command.rule_version,
        "message_class": command.message_class.value,
        "due_at": command.due_at,
        "expires_at": command.expires_at,
        "payload": payload,
        "cause_event_ids": orjson.dumps(command.cause_event_ids).decode(),
        "state": CommandState.WAITING.value,
        "next_attempt_at": command.due_at,
        "attempts_count": 0,
        "tries_count": 0,
        "redrives_count": 0,
        "enqueued_at": now,
        "changed_at": now,
    }


def to_claimed(row: RowMapping, *, token: str, leased_until: datetime) -> ClaimedCommand:
    """Return the command of a row that was just leased."""
    return ClaimedCommand(
        **_intended(row),
        token=token,
        leased_until=leased_until,
        attempt_number=row["attempts_count"] + 1,
        try_number=row["tries_count"] + 1,
    )


def to_known(row: RowMapping, *, attempts: Sequence[Attempt] = ()) -> KnownCommand:
    """Return the command of a row, whatever its state."""
    return KnownCommand(
        **_intended(row),
        state=CommandState(row["state"]),
        reason=row["reason"],
        next_attempt_at=row["next_attempt_at"],
        leased_until=row["leased_until"],
        provider_id=row["provider_id"],
        attempts_count=row["attempts_count"],
        redrives_count=row["redrives_count"],
        enqueued_at=row["enqueued_at"],
        changed_at=row["changed_at"],
        attempts=tuple(attempts),
    )


def to_attempt(row: RowMapping) -> Attempt:
    """Return the attempt of a row of outbox_attempts."""
    return Attempt(
        attempt_number=row["attempt_number"],
        token=row["token"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=AttemptOutcome(row["outcome"]) if row["outcome"] else None,
        detail=row["detail"],
        provider_id=row["provider_id"],
        next_attempt_at=row["next_attempt_at"],
        resolution=Resolution(row["resolution"]) if row["resolution"] else None,
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
    )


def _intended(row: RowMapping) -> Mapping[str, Any]:
    return {
        "tenant_id": row["tenant_id"],
        "command_key": row["command_key"],
        "command_type": row["command_type"],
        "channel": Channel(row["channel"]),
        "provider": row["provider"],
        "message_class": MessageClass(row["message_class"]),
        "due_at": row["due_at"],
        "expires_at": row["expires_at"],
        "payload": orjson.loads(row["payload"]),
        "contact_id": row["contact_id"],
        "rule_id": row["rule_id"],
        "rule_version": row["rule_version"],
        "cause_event_ids": tuple(orjson.loads(row["cause_event_ids"])),
    }


def conditions_of(command_filter: CommandFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter's given parts."""
    table = outbox.c
    parts: dict[str, Any] = {
        "tenant_id": command_filter.tenant_id,
        "channel": command_filter.channel,
        "provider": command_filter.provider,
        "rule_id": command_filter.rule_id,
        "contact_id": command_filter.contact_id,
        "message_class": command_filter.message_class,
    }
    conditions = [table[name] == str(value) for name, value in parts.items() if value is not None]
    if command_filter.reason_contains is not None:
        conditions.append(table.reason.icontains(command_filter.reason_contains, autoescape=True))
    return conditions


def find_command(connection: Connection, command_key: str) -> KnownCommand | None:
    """Return the command with its attempts, or None."""
    row = connection.execute(select(outbox).where(outbox.c.command_key == command_key)).mappings().first()
    if row is None:
        return None
    attempts = outbox_attempts.c
    query = select(outbox_attempts).where(attempts.command_key == command_key).order_by(attempts.attempt_number)
    return to_known(row, attempts=[to_attempt(each) for each in connection.execute(query).mappings()])


def search_commands(
    connection: Connection,
    command_filter: CommandFilter,
    *,
    states: Collection[CommandState],
    limit: int,
    before: str | None,
) -> list[KnownCommand]:
    """Return the newest commands that match, without their attempts; see OutboxReader.search."""
    query = (
        select(outbox)
        .where(outbox.c.state.in_(sorted(states)), *conditions_of(command_filter))
        .order_by(outbox.c.sequence.desc())
        .limit(limit)
    )
    if before is not None:
        known = outbox.alias()
        is_it = [known.c.command_key == before]
        if command_filter.tenant_id is not None:  # another's command tells nothing, not even its place
            is_it.append(known.c.tenant_id == command_filter.tenant_id)
        query = query.where(outbox.c.sequence < select(known.c.sequence).where(*is_it).scalar_subquery())
    return [to_known(row) for row in connection.execute(query).mappings()]


def count_sent(
    connection: Connection,
    *,
    tenant_id: str,
    since: datetime,
    contact_id: str | None = None,
    message_class: MessageClass | None = None,
    channel: Channel | None = None,
) -> int:
    """Return how many that match were sent, or may have been, since then; see OutboxReader.count_sent."""
    command_filter = CommandFilter(
        tenant_id=tenant_id, contact_id=contact_id, message_class=message_class, channel=channel
    )
    query = (
        select(func.count())
        .select_from(outbox)
        .where(text(MAY_BE_SENT), outbox.c.changed_at >= since, *conditions_of(command_filter))
    )
    return connection.execute(query).scalar_one()


def read_open_keys(connection: Connection, tenant_id: str) -> list[str]:
    """Return the keys of what a tenant's rules intend and is not over; see OutboxReader.open_keys."""
    query = select(outbox.c.command_key).where(
        text(IS_OPEN),
        outbox.c.tenant_id == tenant_id,
        outbox.c.rule_id.is_not(None),
    )
    return list(connection.execute(query).scalars())


def read_depths(connection: Connection, *, tenant_id: str | None, now: datetime) -> list[Depth]:
    """Return what is not over, per tenant and channel, in their order."""
    table = outbox.c
    is_due = and_(table.state == CommandState.WAITING.value, table.due_at <= now, table.next_attempt_at <= now)
    query = (
        select(
            table.tenant_id,
            table.channel,
            table.state,
            func.count().label("total"),
            func.count(case((is_due, 1))).label("due"),
            func.min(case((is_due, table.due_at))).label("oldest_due_at"),
        )
        .where(text(IS_OPEN), *conditions_of(CommandFilter(tenant_id=tenant_id)))
        .group_by(table.tenant_id, table.channel, table.state)
    )
    by_lane: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in connection.execute(query):
        by_lane[row.tenant_id, row.channel][row.state] = row
    return [_to_depth(key, by_lane[key]) for key in sorted(by_lane)]


def read_overdue(connection: Connection, *, now: datetime) -> list[Overdue]:
    """Return what is due and waits, by tenant, provider and reason; see OutboxReader.overdue."""
    table = outbox.c
    rows = (
        select(
            table.tenant_id,
            table.channel,
            table.provider,
            table.reason,
            is_held().label("is_held"),
            table.due_at,
            table.next_attempt_at,
        )
        .where(text(IS_WAITING), table.due_at <= now)
        .subquery()
    )
    kinds = (rows.c.tenant_id, rows.c.channel, rows.c.provider, rows.c.reason, rows.c.is_held)
    query = (
        select(
            *kinds,
            func.count().label("total"),
            func.min(rows.c.due_at).label("oldest_due_at"),
            func.min(rows.c.next_attempt_at).label("oldest_attempt_at"),
        )
        .group_by(*kinds)
        .order_by(*kinds)
    )
    return [
        Overdue(
            tenant_id=row.tenant_id,
            channel=Channel(row.channel),
            provider=row.provider,
            reason=row.reason,
            is_held=bool(row.is_held),
            count=row.total,
            oldest_due_at=row.oldest_due_at,
            oldest_attempt_at=row.oldest_attempt_at,
        )
        for row in connection.execute(query)
    ]


def _to_depth(key: tuple[str, str], rows: dict[str, Any]) -> Depth:
    def total(*states: CommandState) -> int:
        return sum(rows[state.value].total for state in states if state.value in rows)

    waiting = rows.get(CommandState.WAITING.value)
    return Depth(
        tenant_id=key[0],
        channel=Channel(key[1]),
        waiting_count=total(CommandState.WAITING),
        due_count=waiting.due if waiting else 0,
        in_flight_count=total(CommandState.CLAIMED, CommandState.CALLING),
        uncertain_count=total(CommandState.UNCERTAIN),
        dead_count=total(CommandState.DEAD),
        oldest_due_at=waiting.oldest_due_at if waiting else None,
    )
