"""Runs of an import: how the log names them, which are taken back, and what became of an event of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from frontdesk.core.log.envelope import FILE_HEADER, LINE_HEADER, RUN_HEADER, Appended, Event, NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.names import Names, nth_name, read_places
from frontdesk.domains.imports.problems import quoted
from frontdesk.domains.imports.run_events import UndoneRuns

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
        self._names = Names(log, undone=self._undone)

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
        self._names = Names(log, undone=self._undone)
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
    told = f"{event.type} {quoted(event.source_event_id)}"
    if not differing:
        return Outcome(
            Fate.REPEATED,
            f"{told} says the same as line {kept.line} and was not written again; where it happened twice, let the "
            "mapping number it (occurrence)",
        )
    names = ", ".join(differing[:_SHOWN_FIELDS]) + (", ..." if len(differing) > _SHOWN_FIELDS else "")
    if kept.is_of_run:
        return Outcome(
            Fate.CHANGED,
            f"{told} has the id of line {kept.line} with another {names} and was not written; where it is another "
            "event, its id needs another column, or the occurrence",
        )
    return Outcome(
        Fate.CHANGED,
        f"{told} is in the log with another {names} (from {_origin(kept)}), which stays",
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
