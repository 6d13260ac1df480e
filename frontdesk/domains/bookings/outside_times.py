"""Times that bookings from elsewhere take up: whose they are is decided as they become known, and kept.

Wix, HighLevel or an importer tells of a booking once it is made there, and it may lie over one of ours. It takes up
time here all the same, and staff are told to move one of the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, and_, delete, insert, select

from frontdesk.core.clock import Clock
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.booking import Booking
from frontdesk.domains.bookings.errors import BookingsUnavailableError
from frontdesk.domains.bookings.free_time import Candidate, Place, find_places
from frontdesk.domains.bookings.questions import resource_name
from frontdesk.domains.bookings.schema import booking_states, outside_times
from frontdesk.domains.bookings.staff_tasks import staff_task
from frontdesk.domains.catalogue.booking_terms import BookingTerms
from frontdesk.domains.catalogue.open_times import Period, instant, seconds
from frontdesk.domains.catalogue.resources import Person, Resource
from frontdesk.domains.catalogue.settings import BookableBusiness

TASK_KIND = "booking_conflict"
#: Of what tells no end, and is no service of ours.
_USUAL_LENGTH = timedelta(hours=1)
_NONE = timedelta(0)
#: Ids that one statement names.
_SOME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideBooking:
    """A booking from elsewhere that is still to end. Instants are aware."""

    booking_id: str
    source: str
    service_key: str | None
    service_name: str | None
    staff_name: str | None
    starts_at: datetime
    ends_at: datetime | None
    event_id: str  #: of what told of it last

    def told(self) -> str:
        """Return what decides which time it takes, and of whom."""
        return orjson.dumps(
            {
                "service_key": self.service_key,
                "staff_name": self.staff_name,
                "starts_at": self.starts_at.isoformat(),
                "ends_at": None if self.ends_at is None else self.ends_at.isoformat(),
            }
        ).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taking:
    """What a booking from elsewhere takes up; `is_free`: nobody else had it."""

    period: Period
    places: tuple[Place, ...]
    is_free: bool


class OutsideTimes:
    """The times of one database that bookings from elsewhere take up."""

    def __init__(self, engine: Engine, *, log: EventLog, clock: Clock) -> None:
        self._engine = engine
        self._log = log
        self._clock = clock

    def replace(
        self, business: BookableBusiness, bookings: Sequence[OutsideBooking], *, of: Collection[str] | None = None
    ) -> int:
        """Make what is taken up what these bookings say; return of how many it changed.

        of: ids of the bookings that are looked at, those among them too that take nothing any more; None: everything
        of the business. A time that one of ours has already is taken all the same, and staff get a task.
        Raises BookingsUnavailableError, EventLogUnavailableError.
        """
        with translated_errors(BookingsUnavailableError, what="the bookings"), writing(self._engine) as connection:
            store.begin_deciding(connection, business.slug)
            return self._replace(connection, business, bookings, of=of)

    def _replace(
        self,
        connection: Connection,
        business: BookableBusiness,
        bookings: Sequence[OutsideBooking],
        *,
        of: Collection[str] | None,
    ) -> int:
        known = _read_told(connection, business.slug, of)
        ours = _read_ours(connection, business.slug, [each.booking_id for each in bookings])
        coming = {each.booking_id: each for each in bookings if each.booking_id not in ours}
        same = {key for key, booking in coming.items() if known.get(key) == booking.told()}
        gone = known.keys() - same
        _delete(connection, business.slug, gone)
        changed = [booking for key, booking in coming.items() if key not in same]
        for booking in sorted(changed, key=lambda each: (each.starts_at, each.booking_id)):
            self._put(connection, business, booking)
        return len(gone | {booking.booking_id for booking in changed})

    def _put(self, connection: Connection, business: BookableBusiness, booking: OutsideBooking) -> None:
        taking = _taking(connection, business, booking, now=self._clock.now())
        rows = [
            {
                "tenant_id": business.slug,
                "booking_id": booking.booking_id,
                "resource": place.resource,
                "lane": place.lane,
                "starts_at": instant(taking.period.begins),
                "ends_at": instant(taking.period.ends),
                "told": booking.told(),
            }
            for place in taking.places
        ]
        if rows:
            connection.execute(insert(outside_times), rows)
        if not taking.is_free:
            conflicts = list(self._conflicts(connection, business, booking, taking))
            self._log.append_within(connection, conflicts)

    def _conflicts(
        self, connection: Connection, business: BookableBusiness, booking: OutsideBooking, taking: _Taking
    ) -> Iterator[NewEvent]:
        """Yield a task for each of our bookings that has the same time of the same person or room."""
        names = {place.resource for place in taking.places}
        now = self._clock.now()
        for ours in store.list_taking(connection, business.slug, window=taking.period, resources=names, now=now):
            yield staff_task(
                business.slug,
                task_id=f"conflict:{ours.booking_id}:{booking.booking_id}:{seconds(booking.starts_at)}",
                kind=TASK_KIND,
                title=_describe(ours, booking),
                booking_id=ours.booking_id,
                now=now,
            )


def _describe(ours: Booking, outside: OutsideBooking) -> str:
    what = outside.service_name or "something else"
    return (
        f"{ours.service} of {ours.starts_at_local.replace('T', ' ')} is booked here, and {what} at the same time in "
        f"{outside.source}. Move one of the two, or tell them."
    )


def _taking(connection: Connection, business: BookableBusiness, booking: OutsideBooking, *, now: datetime) -> _Taking:
    service = business.find_service(booking.service_key) if booking.service_key else None
    terms = service.booking if service else None
    length = timedelta(minutes=service.duration_minutes) if service else _USUAL_LENGTH
    before, after = (terms.buffer_before, terms.buffer_after) if terms else (_NONE, _NONE)
    begins = seconds(booking.starts_at - before)
    period = Period(begins, max(seconds((booking.ends_at or booking.starts_at + length) + after), begins + 1))
    taken = store.read_taken(connection, business.slug, window=period, now=now, besides=booking.booking_id)
    person = person_named(business, booking.staff_name)
    needs = list(_needs(business, terms, booking=booking, person=person, taken=taken))
    places = find_places(needs, period.begins, period.ends)
    if places is not None:
        return _Taking(period=period, places=places, is_free=True)
    # Nobody refuses what is booked elsewhere: it lies over what is there.
    over = {candidates[0].resource: Place(candidates[0].resource, 0) for candidates in needs}
    return _Taking(period=period, places=tuple(over.values()), is_free=False)


def _needs(
    business: BookableBusiness,
    terms: BookingTerms | None,
    *,
    booking: OutsideBooking,
    person: Person | None,
    taken: store.Taken,
) -> Iterator[tuple[Candidate, ...]]:
    """Yield who or what would do for each need of a booking; nothing where nobody knows whose time it takes."""

    def candidate(kind: str, resource: Resource) -> Candidate:
        name = resource_name(kind, resource.key)
        return Candidate(resource=name, capacity=resource.capacity, taken=taken.get(name, {}))

    if terms is None:
        who = person or (business.people[0] if len(business.people) == 1 else None)
        if who is not None:
            yield (candidate("person", who),)
        return
    for need in terms.needs:
        kind = "room" if need.rooms else "person"
        would_do = need.candidates(business.people, business.rooms)
        named = tuple(each for each in would_do if each is person)
        yield tuple(candidate(kind, each) for each in named or would_do)
    if terms.own_capacity is not None and booking.service_key is not None:
        own = resource_name("service", booking.service_key)
        yield (Candidate(resource=own, capacity=terms.own_capacity, taken=taken.get(own, {})),)


def person_named(business: BookableBusiness, name: str | None) -> Person | None:
    """Return the person whom another system calls so: by key or by name, without regard to capitals."""
    wanted = (name or "").strip().casefold()
    return next((each for each in business.people if wanted in (each.key, each.name.casefold())), None)


def _read_told(connection: Connection, tenant_id: str, of: Collection[str] | None) -> dict[str, str]:
    columns = outside_times.c
    query = select(columns.booking_id, columns.told).where(columns.tenant_id == tenant_id)
    if of is None:
        return {row.booking_id: row.told for row in connection.execute(query)}
    return {
        row.booking_id: row.told
        for some in _parts(of)
        for row in connection.execute(query.where(columns.booking_id.in_(some)))
    }


def _read_ours(connection: Connection, tenant_id: str, booking_ids: Collection[str]) -> set[str]:
    """Return those that were booked here: what they take up, they have as claims."""
    columns = booking_states.c
    query = select(columns.booking_id).where(columns.tenant_id == tenant_id)
    return {
        row.booking_id
        for some in _parts(booking_ids)
        for row in connection.execute(query.where(columns.booking_id.in_(some)))
    }


def _delete(connection: Connection, tenant_id: str, booking_ids: Iterable[str]) -> None:
    columns = outside_times.c
    for some in _parts(booking_ids):
        connection.execute(
            delete(outside_times).where(and_(columns.tenant_id == tenant_id, columns.booking_id.in_(some)))
        )


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _SOME):
        yield ordered[start : start + _SOME]


def by_business(bookings: Iterable[tuple[str, OutsideBooking]]) -> dict[str, list[OutsideBooking]]:
    """Return bookings by their business's slug."""
    found: defaultdict[str, list[OutsideBooking]] = defaultdict(list)
    for slug, booking in bookings:
        found[slug].append(booking)
    return dict(found)


def row_of(row: dict[str, Any]) -> tuple[str, OutsideBooking]:
    """Return the slug and the booking of a row of fct_bookings."""
    names = ("booking_id", "source", "service_key", "service_name", "staff_name", "starts_at", "ends_at")
    booking = OutsideBooking(**{name: row[name] for name in names}, event_id=row["last_event_id"])
    return row["tenant_id"], booking
