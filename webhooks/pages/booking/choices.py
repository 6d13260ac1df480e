"""What customers choose before they say who they are: the person, the zone, the day, the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from frontdesk.core.clock import Clock
from frontdesk.core.time_words import time_of_day_words
from frontdesk.core.values import FIRST_YEAR, LAST_YEAR
from frontdesk.core.wall_clock import first_instant
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.catalogue.open_times import instant
from frontdesk.domains.catalogue.settings import BookableBusiness, Service
from webhooks.pages.booking.words import day_words

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
#: Beyond so many times a page ends with the day: it stays short, on a telephone too.
_MOST_TIMES = 200


@dataclass(frozen=True, slots=True)
class Option:
    """One of those that can be chosen."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its free times."""

    label: str
    times: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Free times of some days, in a zone."""

    days: tuple[Day, ...]
    first_day: date
    earlier: date | None  #: where the days before begin, None if none is to come
    later: date | None


def people_of(business: BookableBusiness, service: Service) -> tuple[Option, ...]:
    """Return the people of whom one can be asked for."""
    needs = service.booking.needs if service.booking else ()
    found = {
        person.key: Option(person.key, person.name)
        for need in needs
        if not need.rooms
        for person in need.candidates(business.people, ())
    }
    return tuple(found.values())


@cache
def zone_names() -> tuple[str, ...]:
    """Return the zones that can be chosen, each of those that are alike once."""
    names: Iterable[str] = get_global("zone_territories")
    return tuple(sorted(name for name in {*names} & available_timezones() if "/" in name))


def read_zone(text: str, *, business: BookableBusiness) -> ZoneInfo | None:
    """Return the zone that was chosen, the business's if none was; None for one that there is not."""
    if not text or text == business.zone:
        return ZoneInfo(business.zone)
    return ZoneInfo(text) if text in zone_names() else None


def read_start(text: str) -> datetime | None:
    """Return a start as a page sends it; None if it is none.

    >>> read_start("2027-03-02T16:00Z"), read_start("tomorrow"), read_start("2027-03-02T16:00")
    (datetime.datetime(2027, 3, 2, 16, 0, tzinfo=datetime.timezone.utc), None, None)
    """
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_plausible = start.tzinfo is not None and FIRST_YEAR < start.year < LAST_YEAR
    return start if is_plausible else None


def read_day(text: str) -> date | None:
    """Return a day as a browser sends it; None if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR < day.year < LAST_YEAR else None


def start_value(start: datetime) -> str:
    """Return a start as a page sends it."""
    return f"{instant(int(start.timestamp())):%Y-%m-%dT%H:%MZ}"


def list_times(
    availability: Availability,
    business: BookableBusiness,
    wish: Wish,
    *,
    zone: ZoneInfo,
    first_day: date | None,
    clock: Clock,
) -> Times:
    """Return the free times of a week, by days of the zone; where it has none, of the week of the first that is free.

    first_day: None for today. Raises NotBookableError, BookingsUnavailableError.
    """
    now = clock.now()
    today = now.astimezone(zone).date()
    day = max(first_day or today, today)
    starts = _starts(availability, business, wish, zone=zone, first_day=day, now=now)
    if not starts:
        first = availability.first_free(business, wish, begins=first_instant(day, zone))
        if first is not None:
            day = first.astimezone(zone).date()
            starts = _starts(availability, business, wish, zone=zone, first_day=day, now=now)
    days, following = _by_day(starts, first_day=day)
    last = availability.first_free(business, wish, begins=first_instant(following, zone)) if days else None
    return Times(
        days=days,
        first_day=day,
        earlier=max(today, day - _WEEK) if day > today else None,
        later=None if last is None else last.astimezone(zone).date(),
    )


def _starts(
    availability: Availability,
    business: BookableBusiness,
    wish: Wish,
    *,
    zone: ZoneInfo,
    first_day: date,
    now: datetime,
) -> list[datetime]:
    begins = max(now, first_instant(first_day, zone))
    ends = first_instant(first_day + _WEEK, zone)
    listing = availability.list_free(business, wish, begins=begins, ends=ends)
    return [instant(free.starts).astimezone(zone) for free in listing.free]


def _by_day(starts: list[datetime], *, first_day: date) -> tuple[tuple[Day, ...], date]:
    """Return the days that fit on a page, and the day after them."""
    days: list[Day] = []
    count = 0
    for date_, of_day in groupby(starts, key=datetime.date):
        moments = list(of_day)
        if days and count + len(moments) > _MOST_TIMES:
            return tuple(days), date_
        count += len(moments)
        days.append(Day(day_words(moments[0]), tuple(map(Option, map(start_value, moments), _labels(moments)))))
    return tuple(days), first_day + _WEEK


def _labels(moments: list[datetime]) -> list[str]:
    """Return the times of one day; two that the clock shows alike with their abbreviation."""
    labels = [time_of_day_words(moment) for moment in moments]
    return [
        f"{label} {moment:%Z}" if labels.count(label) > 1 else label
        for label, moment in zip(labels, moments, strict=True)
    ]
