"""What is taken, how bookings stand and who waits: rows made of the log, with each event, and anew to compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, Row, Table, and_, delete, insert, select

from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import Appended, Origin
from frontdesk.core.log.schema import event_log
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.bookings.booking import TAKING, Booking
from frontdesk.domains.bookings.errors import BookingsUnavailableError
from frontdesk.domains.bookings.facts import FACTS, HOLD_FACTS, WAITLIST_FACTS
from frontdesk.domains.bookings.schema import booking_states, claims, waitlist_entries
from frontdesk.domains.bookings.waitlist.entry import WaitlistEntry
from frontdesk.domains.bookings.waitlist.rows import entry_row

#: Events that one statement of a rebuild looks through.
_PAGE = 20_000
_ROWS = 1_000
_SHOWN = 10


class Difference(NamedTuple):
    """Rows that are not what the log says."""

    table: str
    only_stored: list[dict[str, Any]]
    only_rebuilt: list[dict[str, Any]]

    def __str__(self) -> str:
        shown = [f"stored, not in the log: {row}" for row in self.only_stored[:_SHOWN]]
        shown += [f"in the log, not stored: {row}" for row in self.only_rebuilt[:_SHOWN]]
        return f"{self.table}: {len(self.only_stored) + len(self.only_rebuilt)} rows differ; " + "; ".join(shown)


class BookingTables:
    """All of these tables of one database, as a whole."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rebuild(self) -> int:
        """Make them anew from the log; nobody books meanwhile. Return how many bookings there are."""
        with translated_errors(BookingsUnavailableError, what="the bookings"), writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(
                    "LOCK TABLE claims, booking_states, waitlist_entries IN ACCESS EXCLUSIVE MODE"
                )
            return rebuild(connection)

    def compare(self) -> list[Difference]:
        """Return where they are not what the log says, at one moment."""
        # PostgreSQL's default would show each statement its own moment; a transaction of SQLite has one.
        options = {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with (
            translated_errors(BookingsUnavailableError, what="the bookings"),
            self._engine.connect().execution_options(**options) as connection,
        ):
            return compare(connection)


def resource_number(tenant_id: str, resource: str) -> int:
    """Return the number of a business's resource: 62 bits of a digest, so that the log alone tells it.

    Two of a million resources have the same with a chance of one in ten million; then each would keep the other from
    being booked at the same time, and nothing is booked twice.
    """
    return int.from_bytes(sha256(f"{tenant_id}\n{resource}".encode()).digest()[:8]) >> 2


def put(connection: Connection, tenant_id: str, booking: Booking, appended: Appended) -> None:
    """Make the rows of a booking what its newest event says. Raises IntegrityError if its time is taken."""
    for table in (claims, booking_states):
        is_its = and_(table.c.tenant_id == tenant_id, table.c.booking_id == booking.booking_id)
        connection.execute(delete(table).where(is_its))
    rows = claim_rows(tenant_id, booking, event_id=appended.event_id)
    if rows:
        connection.execute(insert(claims), rows)
    connection.execute(insert(booking_states), state_row(tenant_id, booking, sequence=appended.sequence))


def claim_rows(tenant_id: str, booking: Booking, *, event_id: str) -> list[dict[str, Any]]:
    """Return what a booking takes up: none if it does not, or not any more."""
    if booking.status not in TAKING:
        return []
    return [
        {
            "tenant_id": tenant_id,
            "booking_id": booking.booking_id,
            "resource_no": resource_number(tenant_id, place.resource),
            "lane": place.lane,
            "resource": place.resource,
            "starts_at": booking.taken_from,
            "ends_at": booking.taken_until,
            "kind": {"held": "hold", "pending": "pending"}.get(booking.status, "confirmed"),
            "expires_at": booking.expires_at,
            "cause_event_id": event_id,
        }
        for place in booking.places
    ]


def state_row(tenant_id: str, booking: Booking, *, sequence: int) -> dict[str, Any]:
    """Return how a booking stands."""
    return {
        "tenant_id": tenant_id,
        "booking_id": booking.booking_id,
        "status": booking.status,
        "service_key": booking.service_key,
        "starts_at": booking.starts_at,
        "ends_at": booking.ends_at,
        "local_day": booking.local_day,
        "expires_at": booking.expires_at,
        "sequence": sequence,
    }


def rebuild(connection: Connection) -> int:
    """Make the tables anew from the log, in the caller's transaction; return how many bookings there are."""
    for table in (claims, booking_states, waitlist_entries):
        connection.execute(delete(table))
    for table, rows in _rebuilt(connection).items():
        for start in range(0, len(rows), _ROWS):
            connection.execute(insert(table), rows[start : start + _ROWS])
    found = connection.execute(select(booking_states.c.booking_id)).all()
    return len(found)


def compare(connection: Connection) -> list[Difference]:
    """Return where the tables are not what the log says, within the caller's transaction: none if they are."""
    differences = []
    for table, rows in _rebuilt(connection).items():
        stored = _keyed(table, [dict(row) for row in connection.execute(select(table)).mappings()])
        rebuilt = _keyed(table, rows)
        only_stored = [row for key, row in stored.items() if rebuilt.get(key) != row]
        only_rebuilt = [row for key, row in rebuilt.items() if stored.get(key) != row]
        if only_stored or only_rebuilt:
            differences.append(Difference(table.name, only_stored, only_rebuilt))
    return differences


def _rebuilt(connection: Connection) -> dict[Table, list[dict[str, Any]]]:
    newest: dict[tuple[str, str], tuple[Booking, Appended]] = {}
    for tenant_id, booking, appended in _told(connection):
        newest[tenant_id, booking.booking_id] = (booking, appended)
    return {
        claims: [
            row
            for (tenant_id, _), (booking, appended) in newest.items()
            for row in claim_rows(tenant_id, booking, event_id=appended.event_id)
        ],
        booking_states: [
            state_row(tenant_id, booking, sequence=appended.sequence)
            for (tenant_id, _), (booking, appended) in newest.items()
        ],
        waitlist_entries: _entry_rows(connection),
    }


def _entry_rows(connection: Connection) -> list[dict[str, Any]]:
    rows = {}
    for row in _events(connection, types=WAITLIST_FACTS):
        entry = WaitlistEntry.model_validate(orjson.loads(row.payload))
        rows[row.tenant_id, entry.entry_id] = entry_row(row.tenant_id, entry, sequence=row.sequence)
    return [*rows.values()]


def _told(connection: Connection) -> Iterator[tuple[str, Booking, Appended]]:
    """Yield what our own events say of bookings, in the order of the log."""
    for row in _events(connection, types=(*FACTS, *HOLD_FACTS)):
        told = orjson.loads(row.payload)
        if "places" in told:  # else it tells of a booking, and nobody booked it here
            booking = Booking.model_validate(told)
            yield row.tenant_id, booking, Appended(row.event_id, row.sequence, is_new=False)


def _events(connection: Connection, *, types: Sequence[str]) -> Iterator[Row[Any]]:
    """Yield the events of ours of some types, in the order of the log."""
    columns = event_log.c
    query = (
        select(columns.sequence, columns.event_id, columns.tenant_id, columns.payload)
        .where(
            columns.source == FRONTDESK_SOURCE,
            columns.origin == Origin.COMMAND.value,
            columns.type.in_(sorted(types)),
        )
        .order_by(columns.sequence)
    )
    last = connection.execute(select(columns.sequence).order_by(columns.sequence.desc()).limit(1)).scalar() or 0
    for start in range(1, last + 1, _PAGE):
        yield from connection.execute(query.where(columns.sequence.between(start, start + _PAGE - 1)))


def _keyed(table: Table, rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    names = [column.name for column in table.primary_key.columns]
    return {tuple(row[name] for name in names): row for row in rows}
