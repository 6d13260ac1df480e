"""What the outbox tells: one command with its attempts, lists, and how much stands where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, text

from frontdesk.domains.sending.outbox.commands import (
    Channel,
    CommandFilter,
    CommandState,
    Depth,
    KnownCommand,
    MessageClass,
    Overdue,
)
from frontdesk.domains.sending.outbox.holds import is_held
from frontdesk.domains.sending.outbox.rows import to_attempt, to_known
from frontdesk.domains.sending.outbox.schema import IS_OPEN, IS_WAITING, MAY_BE_SENT, outbox, outbox_attempts


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


def find(connection: Connection, command_key: str) -> KnownCommand | None:
    """Return the command with its attempts, or None."""
    row = connection.execute(select(outbox).where(outbox.c.command_key == command_key)).mappings().first()
    if row is None:
        return None
    attempts = outbox_attempts.c
    query = select(outbox_attempts).where(attempts.command_key == command_key).order_by(attempts.attempt_number)
    return to_known(row, attempts=[to_attempt(each) for each in connection.execute(query).mappings()])


def search(
    connection: Connection,
    command_filter: CommandFilter,
    *,
    states: Collection[CommandState],
    limit: int,
    before: str | None,
) -> list[KnownCommand]:
    """Return the newest commands that match, without their attempts; see OutboxAnswers.search."""
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
    """Return how many that match were sent, or may have been, since then; see OutboxAnswers.count_sent."""
    meant = CommandFilter(tenant_id=tenant_id, contact_id=contact_id, message_class=message_class, channel=channel)
    query = (
        select(func.count())
        .select_from(outbox)
        .where(text(MAY_BE_SENT), outbox.c.changed_at >= since, *conditions_of(meant))
    )
    return connection.execute(query).scalar_one()


def open_keys(connection: Connection, tenant_id: str) -> list[str]:
    """Return the keys of what a tenant's rules intend and is not over; see OutboxAnswers.open_keys."""
    query = select(outbox.c.command_key).where(
        text(IS_OPEN),
        outbox.c.tenant_id == tenant_id,
        outbox.c.rule_id.is_not(None),
    )
    return list(connection.execute(query).scalars())


def depths(connection: Connection, *, tenant_id: str | None, now: datetime) -> list[Depth]:
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


def overdue(connection: Connection, *, now: datetime) -> list[Overdue]:
    """Return what is due and waits, by tenant, provider and reason; see OutboxAnswers.overdue."""
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
