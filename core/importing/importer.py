"""Appends mapped rows to the log in batches, and counts what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.envelope import Appended, Event, NewEvent
from core.event_log import EventLog
from core.importing.problems import MappedRow, Problem

BATCH_SIZE = 1_000
_SHOWN_REFUSALS = 20
_SHOWN_EVENTS = 3


@dataclass(slots=True)
class TypeCount:
    """What became of the events of one type."""

    first: datetime
    last: datetime
    count_new: int = 0
    count_known: int = 0


@dataclass(slots=True)
class ImportResult:
    """What became of a file."""

    count_rows: int = 0
    count_refused: int = 0
    count_without_event: int = 0
    types: dict[str, TypeCount] = field(default_factory=dict)
    refused: list[MappedRow] = field(default_factory=list)  #: the first few, to show
    events: list[NewEvent] = field(default_factory=list)  #: the first few, to show

    @property
    def count_new(self) -> int:
        """Events that were not in the log before."""
        return sum(count.count_new for count in self.types.values())

    def refuse(self, row: MappedRow) -> None:
        """Count a row that did not go in."""
        self.count_refused += 1
        if len(self.refused) < _SHOWN_REFUSALS:
            self.refused.append(row)

    def count(self, event: NewEvent, *, is_new: bool) -> None:
        """Count an event that is in the log now."""
        count = self.types.setdefault(event.type, TypeCount(event.occurred_at, event.occurred_at))
        count.first = min(count.first, event.occurred_at)
        count.last = max(count.last, event.occurred_at)
        count.count_new += is_new
        count.count_known += not is_new
        if len(self.events) < _SHOWN_EVENTS:
            self.events.append(event)


def import_rows(
    rows: Iterable[MappedRow],
    *,
    log: EventLog | None,
    on_refused: Callable[[MappedRow], None],
    on_progress: Callable[[], None] = lambda: None,
) -> ImportResult:
    """Append every row's events, a row's together; without a log, only count (every event counts as new).

    An event whose id the log has already, with the same content, is known and adds nothing. With other content
    the row is refused: the log keeps the first. Raises EventLogUnavailableError; what was appended before stays,
    and running again goes on from there.
    """
    result = ImportResult()

    def refuse(row: MappedRow) -> None:
        result.refuse(row)
        on_refused(row)

    batch: list[MappedRow] = []
    count_waiting = 0
    for row in rows:
        result.count_rows += 1
        if row.problems:
            refuse(row)
            continue
        if not row.events:
            result.count_without_event += 1
            continue
        batch.append(row)
        count_waiting += len(row.events)
        if count_waiting >= BATCH_SIZE:
            _append(batch, log=log, result=result, refuse=refuse)
            batch, count_waiting = [], 0
            on_progress()
    _append(batch, log=log, result=result, refuse=refuse)
    on_progress()
    return result


def _append(
    batch: Sequence[MappedRow],
    *,
    log: EventLog | None,
    result: ImportResult,
    refuse: Callable[[MappedRow], None],
) -> None:
    if log is None:
        for row in batch:
            for event in row.events:
                result.count(event, is_new=True)
        return
    answers = log.append([event for row in batch for event in row.events])
    kept = log.read_at([answer.sequence for answer in answers if not answer.is_new])
    remaining = iter(answers)
    for row in batch:
        problems: list[Problem] = []
        for event in row.events:
            answer = next(remaining)
            if answer.is_new or _is_same(event, kept[answer.sequence]):
                result.count(event, is_new=answer.is_new)
            else:
                problems.append(_tell_conflict(event, kept[answer.sequence], answer))
        if problems:
            refuse(MappedRow(line=row.line, cells=row.cells, problems=problems))


def _is_same(event: NewEvent, kept: Event) -> bool:
    return (event.type, event.occurred_at, event.payload) == (kept.type, kept.occurred_at, kept.payload)


def _tell_conflict(event: NewEvent, kept: Event, answer: Appended) -> Problem:
    line, file = kept.headers.get("import-line"), kept.headers.get("import-file")
    origin = f"line {line} of {file}" if line and file else f"event {answer.event_id}"
    return Problem(
        "source_event_id",
        f"{event.source_event_id!r} is in the log with other content (from {origin}), which stays; where this is"
        " another event, its id needs another column",
    )
