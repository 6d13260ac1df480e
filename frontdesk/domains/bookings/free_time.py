"""Which starts of a service are free: the one function that listing and booking ask.

It reads no clock, no database and no zone: what is open, taken and allowed comes with the question, in whole seconds
since 1970. A start is free if `look_at` says so; `free_starts` is that, of every start that is offered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from frontdesk.domains.catalogue.open_times import OpenTimes, Period, Periods


class Rule(StrEnum):
    """Why a start can't be booked, whoever else books."""

    MINIMUM_NOTICE = "minimum_notice"
    HORIZON = "horizon"
    OUTSIDE_HOURS = "outside_hours"
    EXCEPTION = "exception"
    START_TIME = "start_time"
    DAILY_CAP = "daily_cap"


class Place(NamedTuple):
    """One of those that a resource can take at the same time."""

    resource: str
    lane: int


@dataclass(frozen=True, slots=True)
class Free:
    """A start that can be booked, and what it would take up."""

    starts: int
    ends: int
    places: tuple[Place, ...]  #: one for each need, in their order


@dataclass(frozen=True, slots=True)
class Refused:
    """A start that can't be booked: by which rule, or (None) since somebody else has it."""

    rule: Rule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A person, a room, or the service itself, with what is taken of it."""

    resource: str
    capacity: int = 1
    times: OpenTimes | None = None  #: None: whenever the service is open
    taken: Mapping[int, Periods] = field(default_factory=dict)  #: by lane, buffers included

    def free_lane(self, begins: int, ends: int) -> int | None:
        """Return the first lane that is free for all of a time, None if none is."""
        # Lanes beyond the capacity were taken when it was larger: they count, and are not given again.
        busy = [lane for lane, periods in self.taken.items() if periods.touch(begins, ends)]
        if not busy:
            return 0
        if len(busy) >= self.capacity:
            return None
        return next(lane for lane in range(self.capacity) if lane not in busy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that decides which starts of one service are free."""

    duration: int
    before: int  #: buffer, taken up besides
    after: int
    starts: tuple[int, ...]  #: those that the hours offer, ascending
    earliest: int  #: start, by the notice
    latest: int  #: start, by the horizon
    times: OpenTimes
    full: Periods  #: days on which no more of it may begin
    needs: tuple[tuple[Candidate, ...], ...]  #: of each need those that would do, the preferred first

    def offers(self, start: int) -> bool:
        """Tell whether a start is one of those that are offered."""
        found = bisect_left(self.starts, start)
        return found < len(self.starts) and self.starts[found] == start


def offered_starts(times: OpenTimes, *, every: int, window: Period) -> tuple[int, ...]:
    """Return the starts that the hours offer in a window, ascending: so far apart, from each opening on."""
    found: set[int] = set()
    for periods in times.days:
        for begins, ends in periods:
            skipped = max(0, -(-(window.begins - begins) // every))
            found.update(range(begins + skipped * every, min(ends, window.ends), every))
    return tuple(sorted(found))


def free_starts(question: Question) -> Iterator[Free]:
    """Yield every offered start that can be booked, ascending."""
    for start in question.starts:
        found = look_at(question, start)
        if isinstance(found, Free):
            yield found


def look_at(question: Question, start: int) -> Free | Refused:
    """Tell whether a start can be booked, and by what it would be served."""
    if start < question.earliest:
        return Refused(Rule.MINIMUM_NOTICE)
    if start > question.latest:
        return Refused(Rule.HORIZON)
    ends = start + question.duration
    if not question.times.open.cover(start, ends):
        return Refused(Rule.EXCEPTION if question.times.usual.cover(start, ends) else Rule.OUTSIDE_HOURS)
    if not question.offers(start):
        return Refused(Rule.START_TIME)
    if question.full.touch(start, start + 1):
        return Refused(Rule.DAILY_CAP)
    return _serve(question, start, ends)


def _serve(question: Question, start: int, ends: int) -> Free | Refused:
    there: list[tuple[Candidate, ...]] = []
    for candidates in question.needs:
        present = tuple(each for each in candidates if each.times is None or each.times.open.cover(start, ends))
        if not present:
            usual = any(each.times is not None and each.times.usual.cover(start, ends) for each in candidates)
            return Refused(Rule.EXCEPTION if usual else Rule.OUTSIDE_HOURS)
        there.append(present)
    places = find_places(there, start - question.before, ends + question.after)
    return Refused(None) if places is None else Free(start, ends, places)


def find_places(
    needs: Sequence[tuple[Candidate, ...]], begins: int, ends: int, found: tuple[Place, ...] = ()
) -> tuple[Place, ...] | None:
    """Return a free place for each need, no resource twice; None if there are none. `found`: of the first needs."""
    if len(found) == len(needs):
        return found
    for candidate in needs[len(found)]:
        if found and any(place.resource == candidate.resource for place in found):
            continue
        lane = candidate.free_lane(begins, ends)
        if lane is None:
            continue
        places = find_places(needs, begins, ends, (*found, Place(candidate.resource, lane)))
        if places is not None:
            return places
    return None
