"""Puts mapped rows into the log in batches, and counts what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.envelope import NewEvent
from core.importing.problems import MappedRow, Problem
from core.importing.runs import Fate, Outcome

BATCH_SIZE = 1_000
_SHOWN_ROWS = 20
_SHOWN_EVENTS = 3


class RowFate(StrEnum):
    """What became of one row; each row has one of these."""

    IN = "in"  #: all that it says is in the log, by this run
    IN_PART = "in part"  #: some of it is new in the log, and some was not written
    KNOWN = "known"  #: the log had it before this run
    REPEATED = "repeated"  #: an earlier line says the same; nothing was written
    CHANGED = "changed"  #: the log has other content under its ids, and keeps that; nothing was written
    REFUSED = "refused"  #: it can't be read as the mapping says; nothing was written
    NO_EVENT = "no event"  #: no event of the mapping wants it


#: Rows of these are told to who imports: something that they say is not in the log.
LACKING = frozenset({RowFate.IN_PART, RowFate.REPEATED, RowFate.CHANGED, RowFate.REFUSED})


class RunWriter(Protocol):
    """Where a run's events go: see core/importing/runs.py."""

    def write(self, events: Sequence[NewEvent]) -> list[Outcome]:
        """Write events together; tell of each what became of it."""
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

    batch: list[MappedRow] = []
    count_waiting = 0
    for row in rows:
        batch.append(row)  # refused ones too, so that rows are told in the order of the file
        count_waiting += max(len(row.events), 1)
        if count_waiting >= BATCH_SIZE:
            _write(batch, log=log, result=result, settle=settle)
            batch, count_waiting = [], 0
            on_progress()
    _write(batch, log=log, result=result, settle=settle)
    on_progress()
    return result


def _write(
    batch: Sequence[MappedRow],
    *,
    log: RunWriter,
    result: ImportResult,
    settle: Callable[[MappedRow, RowFate], None],
) -> None:
    events = [event for row in batch if not row.problems for event in row.events]
    outcomes = iter(log.write(events) if events else [])
    for row in batch:
        if row.problems:
            settle(row, RowFate.REFUSED)
            continue
        of_row = [next(outcomes) for _ in row.events]
        for event, outcome in zip(row.events, of_row, strict=True):
            result.count_event(event, outcome.fate)
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
