"""What is on the schedule: bookings made here, as /v1 has them now, and those from elsewhere, as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.frame.api import BusinessApi
from dashboard.frame.session import Business
from dashboard.pages.schedule import queries as schedule_queries
from dashboard.parts import queries
from frontdesk.core.wall_clock import first_instant
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.shapes import BookingRead
from frontdesk.domains.tenancy.tenant import Tenant

#: Bookings that take up time, or did; the others are shown where somebody asks for them.
TAKING: tuple[Status, ...] = ("pending", "confirmed", "completed", "no_show")
ENDED: tuple[Status, ...] = ("cancelled", "declined")
NOBODY = "Nobody in particular"


@dataclass(frozen=True, kw_only=True)
class Days:
    """Some days of a business, by its own clock."""

    first: date
    count: int
    zone: ZoneInfo

    @property
    def begins(self) -> datetime:
        """The first instant of the first day."""
        return first_instant(self.first, self.zone)

    @property
    def ends(self) -> datetime:
        """The first instant after the last day."""
        return first_instant(self.first + timedelta(days=self.count), self.zone)

    @property
    def all(self) -> list[date]:
        """Each day."""
        return [self.first + timedelta(days=number) for number in range(self.count)]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One booking on the schedule. Instants are aware."""

    booking_id: str
    starts_at: datetime
    ends_at: datetime | None
    day: date  #: on which it begins, by the business's clock
    is_all_day: bool
    service: str
    who: str | None  #: who comes
    people: tuple[str, ...]  #: names of who does it
    rooms: tuple[str, ...]
    status: str
    source: str | None  #: None: it was made here
    contact_id: str | None  #: of what was made elsewhere

    @property
    def is_ours(self) -> bool:
        """Whether it was made here, and can be changed here."""
        return self.source is None


def read_entries(
    api: BusinessApi, file: AnalyticsFile, *, business: Business, tenant: Tenant, days: Days, with_ended: bool
) -> list[Entry]:
    """Return what begins on these days, by its start; with_ended: what was cancelled or declined, too.

    Raises ApiUnavailableError, ApiRefusedError, AnalyticsFileError.
    """
    statuses = (*TAKING, *ENDED) if with_ended else TAKING
    ours = api.list_bookings(begins=days.begins, ends=days.ends, statuses=statuses).bookings
    names = names_of_resources(tenant)
    entries = [_of_ours(booking, names=names, zone=days.zone) for booking in ours]
    entries += _from_elsewhere(file, business=business, days=days, statuses=statuses)
    return sorted(entries, key=lambda entry: (entry.starts_at, entry.booking_id))


def names_of_resources(tenant: Tenant) -> dict[str, str]:
    """Return the names of people and rooms by what bookings call them, such as person:mei."""
    people = {f"person:{person.key}": person.name for person in tenant.people}
    return people | {f"room:{room.key}": room.name for room in tenant.rooms}


def who_comes(booking: BookingRead) -> str | None:
    """Return how who comes is called: by name, or by what is known of them."""
    contact = booking.contact
    if booking.guest_name or contact is None:
        return booking.guest_name
    return contact.name or contact.phone or contact.email


def by_person(entries: Sequence[Entry], tenant: Tenant) -> dict[str, list[Entry]]:
    """Return entries by who does them, in the order of the business's file; what names nobody comes last.

    People of the file are there without entries, too.
    """
    columns: dict[str, list[Entry]] = {person.name: [] for person in tenant.people}
    for entry in entries:
        for name in entry.people or (NOBODY,):
            columns.setdefault(name, []).append(entry)
    return dict(sorted(columns.items(), key=lambda column: column[0] == NOBODY))


def by_day(entries: Sequence[Entry], days: Days) -> dict[date, list[Entry]]:
    """Return entries by the day on which they begin; days without any are there, too."""
    return {day: [entry for entry in entries if entry.day == day] for day in days.all}


def _of_ours(booking: BookingRead, *, names: Mapping[str, str], zone: ZoneInfo) -> Entry:
    return Entry(
        booking_id=booking.booking_id,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        day=booking.starts_at.astimezone(zone).date(),
        is_all_day=False,
        service=booking.service,
        who=who_comes(booking),
        people=tuple(_names(booking.places, "person:", names)),
        rooms=tuple(_names(booking.places, "room:", names)),
        status=booking.status,
        source=None,
        contact_id=None,
    )


def _names(places: Sequence[str], kind: str, names: Mapping[str, str]) -> list[str]:
    return [names.get(place, place.partition(":")[2]) for place in places if place.startswith(kind)]


def _from_elsewhere(file: AnalyticsFile, *, business: Business, days: Days, statuses: Sequence[str]) -> list[Entry]:
    frame = schedule_queries.fetch_from_elsewhere(
        file, tenant_id=business.tenant_id, begins=days.begins, ends=days.ends, statuses=statuses
    )
    return [
        Entry(
            booking_id=row.booking_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            day=row.starts_at.astimezone(days.zone).date(),
            is_all_day=row.is_all_day,
            service=row.service_name or "Booking",
            who=row.guest_name,
            people=(row.staff_name,) if row.staff_name else (),
            rooms=(),
            status=row.status,
            source=row.source,
            contact_id=row.contact_id,
        )
        for row in queries.rows_of(frame)
    ]
