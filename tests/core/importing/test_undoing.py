"""A wrong import is taken back and imported again, restored: by events, never by changing the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from core.errors import ImportFileError
from core.event_log import EventLog
from core.import_runs import UndoneRuns
from tests.core.importing.conftest import Run, all_events

Write = Callable[[str, Any], Path]
MAPPING = {
    "tenant": "hmnp",
    "source": "till",
    "events": [
        {
            "type": "payment.succeeded",
            "source_event_id": "{No}",
            "occurred_at": "At",
            "fields": {"payment_id": "No", "amount_minor": {"column": "Amount", "type": "money"}},
        }
    ],
}
WRONG = "No,At,Amount\n1,2025-03-01T10:00,1000.00\n2,2025-03-01T11:00,2000.00\n"
RIGHT = "No,At,Amount\n1,2025-03-01T10:00,10.00\n2,2025-03-01T11:00,20.00\n"


@pytest.fixture
def bring(run: Run, write: Write) -> Callable[[str], Result]:
    def bring(csv: str) -> Result:
        return run(write("a.csv", csv), "--mapping", write("m.yaml", MAPPING))

    return bring


def run_id_of(result: Result) -> str:
    [run_id] = re.findall(r"frontdesk import undo (\S+) takes it back", result.stdout)
    return str(run_id)


def counting(log: EventLog) -> list[tuple[str, int]]:
    """Return the imported events that count: id and amount."""
    undone = UndoneRuns.read(log, tenant_id="hmnp")
    return [
        (event.source_event_id, orjson.loads(event.payload)["amount_minor"])
        for event in all_events(log)
        if event.source == "till" and event.headers["import-run"] not in undone
    ]


def test_a_corrected_file_goes_in_once_the_wrong_run_is_taken_back(
    run: Run, bring: Callable[[str], Result], log: EventLog
) -> None:
    wrong = run_id_of(bring(WRONG))
    assert bring(RIGHT).exit_code == 2  # changed: the log keeps the first

    undone = run("undo", wrong, "--reason", "cents as dollars")
    corrected = bring(RIGHT)

    assert undone.exit_code == corrected.exit_code == 0
    assert "2 events of a.csv no longer count" in undone.output
    assert counting(log) == [("1~2", 1000), ("2~2", 2000)]
    change = next(event for event in all_events(log) if event.type == "import.undone")
    assert orjson.loads(change.payload)["reason"] == "cents as dollars"
    assert "2 known" in bring(RIGHT).stdout


def test_undoing_again_and_restoring(run: Run, bring: Callable[[str], Result], log: EventLog) -> None:
    first = run_id_of(bring(RIGHT))
    run("undo", first)
    second = run_id_of(bring(RIGHT))

    too_early = run("restore", first)
    assert isinstance(too_early.exception, ImportFileError)
    assert f"frontdesk import undo {second} comes first" in too_early.exception.detail

    run("undo", second)
    assert counting(log) == []
    assert run("restore", first).exit_code == 0
    assert counting(log) == [("1", 1000), ("2", 2000)]
    assert "2 known" in bring(RIGHT).stdout


def test_a_third_run_takes_the_next_ids(run: Run, bring: Callable[[str], Result], log: EventLog) -> None:
    for _ in range(2):
        run("undo", run_id_of(bring(RIGHT)))

    bring(RIGHT)

    assert counting(log) == [("1~3", 1000), ("2~3", 2000)]


def test_runs_are_listed_with_their_state(run: Run, bring: Callable[[str], Result]) -> None:
    assert "No import has written anything yet" in run("runs").output
    first = run_id_of(bring(WRONG))
    run("undo", first)
    second = run_id_of(bring(RIGHT))

    [_, *listed] = run("runs").output.splitlines()

    assert [line.split() for line in listed] == [
        [first, "hmnp", "till", "a.csv", "2", "taken", "back"],
        [second, "hmnp", "till", "a.csv", "2"],
    ]


def test_what_cannot_be_undone_or_restored(run: Run, bring: Callable[[str], Result]) -> None:
    first = run_id_of(bring(RIGHT))

    for arguments, reason in (
        (("undo", "nothing"), "there is no run 'nothing'; the newest is"),
        (("restore", first), "there is nothing to restore"),
    ):
        error = run(*arguments).exception
        assert isinstance(error, ImportFileError)
        assert reason in error.detail
    run("undo", first)
    error = run("undo", first).exception
    assert isinstance(error, ImportFileError)
    assert "is taken back already" in error.detail
