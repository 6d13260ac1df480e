"""Puts mapped rows into the log in batches, and says what became of each event and row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import orjson

from frontdesk.core.log.envelope import FILE_HEADER, LINE_HEADER, RUN_HEADER, Appended, Event, NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings.facts import ENDS
from frontdesk.domains.imports.event_names import EventNames, nth_name, read_places
from frontdesk.domains.imports.problems import MappedRow, Problem, quoted
from frontdesk.domains.imports.undone_runs import UndoneRuns

_SHOWN_FIELDS = 5


class Fate(StrEnum):
    """What became of one event."""

    NEW = "new"  #: this run wrote it
    KNOWN = "known"  #: the log had it before this run, with the same content
    REPEATED = "repeated"  #: an earlier line of this run wrote it, with the same content
    CHANGED = "changed"  #: the log has its id with other content, and keeps that


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event, and why it was not written where it should have been."""

    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the log, or an earlier line of the run, holds under an id."""

    type: str
    occurred_at: Any
    payload: bytes
    line: str
    file: str
    event_id: str
    is_of_run: bool
    is_delivered: bool = False  #: by the provider itself, whose id says what it is


class RunLog:
    """Writes one run's events into the log, and tells what became of each. Events of runs taken back do not count."""

    def __init__(self, log: EventLog, *, tenant_id: str, run_id: str) -> None:
        self._log = log
        self._tenant_id = tenant_id
        self._run_id = run_id
        self._undone = UndoneRuns.read(log, tenant_id=tenant_id)
        self._names = EventNames(log, undone=self._undone)

    def write(self, events: Sequence[NewEvent]) -> list[Outcome]:
        """Append events in one transaction. Raises EventLogUnavailableError."""
        named = self.name(events)
        return self.judge(named, self._log.append(named))

    def held(self, source: str, ids: Collection[str]) -> dict[str, str]:
        """Return what the log has of these ids: each with its type and where it is from."""
        return _held(self._log, self._tenant_id, source, ids, undone=self._undone)

    def name(self, events: Sequence[NewEvent]) -> list[NewEvent]:
        """Return the events under the ids to append them by."""
        return self._names.name(events)

    def judge(self, named: Sequence[NewEvent], answers: Sequence[Appended]) -> list[Outcome]:
        """Tell what became of events that were appended, by the log's answers."""
        kept = self._log.read_at([answer.sequence for answer in answers if not answer.is_new])
        return [
            Outcome(Fate.NEW)
            if answer.is_new
            else judge(event, kept_event(kept[answer.sequence], run_id=self._run_id))
            for event, answer in zip(named, answers, strict=True)
        ]


class DryRunLog:
    """Tells what became of events as RunLog would, and writes nothing. Without a log, nothing is known before."""

    def __init__(self, log: EventLog | None, *, tenant_id: str, run_id: str) -> None:
        self._log = log
        self._tenant_id = tenant_id
        self._run_id = run_id
        self._undone = UndoneRuns.read(log, tenant_id=tenant_id) if log else UndoneRuns()
        self._names = EventNames(log, undone=self._undone)
        self._seen: dict[tuple[str, str], _Kept] = {}

    def write(self, events: Sequence[NewEvent]) -> list[Outcome]:
        """Tell what would become of the events."""
        named = self._names.name(events)
        stored = self._read_stored(named)
        return [self._settle(event, stored) for event in named]

    def held(self, source: str, ids: Collection[str]) -> dict[str, str]:
        """Return what the log has of these ids: each with its type and where it is from."""
        return _held(self._log, self._tenant_id, source, ids, undone=self._undone) if self._log else {}

    def _settle(self, event: NewEvent, stored: Mapping[tuple[str, str], _Kept]) -> Outcome:
        key = (event.source, event.source_event_id)
        kept = self._seen.get(key) or stored.get(key)
        if kept is not None:
            return judge(event, kept)
        self._seen[key] = _Kept(
            type=event.type,
            occurred_at=event.occurred_at,
            payload=event.payload,
            line=event.headers.get(LINE_HEADER, ""),
            file=event.headers.get(FILE_HEADER, ""),
            event_id="",
            is_of_run=True,
        )
        return Outcome(Fate.NEW)

    def _read_stored(self, events: Sequence[NewEvent]) -> dict[tuple[str, str], _Kept]:
        if self._log is None or not events:
            return {}
        places = [(event.source, event.source_event_id) for event in events]
        stored = read_places(self._log, events[0].tenant_id, places)
        return {place: kept_event(event, run_id=self._run_id) for place, event in stored.items()}


def _held(log: EventLog, tenant_id: str, source: str, ids: Collection[str], *, undone: UndoneRuns) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = {own: own for own in ids}
    number = 1
    while waiting:
        places = read_places(log, tenant_id, ((source, name) for name in waiting.values()))
        events = {own: event for own, name in waiting.items() if (event := places.get((source, name)))}
        number += 1
        waiting = {}
        for own, event in events.items():
            if event.headers.get(RUN_HEADER) in undone:
                waiting[own] = nth_name(own, number)
            else:
                found[own] = (
                    f"{event.type} {quoted(own)} is in the log (from {_origin(kept_event(event, run_id=''))})"
                )
    return found


def kept_event(event: Event, *, run_id: str) -> _Kept:
    """Return what the log holds, as judge() wants it."""
    return _Kept(
        type=event.type,
        occurred_at=event.occurred_at,
        payload=event.payload,
        line=event.headers.get(LINE_HEADER, ""),
        file=event.headers.get(FILE_HEADER, ""),
        event_id=event.event_id,
        is_of_run=event.headers.get(RUN_HEADER) == run_id,
        is_delivered=event.origin in (Origin.WEBHOOK, Origin.POLL),
    )


def judge(event: NewEvent, kept: _Kept) -> Outcome:
    """Tell what an event is that is held already."""
    differing = [] if kept.is_delivered else _differing_fields(event, kept)
    if not differing and not kept.is_of_run:
        return Outcome(Fate.KNOWN)
    event_text = f"{event.type} {quoted(event.source_event_id)}"
    if not differing:
        return Outcome(
            Fate.REPEATED,
            f"{event_text} says the same as line {kept.line} and was not written again; where it happened twice, let "
            "the mapping number it (occurrence)",
        )
    names = ", ".join(differing[:_SHOWN_FIELDS]) + (", ..." if len(differing) > _SHOWN_FIELDS else "")
    if kept.is_of_run:
        return Outcome(
            Fate.CHANGED,
            f"{event_text} has the id of line {kept.line} with another {names} and was not written; where it is "
            "another event, its id needs another column, or the occurrence",
        )
    return Outcome(
        Fate.CHANGED,
        f"{event_text} is in the log with another {names} (from {_origin(kept)}), which stays",
    )


def _differing_fields(event: NewEvent, kept: _Kept) -> list[str]:
    names = [name for name in ("type", "occurred_at") if getattr(event, name) != getattr(kept, name)]
    if event.payload != kept.payload:
        # Not by the bytes alone: a mapping may give the same fields in another order.
        names += _differing_keys(orjson.loads(event.payload), orjson.loads(kept.payload))
    return names


def _differing_keys(new: Any, old: Any, prefix: str = "") -> list[str]:
    if not (isinstance(new, dict) and isinstance(old, dict)):
        return [] if new == old else [prefix.removesuffix(".") or "payload"]
    return [
        name
        for key in dict.fromkeys([*new, *old])
        for name in _differing_keys(new.get(key), old.get(key), f"{prefix}{key}.")
    ]


def _origin(kept: _Kept) -> str:
    return f"line {kept.line} of {kept.file}" if kept.line and kept.file else f"event {kept.event_id}"


BATCH_SIZE = 1_000
_SHOWN_ROWS = 20
_SHOWN_EVENTS = 3


class RowFate(StrEnum):
    """What became of one row; each row has one of these."""

    IN = "in"  #: all that it says is in the log, by this run
    IN_PART = "in part"  #: some of it is new in the log, and some was not written
    KNOWN = "known"  #: the log had it before this run
    REPEATED = "repeated"  #: an earlier line says the same; nothing was written
    CHANGED = (
        "changed"  #: the log has other content under its ids, or what the row no longer says; nothing was written
    )
    REFUSED = "refused"  #: it can't be read as the mapping says; nothing was written
    NO_EVENT = "no event"  #: no event of the mapping wants it


#: Rows of these are told to who imports: something that they say is not in the log.
LACKING = frozenset({RowFate.IN_PART, RowFate.REPEATED, RowFate.CHANGED, RowFate.REFUSED})


class RunWriter(Protocol):
    """Where a run's events go: see frontdesk/domains/imports/importer.py."""

    def write(self, events: Sequence[NewEvent]) -> list[Outcome]:
        """Write events together; tell of each what became of it."""
        ...

    def held(self, source: str, ids: Collection[str]) -> dict[str, str]:
        """Return what the log has of these ids, in words."""
        ...


@dataclass(slots=True)
class TypeCount:
    """What became of the events of one type."""

    first: datetime
    last: datetime
    fates: Counter[Fate] = field(default_factory=Counter)


@dataclass(slots=True)
class ImportResult:
    """What became of a file."""

    rows: Counter[RowFate] = field(default_factory=Counter)
    types: dict[str, TypeCount] = field(default_factory=dict)
    lacking: list[MappedRow] = field(default_factory=list)  #: the first few rows that are not wholly in, to show
    events: list[NewEvent] = field(default_factory=list)  #: the first few new events, to show

    @property
    def count_rows(self) -> int:
        """Rows of the file."""
        return self.rows.total()

    @property
    def count_lacking(self) -> int:
        """Rows that say something that is not in the log."""
        return sum(self.rows[fate] for fate in LACKING)

    def count_events(self, fate: Fate) -> int:
        """Events that this became of."""
        return sum(count.fates[fate] for count in self.types.values())

    def count_row(self, row: MappedRow, fate: RowFate) -> None:
        """Count what became of a row."""
        self.rows[fate] += 1
        if fate in LACKING and len(self.lacking) < _SHOWN_ROWS:
            self.lacking.append(row)

    def count_event(self, event: NewEvent, fate: Fate) -> None:
        """Count what became of an event."""
        count = self.types.setdefault(event.type, TypeCount(event.occurred_at, event.occurred_at))
        count.first = min(count.first, event.occurred_at)
        count.last = max(count.last, event.occurred_at)
        count.fates[fate] += 1
        if fate is Fate.NEW and len(self.events) < _SHOWN_EVENTS:
            self.events.append(event)


def import_rows(
    rows: Iterable[MappedRow],
    *,
    log: RunWriter,
    on_lacking: Callable[[MappedRow, RowFate], None],
    on_progress: Callable[[], None] = lambda: None,
) -> ImportResult:
    """Write every row's events, a row's together, and return what became of each.

    `on_lacking` gets each row that says something that is not in the log, with its reasons as problems. Raises
    EventLogUnavailableError; what was written before stays, and running again goes on from there.
    """
    result = ImportResult()

    def settle(row: MappedRow, fate: RowFate) -> None:
        result.count_row(row, fate)
        if fate in LACKING:
            on_lacking(row, fate)

    reopened = _Reopened(log)
    batch: list[MappedRow] = []
    count_waiting = 0
    for row in rows:
        batch.append(row)  # refused ones too, so that rows are told in the order of the file
        count_waiting += max(len(row.events), 1)
        if count_waiting >= BATCH_SIZE:
            _write(batch, log=log, result=result, settle=settle, reopened=reopened)
            batch, count_waiting = [], 0
            on_progress()
    _write(batch, log=log, result=result, settle=settle, reopened=reopened)
    for row, fate in reopened.settled():
        settle(row, fate)
    on_progress()
    return result


class _Reopened:
    """Rows that say of a booking that it is to come, where the log has its end from an export before.

    Whether another row of the file tells of that end is known when the whole file is read.
    """

    def __init__(self, log: RunWriter) -> None:
        self._log = log
        self._ended: set[int] = set()  #: hashes of ids, as files have millions of rows
        self._waiting: list[tuple[MappedRow, dict[str, str]]] = []

    def see(self, row: MappedRow) -> None:
        """Remember the ends that a row tells of."""
        self._ended.update(hash(event.source_event_id) for event in row.events if event.type in ENDS)

    def take(self, rows: Sequence[MappedRow]) -> list[bool]:
        """Keep those of known rows whose booking has ended in the log; tell which."""
        ids = {id_ for row in rows for id_ in row.endings}
        source = next((event.source for row in rows for event in row.events), "")
        ends_in_log = self._log.held(source, ids) if ids else {}
        ends_of_rows = [{id_: ends_in_log[id_] for id_ in row.endings if id_ in ends_in_log} for row in rows]
        self._waiting += [(row, ends) for row, ends in zip(rows, ends_of_rows, strict=True) if ends]
        return [bool(ends) for ends in ends_of_rows]

    def settled(self) -> Iterable[tuple[MappedRow, RowFate]]:
        """Yield what became of the rows that were kept."""
        for row, ends in self._waiting:
            reasons = [end for id_, end in ends.items() if hash(id_) not in self._ended]
            problems = [Problem("", f"{reason}, which stays; the row no longer says so") for reason in reasons]
            fate = RowFate.CHANGED if problems else RowFate.KNOWN
            yield replace(row, events=[], problems=problems), fate


def _write(
    batch: Sequence[MappedRow],
    *,
    log: RunWriter,
    result: ImportResult,
    settle: Callable[[MappedRow, RowFate], None],
    reopened: _Reopened,
) -> None:
    events = [event for row in batch if not row.problems for event in row.events]
    answers = iter(log.write(events) if events else [])
    outcomes = [[] if row.problems else [next(answers) for _ in row.events] for row in batch]
    known_places = [
        place
        for place, row in enumerate(batch)
        if row.endings and not row.problems and _fate_of(row, outcomes[place]) is RowFate.KNOWN
    ]
    waits = dict(zip(known_places, reopened.take([batch[place] for place in known_places]), strict=True))
    for place, row in enumerate(batch):
        if row.problems:
            settle(row, RowFate.REFUSED)
            continue
        reopened.see(row)
        of_row = outcomes[place]
        for event, outcome in zip(row.events, of_row, strict=True):
            result.count_event(event, outcome.fate)
        if waits.get(place):
            continue
        problems = [Problem("", outcome.reason) for outcome in _lost(row, of_row)]
        settle(replace(row, events=[], problems=problems), _fate_of(row, of_row))


def _fate_of(row: MappedRow, outcomes: Sequence[Outcome]) -> RowFate:
    if not outcomes:
        return RowFate.NO_EVENT
    fates = {outcome.fate for outcome in outcomes}
    lost = _lost(row, outcomes)
    if Fate.NEW in fates:
        return RowFate.IN_PART if lost else RowFate.IN
    if Fate.CHANGED in fates:
        return RowFate.CHANGED
    if lost:
        return RowFate.REPEATED
    return RowFate.KNOWN if Fate.KNOWN in fates else RowFate.IN


def _lost(row: MappedRow, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return what became of events that are not in the log as the row says."""
    return [
        outcome
        for event, outcome in zip(row.events, outcomes, strict=True)
        # Many rows name the same contact; that it is in the log once is all that they say of it.
        if outcome.fate is Fate.CHANGED or (outcome.fate is Fate.REPEATED and not _is_of_contact(event))
    ]


def _is_of_contact(event: NewEvent) -> bool:
    return event.type.startswith("contact.")
