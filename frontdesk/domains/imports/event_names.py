"""Names of an imported event in the log: what is taken back keeps its own, what is imported instead gets the next.

"appt-1" is "appt-1~2" the second time. A source's own id can look like that, so an event whose name does tells in a
header which id it has. Logs hold older events without it, and of an id such as "x~5" the second was then "x~6":
whether such a one is the same event is told by what it says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from frontdesk.core.log.envelope import NAME_HEADER, RUN_HEADER, Event, NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.undone_runs import UndoneRuns

#: Source and name.
_Place = tuple[str, str]
_NUMBERED = re.compile(r"(.*)~(\d{1,9})", re.DOTALL)


def nth_name(source_event_id: str, number: int) -> str:
    """Return the name of an event that is imported for the second, third, ... time."""
    return f"{source_event_id}~{number}"


class EventNames:
    """Names the events of one run, so that none is under the name of another or of one that is taken back."""

    def __init__(self, log: EventLog | None, *, undone: UndoneRuns) -> None:
        self._log = log
        self._undone = undone
        self._given: dict[_Place, str] = {}

    def name(self, events: Sequence[NewEvent]) -> list[NewEvent]:
        """Return the events under the names to append them by; each batch of a run in its turn."""
        names = self._find_names(events) if self._undone and self._log else {}
        named = [
            _renamed(event, names.get((event.source, event.source_event_id), event.source_event_id))
            for event in events
        ]
        self._given |= {
            (event.source, event.source_event_id): event.headers[NAME_HEADER]
            for event in named
            if NAME_HEADER in event.headers
        }
        return named

    def _find_names(self, events: Sequence[NewEvent]) -> dict[_Place, str]:
        """Return the name by each event's source and own id."""
        firsts = {(event.source, event.source_event_id): event for event in reversed(events)}
        names = {place: place[1] for place in firsts}
        numbers = dict.fromkeys(firsts, 1)
        waiting = set(firsts)
        while waiting:
            holders = self._read(firsts, ((source, names[source, own]) for source, own in waiting))
            waiting = {place for place in waiting if not self._fits(firsts[place], names[place], holders, firsts)}
            for source, own in waiting:
                numbers[source, own] += 1
                names[source, own] = nth_name(own, numbers[source, own])
        return names | self._find_older_names(firsts, {place for place, number in numbers.items() if number > 1})

    def _fits(self, event: NewEvent, name: str, holders: Mapping[_Place, Event], batch: Collection[_Place]) -> bool:
        own, place = event.source_event_id, (event.source, name)
        if self._given.get(place, own) != own or (name != own and place in batch):
            return False
        holder = holders.get(place)
        return holder is None or self._counts_as(event, holder)

    def _find_older_names(self, firsts: Mapping[_Place, NewEvent], renamed: Collection[_Place]) -> dict[_Place, str]:
        """Return names that an older version gave: those of events that count."""
        waiting = {place: name for place in renamed if (name := _older_next(place[1])) is not None}
        found: dict[_Place, str] = {}
        while waiting:
            holders = self._read(firsts, ((source, name) for (source, _), name in waiting.items()))
            held = {place: name for place, name in waiting.items() if (place[0], name) in holders}
            waiting = {}
            for place, name in held.items():
                if self._counts_as(firsts[place], holders[place[0], name]):
                    found[place] = name
                elif (following := _older_next(name)) is not None:
                    waiting[place] = following
        return found

    def _counts_as(self, event: NewEvent, holder: Event) -> bool:
        is_undone = holder.headers.get(RUN_HEADER) in self._undone
        return not is_undone and not is_another(event, {event.source_event_id}, holder)

    def _read(self, firsts: Mapping[_Place, NewEvent], places: Iterable[_Place]) -> dict[_Place, Event]:
        tenant_id = next(iter(firsts.values())).tenant_id
        return read_places(self._log, tenant_id, places) if self._log else {}


def is_another(event: NewEvent | Event, own_ids: Collection[str], holder: Event) -> bool:
    """Tell whether what is in the log under one of an event's names is another event; own_ids: what its id may be."""
    if (named := holder.headers.get(NAME_HEADER)) is not None:
        return named not in own_ids
    if holder.source_event_id in own_ids:
        return False
    if holder.type != event.type:
        return True
    about, about_holder = _what_it_is_about(event), _what_it_is_about(holder)
    if about is not None and about_holder is not None:
        return about != about_holder
    return event.occurred_at != holder.occurred_at and event.payload != holder.payload


def find_counting(log: EventLog, events: Sequence[Event], *, tenant_id: str, undone: UndoneRuns) -> Event | None:
    """Return what counts now and is one of these events under an earlier or later name."""
    walks = [_Walk(event) for event in events]
    known: dict[_Place, Event | None] = {}
    while any(walk.pending for walk in walks):
        places = {(walk.event.source, name) for walk in walks for name in walk.pending} - known.keys()
        found = read_places(log, tenant_id, places)
        known |= {place: found.get(place) for place in places}
        for walk in walks:
            for other in walk.go_on(known):
                if other.headers.get(RUN_HEADER) not in undone:
                    return other
    return None


@dataclass(slots=True)
class _Walk:
    """Looks for one event under its other names."""

    event: Event
    own_ids: set[str] = field(init=False)  #: what its id may be
    pending: set[str] = field(init=False)  #: names to be looked at
    _looked_at: dict[str, Event] = field(default_factory=dict)
    _same: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.own_ids = {self.event.headers.get(NAME_HEADER, self.event.source_event_id)}
        self.pending = _other_names(self.event) - {self.event.source_event_id}

    def go_on(self, known: Mapping[_Place, Event | None]) -> list[Event]:
        """Look at the pending names; return what is the same event."""
        tried = self.pending | self._looked_at.keys() | {self.event.source_event_id}
        for name in self.pending:
            if (other := known[self.event.source, name]) is not None:
                self._looked_at[name] = other
        self.pending = set()
        new: list[Event] = []
        while found := [
            other
            for name, other in self._looked_at.items()
            if name not in self._same and not is_another(self.event, self.own_ids, other)
        ]:
            for other in found:
                self._same.add(other.source_event_id)
                self.pending |= _other_names(other)
                if NAME_HEADER not in other.headers and NAME_HEADER not in self.event.headers:
                    self.own_ids.add(other.source_event_id)
            new += found
        self.pending -= tried
        return new


def _other_names(event: Event) -> set[str]:
    name = event.source_event_id
    names = {nth_name(name, 2), _older_next(name)}
    if (own := event.headers.get(NAME_HEADER)) is not None:
        names |= {own, nth_name(own, 2), _older_next(own)}
    elif numbered := _NUMBERED.fullmatch(name):
        base, number = numbered[1], int(numbered[2])
        names.add(base if number == 2 else nth_name(base, number - 1))  # noqa: PLR2004 - the second has the first mark
    return {name for name in names if name}


def read_places(log: EventLog, tenant_id: str, places: Iterable[_Place]) -> dict[_Place, Event]:
    """Return a business's events by source and name."""
    by_source: dict[str, list[str]] = {}
    for source, name in places:
        by_source.setdefault(source, []).append(name)
    return {
        (source, event.source_event_id): event
        for source, names in by_source.items()
        for event in log.read_by_source_ids(tenant_id, source, names)
    }


def _renamed(event: NewEvent, name: str) -> NewEvent:
    if not _NUMBERED.fullmatch(name):
        return event
    headers = {**event.headers, NAME_HEADER: event.source_event_id}
    return replace(event, source_event_id=name, headers=headers)


def _older_next(name: str) -> str | None:
    """Return the name that older versions gave an event of a numbered one the next time."""
    numbered = _NUMBERED.fullmatch(name)
    return nth_name(numbered[1], int(numbered[2]) + 1) if numbered else None


def _what_it_is_about(event: NewEvent | Event) -> object:
    """Return the id of the booking, payment, ... that an event tells of."""
    try:
        payload = orjson.loads(event.payload)
    except orjson.JSONDecodeError:  # a number that is too long
        return None
    return payload.get(f"{event.type.partition('.')[0]}_id") if isinstance(payload, dict) else None
