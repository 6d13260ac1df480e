"""Lists the free starts of a service, finds the nearest ones, and tells why one can't be had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from frontdesk.core.clock import Clock
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.domains.bookings.errors import BookingsUnavailableError, NotBookableError, SlotTakenError
from frontdesk.domains.bookings.free_time import Free, Refused, Rule, free_starts, look_at
from frontdesk.domains.bookings.questions import Wish, ask, bookable_service, window_of
from frontdesk.domains.bookings.store import last_position
from frontdesk.domains.catalogue.open_times import Period, instant, seconds
from frontdesk.domains.catalogue.settings import BookableBusiness

#: How many other starts a refusal offers, and how many there must be before it looks no further.
_OFFERED = 5
_ENOUGH = 3
#: The first look is this far around a start, each further one twice as far.
_NEAR = timedelta(days=4)
#: Why a start can't be had, as people are told.
REASONS: Mapping[str, str] = {
    Rule.MINIMUM_NOTICE: "it is too soon",
    Rule.HORIZON: "it is too far ahead",
    Rule.OUTSIDE_HOURS: "it is outside the hours",
    Rule.EXCEPTION: "the hours of that day are other ones",
    Rule.START_TIME: "it does not start then",
    Rule.DAILY_CAP: "no more of it are taken that day",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Free starts, as of a position of the log."""

    free: tuple[Free, ...]
    position: int


class Availability:
    """What is free in one database. Safe to use from several threads."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def list_free(self, business: BookableBusiness, wish: Wish, *, begins: datetime, ends: datetime) -> Listing:
        """Return the free starts from an instant until another. Raises NotBookableError, BookingsUnavailableError."""
        with self._reading() as connection:
            # First the position: what is taken meanwhile is then newer than it says, and never older.
            position = last_position(connection)
            question = ask(connection, business, wish, window=window_of(begins, ends), now=self._clock.now())
            return Listing(tuple(free_starts(question)), position)

    def check(self, business: BookableBusiness, wish: Wish, *, starts_at: datetime) -> Free:
        """Return what a start would take up if it was booked now; nothing is taken.

        Raises what booking it would raise: SlotTakenError, NotBookableError, BookingsUnavailableError.
        """
        start = seconds(starts_at)
        with self._reading() as connection:
            window = Period(start, start + 1)
            question = ask(connection, business, wish, window=window, now=self._clock.now())
        found = Refused(Rule.START_TIME) if starts_at.microsecond else look_at(question, start)
        if isinstance(found, Free):
            return found
        if found.rule is None:
            raise self.taken(business, wish, starts_at=starts_at)
        raise self.not_bookable(business, wish, starts_at=starts_at, rule=found.rule)

    def first_free(self, business: BookableBusiness, wish: Wish, *, begins: datetime) -> datetime | None:
        """Return the first start from an instant on that is free, None if none is. Raises as list_free."""
        now = self._clock.now()
        with self._reading() as connection:
            return self._first(connection, business, wish, begins=max(now, begins), now=now)

    def taken(self, business: BookableBusiness, wish: Wish, *, starts_at: datetime) -> SlotTakenError:
        """Return the refusal of a start that somebody else has, with the nearest ones that are free."""
        with self._reading() as connection:
            position = last_position(connection)
            near = self._nearest(connection, business, wish, starts_at=starts_at)
        return SlotTakenError(
            "this time is taken; choose one of the alternatives" if near else "this time is taken, and none is free",
            reason="slot-taken",
            alternatives=[{"starts_at": _text(each.starts), "ends_at": _text(each.ends)} for each in near],
            log_position=position,
        )

    def not_bookable(
        self, business: BookableBusiness, wish: Wish, *, starts_at: datetime, rule: Rule
    ) -> NotBookableError:
        """Return the refusal of a start that a rule forbids, with the first one that can be booked."""
        now = self._clock.now()
        with self._reading() as connection:
            begins = now if rule is Rule.HORIZON else max(now, starts_at)
            first = self._first(connection, business, wish, begins=begins, now=now)
        told = None if first is None else _text(seconds(first))
        then = "nothing can be booked at present" if told is None else f"the first that can be booked is {told}"
        return NotBookableError(
            f"starts_at: {REASONS[rule]}; {then}", reason="not-bookable", rule=rule.value, first_bookable_at=told
        )

    def _first(
        self, connection: Connection, business: BookableBusiness, wish: Wish, *, begins: datetime, now: datetime
    ) -> datetime | None:
        _, terms = bookable_service(business, wish.service_key)
        end, width = now + terms.horizon + timedelta(seconds=1), _NEAR
        while begins < end:
            window = window_of(begins, min(begins + width, end))
            found = next(free_starts(ask(connection, business, wish, window=window, now=now)), None)
            if found is not None:
                return instant(found.starts)
            begins, width = begins + width, width * 2
        return None

    def _nearest(
        self, connection: Connection, business: BookableBusiness, wish: Wish, *, starts_at: datetime
    ) -> list[Free]:
        now = self._clock.now()
        _, terms = bookable_service(business, wish.service_key)
        width, limit = _NEAR, terms.horizon * 2
        while True:
            window = window_of(max(now, starts_at - width), min(starts_at + width, now + terms.horizon))
            found = list(free_starts(ask(connection, business, wish, window=window, now=now)))
            if len(found) >= _ENOUGH or width >= limit:
                start = starts_at.timestamp()
                return sorted(found, key=lambda free: (abs(free.starts - start), free.starts))[:_OFFERED]
            width *= 2

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(BookingsUnavailableError, what="the bookings"), self._engine.connect() as connection:
            yield connection


def _text(seconds_: int) -> str:
    return instant(seconds_).isoformat().replace("+00:00", "Z")
