"""Rows of the table of waitlists: written with each event, read by what asks for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, and_, delete, insert, select

from frontdesk.core.log.envelope import Appended
from frontdesk.core.log.schema import event_log
from frontdesk.domains.bookings.schema import waitlist_entries
from frontdesk.domains.bookings.waitlist.entry import OPEN, EntryStatus, WaitlistEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """An entry, and the event that made it what it is."""

    entry: WaitlistEntry
    event_id: str
    sequence: int
    changed_at: datetime


def entry_row(tenant_id: str, entry: WaitlistEntry, *, sequence: int) -> dict[str, Any]:
    """Return the row of an entry."""
    return {
        "tenant_id": tenant_id,
        "entry_id": entry.entry_id,
        "status": entry.status,
        "service_key": entry.service_key,
        "joined_at": entry.joined_at,
        "sequence": sequence,
    }


def put_entry(connection: Connection, tenant_id: str, entry: WaitlistEntry, appended: Appended) -> None:
    """Make the row of an entry what its newest event says."""
    columns = waitlist_entries.c
    is_its = and_(columns.tenant_id == tenant_id, columns.entry_id == entry.entry_id)
    connection.execute(delete(waitlist_entries).where(is_its))
    connection.execute(insert(waitlist_entries), entry_row(tenant_id, entry, sequence=appended.sequence))


def find_entry(connection: Connection, tenant_id: str, entry_id: str) -> KnownEntry | None:
    """Return an entry, None if there is none."""
    row = connection.execute(_of(tenant_id).where(waitlist_entries.c.entry_id == entry_id)).one_or_none()
    return None if row is None else entry_of(row)


def list_entries(
    connection: Connection,
    tenant_id: str,
    *,
    statuses: Collection[EntryStatus] = OPEN,
    service_key: str | None = None,
    limit: int | None = None,
) -> list[KnownEntry]:
    """Return entries by when they joined."""
    columns = waitlist_entries.c
    query = _of(tenant_id).where(columns.status.in_(sorted(statuses))).order_by(columns.joined_at, columns.entry_id)
    if service_key is not None:
        query = query.where(columns.service_key == service_key)
    return [entry_of(row) for row in connection.execute(query.limit(limit))]


def businesses_with_open_entries(connection: Connection) -> set[str]:
    """Return the slugs of the businesses for which somebody waits."""
    columns = waitlist_entries.c
    query = select(columns.tenant_id).where(columns.status.in_(sorted(OPEN))).distinct()
    return set(connection.execute(query).scalars())


def entry_of(row: Row[Any]) -> KnownEntry:
    """Return the entry that a row of an event tells."""
    return KnownEntry(
        entry=WaitlistEntry.model_validate(orjson.loads(row.payload)),
        event_id=row.event_id,
        sequence=row.sequence,
        changed_at=row.received_at,
    )


def _of(tenant_id: str) -> Select[tuple[int, str, str, datetime]]:
    return (
        select(event_log.c.sequence, event_log.c.event_id, event_log.c.payload, event_log.c.received_at)
        .select_from(waitlist_entries.join(event_log, event_log.c.sequence == waitlist_entries.c.sequence))
        .where(waitlist_entries.c.tenant_id == tenant_id)
    )
