"""Appending: batches, what is known already, other content under a known id, an import that is cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.envelope import Appended, NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.importer import BATCH_SIZE, DryRunLog, Fate, ImportResult, RowFate, RunLog, import_rows
from frontdesk.domains.imports.problems import MappedRow, Problem
from tests.core.backends import Backend
from tests.core.factories import new_event

TENANT = new_event("any").tenant_id
CHANGED = new_event("evt_1", payload=b'{"other": 1}')
_run_numbers = count(1)


class CountingLog(EventLog):
    """A log that notes how many events each append had, and can fail at one of them."""

    def __init__(self, engine: Engine, *, fails_at: int | None = None) -> None:
        super().__init__(engine, ids=UuidV7Factory(SystemClock()))
        self.sizes: list[int] = []
        self.fails_at = fails_at

    def append(self, events: Sequence[NewEvent]) -> list[Appended]:
        if len(self.sizes) == self.fails_at:
            raise EventLogUnavailableError("the disk is full")
        self.sizes.append(len(events))
        return super().append(events)


@pytest.fixture
def log(sqlite_backend: Backend) -> CountingLog:
    return CountingLog(sqlite_backend.open())


def row(line: int, *names: str, **changes: Any) -> MappedRow:
    events = [new_event(name, **changes) for name in names]
    return MappedRow(line=line, cells=[str(line)], events=events)


def do(rows: Sequence[MappedRow] | Iterator[MappedRow], log: EventLog | None) -> tuple[ImportResult, list[MappedRow]]:
    """Import rows as a run of its own; without a log, as a dry run."""
    lacking: list[MappedRow] = []
    run_id = f"run-{next(_run_numbers)}"
    named = (_of_run(row, run_id) for row in rows)
    writer = RunLog(log, tenant_id=TENANT, run_id=run_id) if log else DryRunLog(None, tenant_id=TENANT, run_id=run_id)
    return import_rows(named, log=writer, on_lacking=lambda row, _fate: lacking.append(row)), lacking


def _of_run(row: MappedRow, run_id: str) -> MappedRow:
    """Name the run in the row's events, as the mapper does."""
    headers = {"import-line": str(row.line), "import-run": run_id}
    events = [replace(event, origin=Origin.IMPORT, headers=headers | dict(event.headers)) for event in row.events]
    return replace(row, events=events)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    """Rows, refused rows, new events, known events."""
    return (
        result.count_rows,
        result.rows[RowFate.REFUSED],
        result.count_events(Fate.NEW),
        result.count_events(Fate.KNOWN),
    )


def test_rows_are_read_and_appended_in_batches(log: CountingLog) -> None:
    result, refused = do((row(line, f"evt_{line}", f"evt_{line}_b") for line in range(1_250)), log)

    assert counts(result) == (1_250, 0, 2_500, 0)
    assert log.sizes == [BATCH_SIZE, BATCH_SIZE, 500]
    assert refused == []


def test_a_rows_events_are_never_in_two_transactions(log: CountingLog) -> None:
    do([row(line, *(f"evt_{line}_{n}" for n in range(3))) for line in range(400)], log)

    assert all(size % 3 == 0 for size in log.sizes)


def test_a_second_time_everything_is_known(log: CountingLog) -> None:
    rows = [row(line, f"evt_{line}") for line in range(1_500)]
    do(rows, log)

    result, refused = do(rows, log)

    assert counts(result) == (1_500, 0, 0, 1_500)
    assert refused == []
    assert log.last_sequence() == 1_500


@pytest.mark.parametrize("is_dry_run", [False, True])
def test_a_repeated_row_of_the_file_is_told_by_its_line_and_never_known(log: CountingLog, is_dry_run: bool) -> None:
    result, lacking = do([row(2, "evt_1"), row(3, "evt_1")], None if is_dry_run else log)

    assert counts(result) == (2, 0, 1, 0)
    assert (result.rows[RowFate.IN], result.rows[RowFate.REPEATED]) == (1, 1)
    assert [row.line for row in lacking] == [3]
    assert "says the same as line 2 and was not written again" in lacking[0].problems[0].reason


def test_a_row_of_which_only_some_is_new_is_in_in_part_and_never_refused(log: CountingLog) -> None:
    do([row(2, "evt_1")], log)

    result, lacking = do([MappedRow(line=2, cells=[], events=[CHANGED, new_event("evt_2")])], log)

    assert (result.rows[RowFate.IN_PART], result.rows[RowFate.REFUSED]) == (1, 0)
    assert (result.count_events(Fate.NEW), result.count_events(Fate.CHANGED)) == (1, 1)
    assert "is in the log with another other, id" in lacking[0].problems[0].reason
    assert [event.payload for event in log.read_after(0, limit=9)] == [b'{"id": "evt_1"}'] * 2


def test_the_same_contact_on_many_rows_is_no_loss(log: CountingLog) -> None:
    def of_line(line: int) -> MappedRow:
        contact = new_event("ana", type="contact.updated")
        return MappedRow(line=line, cells=[], events=[contact, new_event(f"payment-{line}")])

    result, lacking = do([of_line(2), of_line(3)], log)

    assert result.rows == {RowFate.IN: 2}
    assert lacking == []
    assert result.count_events(Fate.REPEATED) == 1


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_new_contact_of_known_bookings_is_no_loss(log: CountingLog, is_changed: bool) -> None:
    do([row(line, f"booking-{line}") for line in (2, 3, 4)], log)

    def of_line(line: int) -> MappedRow:
        booking = new_event(f"booking-{line}", **({"payload": b"{}"} if is_changed and line > 2 else {}))
        return MappedRow(line=line, cells=[], events=[new_event("ana", type="contact.updated"), booking])

    result, lacking = do([of_line(line) for line in (2, 3, 4)], log)

    if is_changed:
        assert result.rows == {RowFate.IN: 1, RowFate.CHANGED: 2}
        assert not any("says the same" in problem.reason for row in lacking for problem in row.problems)
    else:
        assert result.rows == {RowFate.IN: 1, RowFate.KNOWN: 2}
        assert lacking == []


def test_a_contact_that_comes_twice_is_no_loss(log: CountingLog) -> None:
    contacts = [MappedRow(line=line, cells=[], events=[new_event("ana", type="contact.updated")]) for line in (2, 3)]

    result, lacking = do(contacts, log)

    assert result.rows == {RowFate.IN: 2}
    assert lacking == []


@pytest.mark.parametrize("in_two_runs", [False, True])
def test_other_content_under_a_known_id_is_told_as_changed(log: CountingLog, in_two_runs: bool) -> None:
    headers = {"import-file": "old.csv", "import-line": "2"}
    first = row(2, "evt_1", headers=headers)
    second = row(3, "evt_1", payload=b'{"other": 1}')
    if in_two_runs:
        do([first], log)
        result, refused = do([second], log)
    else:
        result, refused = do([first, second], log)

    assert result.rows[RowFate.CHANGED] == 1
    assert [(row.line, row.cells) for row in refused] == [(3, ["3"])]
    told = "is in the log with another other, id (from line 2 of old.csv)" if in_two_runs else "has the id of line 2"
    assert told in refused[0].problems[0].reason
    assert log.last_sequence() == 1


def test_a_refused_row_and_a_row_without_event_are_counted(log: CountingLog) -> None:
    bad = MappedRow(line=3, cells=["x"], problems=[Problem("Phone", "is none")])
    result, refused = do([row(2, "evt_1"), bad, row(4)], log)

    assert counts(result) == (3, 1, 1, 0)
    assert result.rows[RowFate.NO_EVENT] == 1
    assert refused == result.lacking == [bad]


def test_only_the_first_refused_rows_are_kept_in_memory() -> None:
    bad = [MappedRow(line=line, cells=[], problems=[Problem("", "is bad")]) for line in range(100)]
    result, refused = do(bad, None)

    assert (len(result.lacking), len(refused), result.count_lacking) == (20, 100, 100)


def test_an_import_that_is_cut_off_goes_on_where_it_stopped(sqlite_backend: Backend) -> None:
    rows = [row(line, f"evt_{line}") for line in range(2_500)]
    with pytest.raises(EventLogUnavailableError, match="disk is full"):
        do(rows, CountingLog(sqlite_backend.open(), fails_at=2))

    result, _ = do(rows, CountingLog(sqlite_backend.open()))

    assert counts(result) == (2_500, 0, 500, 2_000)


def test_a_dry_run_counts_and_shows_the_first_events() -> None:
    result, _ = do([row(line, f"evt_{line}") for line in range(10)], None)

    assert counts(result) == (10, 0, 10, 0)
    assert [event.source_event_id for event in result.events] == ["evt_0", "evt_1", "evt_2"]
