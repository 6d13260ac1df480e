"""What is listed can be booked and nothing else can: over made-up calendars, on the odd days of every zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from frontdesk.core.log.database import open_database, writing
from frontdesk.core.log.envelope import Appended
from frontdesk.core.tenant.fields import WEEKDAYS
from frontdesk.core.tenant.files import read_as
from frontdesk.core.wall_clock import closing_instant, opening_instant
from frontdesk.domains.bookings import projection
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.booking import Booking, Place, local_text
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.errors import NotBookableError, SlotTakenError
from frontdesk.domains.bookings.free_time import Free, look_at
from frontdesk.domains.bookings.questions import Wish, ask
from frontdesk.domains.catalogue.open_times import Period, instant, seconds
from frontdesk.domains.prices.settings import PricedBusiness
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, bookings_of, document

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST, YEARS = date(2027, 1, 1), 2
#: Days on which some zone's clock jumps.
ODD_DAYS: list[tuple[str, date]] = []
QUARTERS = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(0, 24 * 60, 15)]
SLUGS = count()


def odd_days() -> list[tuple[str, date]]:
    if not ODD_DAYS:
        for name in sorted(available_timezones()):
            zone = ZoneInfo(name)
            before = None
            for number in range(366 * YEARS):
                day = FIRST + number * DAY
                offset = datetime.combine(day, time(0), tzinfo=zone).utcoffset()
                if before is not None and offset != before:
                    ODD_DAYS.append((name, day - DAY))
                before = offset
    return ODD_DAYS


@dataclass(frozen=True)
class Calendar:
    """A business at a time, and what is taken of it."""

    business: PricedBusiness
    now: datetime
    day: date
    taken: tuple[tuple[str, int, int, int], ...]  #: resource, lane, minutes after the day's UTC midnight, length


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    # By a seed: Hypothesis's own choices lean to the first of each list, where nothing is needed and nothing taken.
    rng = Random(draw(st.integers(0, 2**32)))
    zone, day = rng.choice(odd_days())
    people = [_person(rng, key, day) for key in ("a", "b", "c")[: rng.randint(1, 3)]]
    rooms = [{"key": "r", "name": "R", "capacity": rng.randint(1, 2)}]
    needs: list[dict[str, Any]] = rng.choice(
        [
            [],
            [{"skill": "s"}],
            [{"people": [each["key"] for each in people]}],
            [{"skill": "s"}, {"rooms": ["r"]}],
            [{"skill": "s"}, {"skill": "s"}],
        ]
    )
    terms = {
        "needs": needs,
        "every": rng.choice(["5m", "15m", "25m", "1h"]),
        "buffer_before": rng.choice([None, "5m", "1h"]),
        "buffer_after": rng.choice([None, "10m", "1h"]),
        "notice": rng.choice([None, "1h", "20h"]),
        "horizon": rng.choice(["48h", "60d"]),
        "capacity": rng.choice([None, None, 2]),
        "daily_cap": rng.choice([None, None, 1, 3]),
    }
    service = {
        "key": "x",
        "name": "X",
        "price": 1,
        "duration_minutes": rng.choice([15, 45, 90, 240]),
        "booking": {name: value for name, value in terms.items() if value is not None},
    }
    if rng.random() < 0.3:
        service["hours"] = _hours(rng)
    business = document(
        slug=f"s{next(SLUGS)}",
        zone=zone,
        hours={
            weekday: [_hours(rng) for _ in range(rng.randint(1, 2))] for weekday in WEEKDAYS if rng.random() < 0.8
        },
        exceptions=[] if rng.random() < 0.6 else [_exception(rng, day)],
        services=[service],
        people=people,
        rooms=rooms,
    )
    now = datetime.combine(day, time(rng.randint(0, 23), rng.choice([0, 15, 25])), tzinfo=UTC) - DAY * rng.randint(
        0, 2
    )
    names = [*(f"person:{each['key']}" for each in people), "room:r", "service:x"]
    taken = tuple(
        (rng.choice(names), rng.randint(0, 1), rng.randint(-120, 340) * 5, rng.choice([5, 60, 400])) for _ in range(9)
    )
    return Calendar(read_as(PricedBusiness, business, name="made up"), now, day, taken)


def _hours(rng: Random) -> dict[str, str]:
    opens, closes = sorted(rng.sample(range(len(QUARTERS) + 1), 2))
    return {"opens": QUARTERS[opens], "closes": QUARTERS[closes] if closes < len(QUARTERS) else "24:00"}


def _exception(rng: Random, day: date) -> dict[str, Any]:
    first = day + DAY * rng.randint(-1, 1)
    return {"day": first.isoformat(), "hours": [] if rng.random() < 0.5 else [_hours(rng)]}


def _person(rng: Random, key: str, day: date) -> dict[str, Any]:
    person: dict[str, Any] = {"key": key, "name": key, "skills": ["s"], "capacity": rng.choice([1, 1, 2])}
    if rng.random() < 0.5:
        person["hours"] = {weekday: [_hours(rng)] for weekday in WEEKDAYS if rng.random() < 0.8}
    if rng.random() < 0.3:
        person["exceptions"] = [_exception(rng, day)]
    return person


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    file: Path = tmp_path_factory.mktemp("calendars") / "frontdesk.db"
    engine = open_database(f"sqlite:///{file}")
    yield engine
    engine.dispose()


WISH = Wish(service_key="x")


def _check(engine: Engine, calendar: Calendar) -> None:
    clock = SetClock(calendar.now)
    _take(engine, calendar)
    begins = datetime.combine(calendar.day, time(0), tzinfo=UTC) - DAY / 2
    ends = begins + 2 * DAY
    availability = Availability(engine, clock=clock)

    listed = availability.list_free(calendar.business, WISH, begins=begins, ends=ends).free

    starts = [free.starts for free in listed]
    # Those that are listed, their neighbours, and some between: asked one by one, as a booking asks.
    asked = {start + step for start in starts for step in (0, 300, 900)} | {
        *range(seconds(begins), seconds(ends), 2700)
    }
    with engine.connect() as connection:
        for start in sorted(each for each in asked if each < seconds(ends)):
            window = Period(start, start + 1)
            found = look_at(ask(connection, calendar.business, WISH, window=window, now=calendar.now), start)
            assert isinstance(found, Free) == (start in starts), (instant(start), found)
    assert starts == _oracle(calendar, Period(seconds(begins), seconds(ends)))
    _book_some(bookings_of(engine, clock), calendar, starts)


def _book_some(bookings: Bookings, calendar: Calendar, starts: list[int]) -> None:
    """What is listed books as it is listed; what stands between is refused for what it is."""
    if not starts:
        return
    known = bookings.create(
        calendar.business, WISH, starts_at=instant(starts[len(starts) // 2]), contact=ANA, request=BY
    )
    assert seconds(known.booking.starts_at) in starts
    with pytest.raises((SlotTakenError, NotBookableError)):
        bookings.create(calendar.business, WISH, starts_at=instant(starts[0] - 1), contact=ANA, request=BY)


def _take(engine: Engine, calendar: Calendar) -> None:
    slug, midnight = calendar.business.slug, datetime.combine(calendar.day, time(0), tzinfo=UTC)
    with writing(engine) as connection:
        for number, (resource, lane, offset, length) in enumerate(calendar.taken):
            starts_at = midnight + offset * MINUTE
            booking = Booking(
                booking_id=f"b{number}",
                status="confirmed",
                service_key="x" if number % 2 else "other",
                service="X",
                starts_at=starts_at,
                ends_at=starts_at + length * MINUTE,
                taken_from=starts_at,
                taken_until=starts_at + length * MINUTE,
                zone=calendar.business.zone,
                starts_at_local=local_text(starts_at, calendar.business.zone),
                places=(Place(resource=resource, lane=lane),),
            )
            with suppress(IntegrityError):  # what overlaps is left out
                projection.put(connection, slug, booking, Appended(f"{slug}-{number}", 0, is_new=True))


# The same again by sets of minutes.


def _oracle(calendar: Calendar, window: Period) -> list[int]:
    business = calendar.business
    [service] = business.services
    terms = service.booking
    assert terms is not None
    zone = ZoneInfo(business.zone)
    days = [calendar.day + DAY * number for number in range(-3, 5)]
    week = {day: hours for day, hours in business.hours.items() if hours}
    if service.hours is not None:
        week = dict.fromkeys(week, (service.hours,))
    changed = {each.day: each.hours for each in business.exceptions}
    periods = [
        (_minute(opening_instant(day, hours.opens, zone)), _minute(closing_instant(day, hours.closes, zone)))
        for day in days
        for hours in changed.get(day, week.get(WEEKDAYS[day.weekday()], ()))
    ]
    is_open = {minute for begins, ends in periods for minute in range(begins, ends)}
    every = int(terms.every / MINUTE)
    offered = {minute for begins, ends in periods for minute in range(begins, ends, every)}
    busy, present = _busy(calendar), _presence(calendar, days)
    cap = _counted(calendar)
    found = []
    for start in sorted(offered):
        at = datetime.fromtimestamp(start * 60, tz=UTC)
        if not (window.begins <= start * 60 < window.ends and calendar.now + terms.notice <= at):
            continue
        if at > calendar.now + terms.horizon or not is_open.issuperset(
            range(start, start + service.duration_minutes)
        ):
            continue
        if terms.daily_cap is not None and cap.get(at.astimezone(zone).date(), 0) >= terms.daily_cap:
            continue
        lengths = (int(terms.buffer_before / MINUTE), service.duration_minutes, int(terms.buffer_after / MINUTE))
        if _can_be_served(calendar, start, lengths, busy=busy, present=present):
            found.append(start * 60)
    return found


def _can_be_served(
    calendar: Calendar,
    start: int,
    lengths: tuple[int, int, int],
    *,
    busy: dict[str, dict[int, set[int]]],
    present: dict[str, set[int]],
) -> bool:
    business = calendar.business
    terms = business.services[0].booking
    assert terms is not None
    before, duration, after = lengths
    taken_up = range(start - before, start + duration + after)

    def is_free(resource: str, capacity: int) -> bool:
        lanes = [lane for lane, minutes in busy.get(resource, {}).items() if not minutes.isdisjoint(taken_up)]
        return len(lanes) < capacity

    wanted_people = 0
    wants_room = False
    for need in terms.needs:
        wanted_people += not need.rooms
        wants_room |= bool(need.rooms)
    able = [
        person
        for person in business.people
        if present[person.key].issuperset(range(start, start + duration))
        and is_free(f"person:{person.key}", person.capacity)
    ]
    own = terms.capacity if terms.capacity is not None or terms.needs else 1
    return (
        len(able) >= wanted_people
        and (not wants_room or is_free("room:r", business.rooms[0].capacity))
        and (own is None or is_free("service:x", own))
    )


def _presence(calendar: Calendar, days: list[date]) -> dict[str, set[int]]:
    """Return the minutes in which each person can be booked."""
    zone = ZoneInfo(calendar.business.zone)
    found: dict[str, set[int]] = {}
    for person in calendar.business.people:
        there = found.setdefault(person.key, set())
        for day in days:
            changed = [each.hours for each in person.exceptions if each.day == day]
            if changed:
                hours = changed[0]
            elif person.hours is not None:
                hours = person.hours.get(WEEKDAYS[day.weekday()], ())
            else:
                there.update(
                    _minutes_between(opening_instant(day, time(0), zone), closing_instant(day, time.max, zone))
                )
                continue
            for each in hours:
                opens, closes = opening_instant(day, each.opens, zone), closing_instant(day, each.closes, zone)
                there.update(_minutes_between(opens, closes))
    return found


def _minutes_between(begins: datetime, ends: datetime) -> range:
    return range(_minute(begins), _minute(ends))


def _busy(calendar: Calendar) -> dict[str, dict[int, set[int]]]:
    midnight = _minute(datetime.combine(calendar.day, time(0), tzinfo=UTC))
    busy: dict[str, dict[int, set[int]]] = {}
    for resource, lane, offset, length in calendar.taken:
        minutes = busy.setdefault(resource, {}).setdefault(lane, set())
        taken = set(range(midnight + offset, midnight + offset + length))
        if minutes.isdisjoint(taken):
            minutes |= taken
    return busy


def _counted(calendar: Calendar) -> dict[date, int]:
    """Return how many bookings of the service begin on each day, of those that did not overlap."""
    midnight, zone = datetime.combine(calendar.day, time(0), tzinfo=UTC), ZoneInfo(calendar.business.zone)
    kept: list[tuple[str, int, int, int]] = []
    counts: dict[date, int] = {}
    for number, (resource, lane, offset, length) in enumerate(calendar.taken):
        clash = any(
            (resource, lane) == (other[0], other[1]) and offset < other[2] + other[3] and other[2] < offset + length
            for other in kept
        )
        if clash:
            continue
        kept.append((resource, lane, offset, length))
        if number % 2:
            day = (midnight + offset * MINUTE).astimezone(zone).date()
            counts[day] = counts.get(day, 0) + 1
    return counts


def _minute(at: datetime) -> int:
    return seconds(at) // 60


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calendar=calendars())
def test_what_is_listed_books_and_nothing_else_does(engine: Engine, calendar: Calendar) -> None:
    _check(engine, calendar)


@pytest.mark.slow
@pytest.mark.timeout(3_600)  # a quarter of an hour on this kind of machine
@settings(max_examples=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calendar=calendars())
def test_what_is_listed_books_over_ten_thousand_calendars(engine: Engine, calendar: Calendar) -> None:
    _check(engine, calendar)
