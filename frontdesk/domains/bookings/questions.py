"""Puts the question which starts of a service are free, from a business's terms and what is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from frontdesk.core.wall_clock import opening_instant
from frontdesk.domains.bookings.errors import NotBookableError
from frontdesk.domains.bookings.free_time import Candidate, Question, offered_starts
from frontdesk.domains.bookings.store import Taken, count_by_day, read_taken
from frontdesk.domains.catalogue.booking_terms import BookingTerms
from frontdesk.domains.catalogue.open_times import Period, Periods, instant, resource_times, seconds, service_times
from frontdesk.domains.catalogue.resources import Need, Resource
from frontdesk.domains.catalogue.settings import BookableBusiness, Service

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to book, but for when."""

    service_key: str
    person: str | None = None  #: this person alone
    besides: str | None = None  #: the booking that is to be moved: its own time is not in its way
    prefers: tuple[str, ...] = ()  #: resources that are taken before others that would do: those it has


def ask(connection: Connection, business: BookableBusiness, wish: Wish, *, window: Period, now: datetime) -> Question:
    """Return the question about the starts of a window, as of now.

    Raises NotBookableError for a service or person that can't be booked.
    """
    service, terms = bookable_service(business, wish.service_key)
    before, after = buffers(terms)
    around = Period(window.begins - before, window.ends + service.duration_minutes * 60 + after)
    taken = read_taken(connection, business.slug, window=around, now=now, besides=wish.besides)
    counts: Mapping[str, int] = {}
    if terms.daily_cap is not None:
        first, last = (day.isoformat() for day in _days_around(business, service, window))
        counts = count_by_day(
            connection, business.slug, service.key, first=first, last=last, now=now, besides=wish.besides
        )
    return put_question(business, wish, window=window, now=now, taken=taken, counts=counts)


def put_question(
    business: BookableBusiness,
    wish: Wish,
    *,
    window: Period,
    now: datetime,
    taken: Taken,
    counts: Mapping[str, int],
) -> Question:
    """Return the question about the starts of a window, where so much is taken; see ask.

    counts: how many of the service begin on each day, such as 2027-03-14.
    """
    service, terms = bookable_service(business, wish.service_key)
    days = _days_around(business, service, window)
    before, after = buffers(terms)
    times = service_times(business, service, first=days[0], last=days[1])
    earliest, latest = first_and_last(terms, now)
    return Question(
        duration=service.duration_minutes * 60,
        before=before,
        after=after,
        starts=offered_starts(times, every=_seconds_of(terms.every), window=window),
        earliest=earliest,
        latest=latest,
        times=times,
        full=full_days(business, terms, counts),
        needs=_needs(business, service, terms, wish=wish, taken=taken, days=days),
    )


def buffers(terms: BookingTerms) -> tuple[int, int]:
    """Return the seconds that are taken up before and after what is booked."""
    return _seconds_of(terms.buffer_before), _seconds_of(terms.buffer_after)


def first_and_last(terms: BookingTerms, now: datetime) -> tuple[int, int]:
    """Return the first and the last start that notice and horizon allow to whoever asks now."""
    return -int(-(now + terms.notice).timestamp() // 1), seconds(now + terms.horizon)


def full_days(business: BookableBusiness, terms: BookingTerms, counts: Mapping[str, int]) -> Periods:
    """Return the days on which no more of a service may begin, of how many begin on each."""
    if terms.daily_cap is None:
        return Periods()
    zone = ZoneInfo(business.zone)
    full = [date.fromisoformat(day) for day, count in counts.items() if count >= terms.daily_cap]
    return Periods(
        Period(*(seconds(opening_instant(each, _MIDNIGHT, zone)) for each in (day, day + _DAY))) for day in full
    )


def bookable_service(business: BookableBusiness, key: str) -> tuple[Service, BookingTerms]:
    """Return a service and its terms. Raises NotBookableError if it is none, or has none."""
    service = business.find_service(key)
    if service is None or service.booking is None:
        bookable = [each.key for each in business.services if each.booking is not None]
        what = "is no service" if service is None else "is not booked here"
        remedy = f"use one of {', '.join(bookable)}" if bookable else "no service is"
        raise NotBookableError(f"service_key: {key} {what}; {remedy}", reason="not-bookable", rule="service")
    return service, service.booking


def resource_name(kind: str, key: str) -> str:
    """Return what a claim calls a person, a room or a service.

    >>> resource_name("person", "tess")
    'person:tess'
    """
    return f"{kind}:{key}"


def _needs(
    business: BookableBusiness,
    service: Service,
    terms: BookingTerms,
    *,
    wish: Wish,
    taken: Taken,
    days: tuple[date, date],
) -> tuple[tuple[Candidate, ...], ...]:
    found = [_candidates(business, need, taken=taken, days=days) for need in terms.needs]
    if wish.prefers:
        found = [tuple(sorted(each, key=lambda one: one.resource not in wish.prefers)) for each in found]
    if wish.person is not None:
        found = _narrowed(found, resource_name("person", wish.person), wish=wish)
    if terms.own_capacity is not None:
        own = resource_name("service", service.key)
        found.append((Candidate(resource=own, capacity=terms.own_capacity, taken=taken.get(own, {})),))
    return tuple(found)


def _candidates(
    business: BookableBusiness, need: Need, *, taken: Taken, days: tuple[date, date]
) -> tuple[Candidate, ...]:
    kind = "room" if need.rooms else "person"

    def candidate(resource: Resource) -> Candidate:
        name = resource_name(kind, resource.key)
        times = resource_times(business, resource, first=days[0], last=days[1])
        return Candidate(resource=name, capacity=resource.capacity, times=times, taken=taken.get(name, {}))

    return tuple(map(candidate, need.candidates(business.people, business.rooms)))


def _narrowed(needs: list[tuple[Candidate, ...]], person: str, *, wish: Wish) -> list[tuple[Candidate, ...]]:
    """Return the needs with one person for the first that they could meet. Raises NotBookableError if none."""
    for number, candidates in enumerate(needs):
        own = tuple(each for each in candidates if each.resource == person)
        if own:
            return [*needs[:number], own, *needs[number + 1 :]]
    raise NotBookableError(
        f"person: {wish.person} does not do {wish.service_key}; leave the person out, or name another",
        reason="not-bookable",
        rule="person",
    )


def _days_around(business: BookableBusiness, service: Service, window: Period) -> tuple[date, date]:
    """Return the days that a window's bookings can lie in, and one more on either side."""
    zone = ZoneInfo(business.zone)
    first = instant(window.begins).astimezone(zone).date()
    last = instant(window.ends + service.duration_minutes * 60).astimezone(zone).date()
    # What is open on the day before or after can begin or end in it.
    return first - _DAY, last + _DAY


def _seconds_of(duration: timedelta) -> int:
    return int(duration.total_seconds())


def window_of(begins: datetime, ends: datetime) -> Period:
    """Return the starts from an instant until another as a window: whole seconds, none before the first."""
    return Period(-int(-begins.astimezone(UTC).timestamp() // 1), -int(-ends.astimezone(UTC).timestamp() // 1))
