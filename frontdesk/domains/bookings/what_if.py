"""Another schedule tried on what was booked: which bookings would not have fitted, and how full people would be.

Each booking is placed by the question that listing and booking ask (questions.py, free_time.py), once by the file in
force and once by the other one, in the order in which they were booked. It reads no clock and no database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from frontdesk.core.tenant.fields import WEEKDAYS, Weekday
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.core.wall_clock import first_instant
from frontdesk.domains.bookings.free_time import Candidate, Free, Place, Question, Refused, look_at
from frontdesk.domains.bookings.outside_times import person_named
from frontdesk.domains.bookings.questions import (
    Wish,
    bookable_service,
    first_and_last,
    full_days,
    put_question,
    resource_name,
)
from frontdesk.domains.catalogue.open_times import (
    OpenTimes,
    Period,
    Periods,
    instant,
    resource_times,
    seconds,
    service_times,
)
from frontdesk.domains.catalogue.resources import Need, Resource
from frontdesk.domains.catalogue.settings import BookableBusiness, Service

Change = Literal["lost", "gained", "reassigned"]
#: Why a booking would not fit where no rule of free_time.Rule says so.
TAKEN: Final = "taken"
NO_SERVICE: Final = "service"

_DAY = 86_400
_USUAL_LENGTH = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBooking:
    """A booking as far as it takes up time. Instants are aware."""

    booking_id: str
    source: str
    service_key: str | None
    service_name: str | None
    staff_name: str | None  #: who does it; several by commas
    booked_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    is_moved: bool  #: whether it was asked for at another time than this

    @property
    def is_held_to_terms(self) -> bool:
        """Whether notice, horizon and offered starts are known to hold for it: made here, and never moved."""
        return self.source == FRONTDESK_SOURCE and not self.is_moved

    @property
    def own_length(self) -> int | None:
        """The seconds that it says it takes; None if it does not."""
        if self.ends_at is None or self.ends_at <= self.starts_at:
            return None
        return int((self.ends_at - self.starts_at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What becomes of a booking by one file: its people and rooms, or why it does not fit."""

    resources: tuple[str, ...] = ()
    refusal: str | None = None  #: a rule's name, `taken`, or `service`: it is not booked here

    @property
    def fits(self) -> bool:
        """Whether it can be booked."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedBooking:
    """A booking by both files."""

    booking: PastBooking
    before: Placed
    after: Placed

    @property
    def change(self) -> Change | None:
        """What the other file changes of it; None: nothing."""
        if self.before.fits != self.after.fits:
            return "lost" if self.before.fits else "gained"
        if self.before.fits and sorted(self.before.resources) != sorted(self.after.resources):
            return "reassigned"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How full a person, a room or a service is on one weekday, by both files, in minutes of all such days."""

    resource: str
    weekday: Weekday
    before_booked: int
    before_open: int  #: as many times as it takes bookings at the same time
    after_booked: int
    after_open: int

    @property
    def is_changed(self) -> bool:
        """Whether the other file changes it."""
        return (self.before_booked, self.before_open) != (self.after_booked, self.after_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedSchedule:
    """What was tried: bookings in the order in which they were booked, use by resource and weekday."""

    bookings: Sequence[TriedBooking] = ()
    kept: Sequence[PastBooking] = ()  #: of what neither file lets be booked here: they stay as they are
    usage: Sequence[Usage] = ()
    days: tuple[date, date] | None = None  #: the first and the last day of the bookings

    @property
    def changed(self) -> list[TriedBooking]:
        """Bookings of which the other file changes something, by their start."""
        found = [each for each in self.bookings if each.change is not None]
        return sorted(found, key=lambda each: (each.booking.starts_at, each.booking.booking_id))

    def count(self, change: Change) -> int:
        """Return of how many bookings it changes this."""
        return sum(each.change == change for each in self.bookings)

    @property
    def fit_neither(self) -> list[TriedBooking]:
        """Bookings that the file in force would refuse too: they are in no use of any person."""
        return [each for each in self.bookings if not each.before.fits and not each.after.fits]

    @property
    def has_changes(self) -> bool:
        """Whether the other file changes anything."""
        return bool(self.changed) or any(each.is_changed for each in self.usage)


def try_schedule(
    bookings: Iterable[PastBooking], *, in_force: BookableBusiness, tried: BookableBusiness
) -> TriedSchedule:
    """Return what becomes of bookings by the file in force and by another one.

    Who booked first is placed first, with whom it was if they are free, else with another who could do it. Raises
    ConfigurationError for public holidays of a country that is not known.
    """
    asked = sorted(bookings, key=lambda each: (each.booked_at, each.booking_id))
    if not asked:
        return TriedSchedule()
    kept = [each for each in asked if not any(_is_booked_here(file, each) for file in (in_force, tried))]
    kept_ids = {each.booking_id for each in kept}
    judged = [each for each in asked if each.booking_id not in kept_ids]
    changed_lengths = _changed_lengths(in_force, tried)
    before = _Replay(in_force)
    after = _Replay(tried, new_lengths=changed_lengths)
    for replay in (before, after):
        for booking in kept:
            replay.keep(booking)
    compared = [
        TriedBooking(booking=booking, before=before.place(booking), after=after.place(booking)) for booking in judged
    ]
    days = _days_of(asked, zone=ZoneInfo(in_force.zone))
    return TriedSchedule(
        bookings=compared, kept=kept, usage=list(_compare_usage(before, after, days=days)), days=days
    )


def _is_booked_here(business: BookableBusiness, booking: PastBooking) -> bool:
    service = business.find_service(booking.service_key) if booking.service_key else None
    return service is not None and service.booking is not None


def _changed_lengths(in_force: BookableBusiness, tried: BookableBusiness) -> frozenset[str]:
    """Return the services that take another time by the other file: what a booking itself says is not so there."""
    before = {service.key: service.duration_minutes for service in in_force.services}
    return frozenset(
        each.key for each in tried.services if each.duration_minutes != before.get(each.key, each.duration_minutes)
    )


class _Claims:
    """What is taken of each resource, found by the days (of UTC) that it touches."""

    def __init__(self) -> None:
        self._by_day: defaultdict[tuple[str, int], list[tuple[int, Period]]] = defaultdict(list)

    def add(self, place: Place, period: Period) -> None:
        for day in _days_touched(period):
            self._by_day[place.resource, day].append((place.lane, period))

    def around(self, resource: str, period: Period) -> dict[int, Periods]:
        found: defaultdict[int, list[Period]] = defaultdict(list)
        for day in _days_touched(period):
            for lane, taken in self._by_day.get((resource, day), ()):
                found[lane].append(taken)
        return {lane: Periods(periods) for lane, periods in found.items()}


class _Replay:
    """The bookings of one business as one file of it would place them."""

    def __init__(self, business: BookableBusiness, *, new_lengths: frozenset[str] = frozenset()) -> None:
        """new_lengths: services whose bookings take what the file says, whatever they say themselves."""
        self.business = business
        self.booked: defaultdict[tuple[str, Weekday], int] = defaultdict(int)  #: seconds without buffers
        self._zone = ZoneInfo(business.zone)
        self._new_lengths = new_lengths
        self._claims = _Claims()
        self._counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._questions: dict[tuple[str, date], Question] = {}

    def keep(self, booking: PastBooking) -> None:
        """Let a booking of something else take the time of whom it names, over whatever is there."""
        person = person_named(self.business, booking.staff_name)
        if person is None and len(self.business.people) == 1:
            person = self.business.people[0]
        if person is not None:
            begins = seconds(booking.starts_at)
            period = Period(begins, begins + (booking.own_length or _USUAL_LENGTH))
            self._take((Place(resource_name("person", person.key), 0),), period, taken=period)

    def place(self, booking: PastBooking) -> Placed:
        """Place a booking, or tell why it does not fit; what does not fit takes nothing."""
        if not _is_booked_here(self.business, booking):
            return Placed(refusal=NO_SERVICE)
        service, question = self._question(booking)
        start = seconds(booking.starts_at)
        found = look_at(question, start)
        if isinstance(found, Refused):
            return Placed(refusal=TAKEN if found.rule is None else found.rule.value)
        self._put(found, service, question)
        return Placed(resources=tuple(place.resource for place in found.places))

    def _put(self, found: Free, service: Service, question: Question) -> None:
        taken = Period(found.starts - question.before, found.ends + question.after)
        self._take(found.places, Period(found.starts, found.ends), taken=taken)
        day, counts = self._local_day(found.starts).isoformat(), self._counts[service.key]
        counts[day] = counts.get(day, 0) + 1

    def _take(self, places: Iterable[Place], period: Period, *, taken: Period) -> None:
        weekday = WEEKDAYS[self._local_day(period.begins).weekday()]
        for place in places:
            self._claims.add(place, taken)
            self.booked[place.resource, weekday] += period.ends - period.begins

    def _question(self, booking: PastBooking) -> tuple[Service, Question]:
        """Return the question about one booking's start, where those before it are placed."""
        service, terms = bookable_service(self.business, booking.service_key or "")
        start = seconds(booking.starts_at)
        question = self._question_of_day(service, self._local_day(start))
        if service.key not in self._new_lengths and booking.own_length is not None:
            question = replace(question, duration=booking.own_length)
        if booking.is_held_to_terms:
            earliest, latest = first_and_last(terms, booking.booked_at)
            question = replace(question, earliest=earliest, latest=latest)
        else:
            question = replace(question, earliest=start, latest=start, starts=(start,))
        around = Period(start - question.before, start + question.duration + question.after)
        preferred = set(self._preferred(booking))
        needs = tuple(self._as_taken(each, around=around, preferred=preferred) for each in question.needs)
        day = self._local_day(start).isoformat()
        full = full_days(self.business, terms, {day: self._counts[service.key].get(day, 0)})
        return service, replace(question, full=full, needs=needs)

    def _question_of_day(self, service: Service, day: date) -> Question:
        """Return the question about a day's starts, where nothing is taken yet."""
        if (service.key, day) not in self._questions:
            begins, ends = (first_instant(each, self._zone) for each in (day, day + timedelta(days=1)))
            self._questions[service.key, day] = put_question(
                self.business,
                Wish(service_key=service.key),
                window=Period(seconds(begins), seconds(ends)),
                now=begins,
                taken={},
                counts={},
            )
        return self._questions[service.key, day]

    def _as_taken(
        self, candidates: tuple[Candidate, ...], *, around: Period, preferred: set[str]
    ) -> tuple[Candidate, ...]:
        ordered = sorted(candidates, key=lambda each: each.resource not in preferred)
        return tuple(replace(each, taken=self._claims.around(each.resource, around)) for each in ordered)

    def _preferred(self, booking: PastBooking) -> Iterator[str]:
        for name in (booking.staff_name or "").split(","):
            person = person_named(self.business, name)
            if person is not None:
                yield resource_name("person", person.key)

    def _local_day(self, at: int) -> date:
        return instant(at).astimezone(self._zone).date()


def _compare_usage(before: _Replay, after: _Replay, *, days: tuple[date, date]) -> Iterator[Usage]:
    opened = [_open_minutes(replay.business, days=days) for replay in (before, after)]
    booked = [{key: taken // 60 for key, taken in replay.booked.items()} for replay in (before, after)]
    keys: set[tuple[str, Weekday]] = set().union(*opened, *booked)
    for resource, weekday in sorted(keys, key=lambda key: (key[0], WEEKDAYS.index(key[1]))):
        key = (resource, weekday)
        yield Usage(
            resource=resource,
            weekday=weekday,
            before_booked=booked[0].get(key, 0),
            before_open=opened[0].get(key, 0),
            after_booked=booked[1].get(key, 0),
            after_open=opened[1].get(key, 0),
        )


def _open_minutes(business: BookableBusiness, *, days: tuple[date, date]) -> dict[tuple[str, Weekday], int]:
    """Return how long each person, room and service can be booked on each weekday of some days.

    A person or room: while it is there and some service that needs it can be had.
    """
    found: defaultdict[tuple[str, Weekday], int] = defaultdict(int)
    services: defaultdict[str, list[OpenTimes]] = defaultdict(list)
    resources: dict[str, tuple[int, OpenTimes | None]] = {}
    for service in business.services:
        if service.booking is None:
            continue
        times = service_times(business, service, first=days[0], last=days[1])
        for name, resource in _resources_of(business, service.booking.needs):
            services[name].append(times)
            if name not in resources:
                own = resource_times(business, resource, first=days[0], last=days[1])
                resources[name] = (resource.capacity, own)
        if service.booking.own_capacity is not None:
            name = resource_name("service", service.key)
            services[name].append(times)
            resources[name] = (service.booking.own_capacity, None)
    for name, (capacity, own) in resources.items():
        for number in range((days[1] - days[0]).days + 1):
            of_day = Periods(period for times in services[name] for period in times.days[number])
            weekday = WEEKDAYS[(days[0] + timedelta(days=number)).weekday()]
            length = _total(of_day) if own is None else _shared(of_day, Periods(own.days[number]))
            if length:
                found[name, weekday] += capacity * length // 60
    return dict(found)


def _resources_of(business: BookableBusiness, needs: Sequence[Need]) -> Iterator[tuple[str, Resource]]:
    for need in needs:
        for resource in need.candidates(business.people, business.rooms):
            yield resource_name("room" if need.rooms else "person", resource.key), resource


def _total(periods: Periods) -> int:
    return sum(each.ends - each.begins for each in periods)


def _shared(some: Periods, others: Periods) -> int:
    return sum(max(0, min(a.ends, b.ends) - max(a.begins, b.begins)) for a in some for b in others)


def _days_of(bookings: Sequence[PastBooking], *, zone: ZoneInfo) -> tuple[date, date]:
    days = [each.starts_at.astimezone(zone).date() for each in bookings]
    return min(days), max(days)


def _days_touched(period: Period) -> range:
    return range(period.begins // _DAY, (period.ends - 1) // _DAY + 1)
