"""When something is open: weekly hours, exceptions and public holidays as periods of elapsed time.

Instants are whole seconds since 1970, in UTC. Days are the business's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from frontdesk.core.tenant.business import OpenHours
from frontdesk.core.tenant.fields import WEEKDAYS, Weekday
from frontdesk.core.wall_clock import closing_instant, opening_instant
from frontdesk.domains.catalogue.public_holidays import holidays_of
from frontdesk.domains.catalogue.resources import DayException, Resource
from frontdesk.domains.catalogue.settings import BookableBusiness, Service

Week = Mapping[Weekday, tuple[OpenHours, ...]]
_CLOSED: tuple[OpenHours, ...] = ()


class Period(NamedTuple):
    """From an instant until another, which is not in it."""

    begins: int
    ends: int


class Periods:
    """Periods in order, none of which touches another: questions of them take a look-up."""

    __slots__ = ("_begins", "_ends")

    def __init__(self, periods: Iterable[Period] = ()) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        for begins, ends in sorted(periods):
            if self._ends and begins <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], ends)
            elif begins < ends:
                self._begins.append(begins)
                self._ends.append(ends)

    def __iter__(self) -> Iterator[Period]:
        return map(Period, self._begins, self._ends)

    def cover(self, begins: int, ends: int) -> bool:
        """Tell whether all of a time is in one of the periods."""
        found = bisect_right(self._begins, begins) - 1
        return found >= 0 and ends <= self._ends[found]

    def touch(self, begins: int, ends: int) -> bool:
        """Tell whether some of a time is in one of the periods."""
        found = bisect_right(self._ends, begins)
        return found < len(self._begins) and self._begins[found] < ends


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTimes:
    """When something is open, and when it would be but for exceptions and holidays."""

    days: tuple[tuple[Period, ...], ...]  #: each day's periods, from which starts are counted
    open: Periods
    usual: Periods


def service_times(business: BookableBusiness, service: Service, *, first: date, last: date) -> OpenTimes:
    """Return when a service can be had, from the first day to the end of the last.

    Its own hours hold on the days on which the business is open; what is otherwise on a day holds for every service.
    Raises ConfigurationError for public holidays of a country that is not known.
    """
    week: Week = {day: hours for day, hours in business.hours.items() if hours}
    if service.hours is not None:
        week = dict.fromkeys(week, (service.hours,))
    days = _days(first, last)
    changed = dict.fromkeys(_holidays(business, days), _CLOSED) | _by_day(business.exceptions, days)
    return _open_times(week, changed, days, zone=ZoneInfo(business.zone))


def resource_times(business: BookableBusiness, resource: Resource, *, first: date, last: date) -> OpenTimes | None:
    """Return when a person or room can be booked; None: whenever the service is. See service_times."""
    if resource.hours is None and not resource.exceptions:
        return None
    days = _days(first, last)
    week: Week = resource.hours if resource.hours is not None else dict.fromkeys(WEEKDAYS, _WHOLE_DAY)
    return _open_times(week, _by_day(resource.exceptions, days), days, zone=ZoneInfo(business.zone))


def seconds(instant: datetime) -> int:
    """Return an aware instant as whole seconds since 1970."""
    return int(instant.timestamp())


def instant(seconds_: int) -> datetime:
    """Return whole seconds since 1970 as an aware UTC instant."""
    return datetime.fromtimestamp(seconds_, tz=UTC)


_WHOLE_DAY = (OpenHours.model_validate({"opens": "00:00", "closes": "24:00"}),)


def _open_times(
    week: Week, changed: Mapping[date, tuple[OpenHours, ...]], days: Sequence[date], *, zone: ZoneInfo
) -> OpenTimes:
    usual = [_periods(day, week.get(WEEKDAYS[day.weekday()], _CLOSED), zone) for day in days]
    if not changed:
        merged = Periods(period for of_day in usual for period in of_day)
        return OpenTimes(days=tuple(usual), open=merged, usual=merged)
    real = [
        _periods(day, changed[day], zone) if day in changed else of_day
        for day, of_day in zip(days, usual, strict=True)
    ]
    return OpenTimes(
        days=tuple(real),
        open=Periods(period for of_day in real for period in of_day),
        usual=Periods(period for of_day in usual for period in of_day),
    )


def _periods(day: date, hours: Sequence[OpenHours], zone: ZoneInfo) -> tuple[Period, ...]:
    return tuple(
        Period(seconds(opening_instant(day, each.opens, zone)), seconds(closing_instant(day, each.closes, zone)))
        for each in hours
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _by_day(exceptions: Iterable[DayException], days: Sequence[date]) -> dict[date, tuple[OpenHours, ...]]:
    """Return what is otherwise, by day; of two entries for one day the later counts."""
    return {
        day: exception.hours
        for exception in exceptions
        if exception.day <= days[-1] and exception.last_day >= days[0]
        for day in days
        if exception.day <= day <= exception.last_day
    }


def _holidays(business: BookableBusiness, days: Sequence[date]) -> set[date]:
    years = range(days[0].year, days[-1].year + 1)
    known = {day for year in years for day in holidays_of(business, year=year)}
    return known.intersection(days)
