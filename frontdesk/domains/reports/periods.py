"""Weeks and months as a business counts them: on its own calendar, in its own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.wall_clock import first_instant


class PeriodKind(StrEnum):
    """How long a period is."""

    WEEKLY = "weekly"  #: Monday to Sunday
    MONTHLY = "monthly"  #: a calendar month


class NoSuchPeriodError(FrontdeskError):
    """No period begins on that day, or it is not over; the detail says which one to take."""

    http_status = 422
    title = "No such period"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One week or month of a calendar; `start` is its first day."""

    kind: PeriodKind
    start: date

    @property
    def end(self) -> date:
        """The day after the last."""
        if self.kind is PeriodKind.WEEKLY:
            return self.start + timedelta(days=7)
        return _first_of_next_month(self.start)

    @property
    def previous(self) -> Period:
        """The period before."""
        return period_of(self.start - timedelta(days=1), self.kind)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Return the instant at which the first day begins there (UTC)."""
        return first_instant(self.start, zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """Return the instant at which the next period begins there (UTC); across a change of clocks too."""
        return first_instant(self.end, zone)


def period_of(day: date, kind: PeriodKind) -> Period:
    """Return the period that a day is in."""
    back = day.weekday() if kind is PeriodKind.WEEKLY else day.day - 1
    return Period(kind, day - timedelta(days=back))


def last_complete(kind: PeriodKind, *, now: datetime, zone: ZoneInfo) -> Period:
    """Return the newest period that is over at `now` (aware) in that zone."""
    return period_of(now.astimezone(zone).date(), kind).previous


def parse_period(text: str, kind: PeriodKind, *, now: datetime, zone: ZoneInfo) -> Period:
    """Return the period that begins on a day written as 2026-03-02, if it is over.

    Raises NoSuchPeriodError if nothing begins on it, or it is not over at `now` there.
    """
    try:
        start = date.fromisoformat(text)
    except ValueError as error:
        raise NoSuchPeriodError(f"{text!r} is no date; write its first day, such as 2026-03-02") from error
    period = period_of(start, kind)
    if period.start != start:
        raise NoSuchPeriodError(f"no {kind} period begins on {start}; it is part of the one of {period.start}")
    if period.ends_at(zone) > now:
        newest = last_complete(kind, now=now, zone=zone)
        raise NoSuchPeriodError(f"the {kind} period of {start} is not over; the newest that is began {newest.start}")
    return period


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
