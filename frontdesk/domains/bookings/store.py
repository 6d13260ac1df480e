"""Reads bookings and what is taken from the log's database; every function works within the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, func, or_, select, text, true

from frontdesk.core.log.schema import event_log
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.bookings.booking import OPEN, TAKING, Booking
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.schema import booking_states, claims, outside_times
from frontdesk.domains.catalogue.open_times import Period, Periods, instant, seconds

#: The header of our events that tells one request from another with the same idempotency key.
REQUEST_HEADER = "request-sha256"

#: What is taken of each resource, by lane.
Taken = Mapping[str, Mapping[int, Periods]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A booking, and the event that made it what it is."""

    booking: Booking
    event_id: str
    sequence: int
    changed_at: datetime


def begin_deciding(connection: Connection, tenant_id: str) -> None:
    """Let nobody else decide on a business's bookings until the transaction ends."""
    # SQLite has one writer at a time anyway: frontdesk/core/log/database.writing takes its lock at once.
    if connection.dialect.name == "postgresql":
        name = {"name": f"frontdesk.bookings.{tenant_id}"}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)


def find_booking(connection: Connection, tenant_id: str, booking_id: str) -> Known | None:
    """Return a booking of ours, None if there is none."""
    row = connection.execute(_of(tenant_id).where(booking_states.c.booking_id == booking_id)).one_or_none()
    return None if row is None else known_of(row)


def list_bookings(
    connection: Connection,
    tenant_id: str,
    *,
    begins: datetime,
    ends: datetime,
    statuses: Collection[Status],
    limit: int,
) -> list[Known]:
    """Return the bookings that start in a time, ascending."""
    query = (
        _of(tenant_id)
        .where(
            booking_states.c.starts_at >= begins,
            booking_states.c.starts_at < ends,
            booking_states.c.status.in_(sorted(statuses)),
        )
        .order_by(booking_states.c.starts_at, booking_states.c.booking_id)
        .limit(limit)
    )
    return [known_of(row) for row in connection.execute(query)]


def expired_holds(connection: Connection, tenant_id: str, *, now: datetime) -> list[Known]:
    """Return the slot holds that have run out and still stand in the way, the oldest first."""
    query = (
        _of(tenant_id)
        .where(booking_states.c.expires_at <= now, booking_states.c.status == "held")
        .order_by(booking_states.c.expires_at)
    )
    return [known_of(row) for row in connection.execute(query)]


def live_holds(connection: Connection, tenant_id: str, *, now: datetime) -> list[Booking]:
    """Return the slot holds of a business that have not run out."""
    query = _of(tenant_id).where(booking_states.c.expires_at > now, booking_states.c.status == "held")
    return [known_of(row).booking for row in connection.execute(query)]


def list_to_come(connection: Connection, *, now: datetime) -> list[tuple[str, Known]]:
    """Return the bookings of all businesses that are still to come, each with its business."""
    columns = booking_states.c
    query = (
        _newest_events()
        .add_columns(columns.tenant_id)
        .where(columns.starts_at > now, columns.status.in_(sorted(OPEN)))
        .order_by(event_log.c.sequence)
    )
    return [(row.tenant_id, known_of(row)) for row in connection.execute(query)]


def find_answer(connection: Connection, tenant_id: str, source_event_ids: Collection[str]) -> Row[Any] | None:
    """Return the newest event with one of these ids, as known_of reads it, and its headers; None if none is there."""
    columns = event_log.c
    return connection.execute(
        select(columns.sequence, columns.event_id, columns.payload, columns.received_at, columns.headers)
        .where(
            columns.tenant_id == tenant_id,
            columns.source == FRONTDESK_SOURCE,
            columns.source_event_id.in_(sorted(source_event_ids)),
        )
        .order_by(columns.sequence.desc())
        .limit(1)
    ).one_or_none()


def read_taken(
    connection: Connection, tenant_id: str, *, window: Period, now: datetime, besides: str | None
) -> Taken:
    """Return what is taken in a window, by bookings from elsewhere too.

    A hold that ran out takes nothing, nor does the booking `besides`.
    """
    found: defaultdict[str, defaultdict[int, list[Period]]] = defaultdict(lambda: defaultdict(list))
    holds_on = or_(claims.c.expires_at.is_(None), claims.c.expires_at > now)
    for table, condition in ((claims, holds_on), (outside_times, true())):
        columns = table.c
        query = select(columns.resource, columns.lane, columns.starts_at, columns.ends_at).where(
            columns.tenant_id == tenant_id,
            columns.ends_at > instant(window.begins),
            columns.starts_at < instant(window.ends),
            condition,
        )
        if besides is not None:
            query = query.where(columns.booking_id != besides)
        for row in connection.execute(query):
            found[row.resource][row.lane].append(Period(seconds(row.starts_at), seconds(row.ends_at)))
    return {
        resource: {lane: Periods(periods) for lane, periods in lanes.items()} for resource, lanes in found.items()
    }


def list_taking(
    connection: Connection, tenant_id: str, *, window: Period, resources: Collection[str], now: datetime
) -> list[Booking]:
    """Return the bookings of ours, slot holds too, that take some of these resources' time in a window."""
    query = (
        _of(tenant_id)
        .join(claims, claims.c.booking_id == booking_states.c.booking_id)
        .where(
            claims.c.tenant_id == tenant_id,
            or_(claims.c.expires_at.is_(None), claims.c.expires_at > now),
            claims.c.resource.in_(sorted(resources)),
            claims.c.ends_at > instant(window.begins),
            claims.c.starts_at < instant(window.ends),
        )
        .distinct()
    )
    return [known_of(row).booking for row in connection.execute(query)]


def count_by_day(
    connection: Connection,
    tenant_id: str,
    service_key: str,
    *,
    first: str,
    last: str,
    now: datetime,
    besides: str | None,
) -> dict[str, int]:
    """Return how many bookings of a service begin on each day, of those that take up time."""
    columns = booking_states.c
    query = (
        select(columns.local_day, func.count().label("bookings"))
        .where(
            columns.tenant_id == tenant_id,
            columns.service_key == service_key,
            columns.local_day.between(first, last),
            columns.status.in_(sorted(TAKING)),
            or_(columns.expires_at.is_(None), columns.expires_at > now),
        )
        .group_by(columns.local_day)
    )
    if besides is not None:
        query = query.where(columns.booking_id != besides)
    return {row.local_day: row.bookings for row in connection.execute(query)}


def last_position(connection: Connection) -> int:
    """Return the newest sequence of the log: the answer holds as of it."""
    return int(connection.execute(select(func.max(event_log.c.sequence))).scalar() or 0)


def _of(tenant_id: str) -> Select[tuple[int, str, str, datetime]]:
    return _newest_events().where(booking_states.c.tenant_id == tenant_id)


def _newest_events() -> Select[tuple[int, str, str, datetime]]:
    return select(
        event_log.c.sequence, event_log.c.event_id, event_log.c.payload, event_log.c.received_at
    ).select_from(booking_states.join(event_log, event_log.c.sequence == booking_states.c.sequence))


def known_of(row: Row[Any]) -> Known:
    """Return the booking that a row of an event tells."""
    return Known(
        booking=Booking.model_validate(orjson.loads(row.payload)),
        event_id=row.event_id,
        sequence=row.sequence,
        changed_at=row.received_at,
    )
