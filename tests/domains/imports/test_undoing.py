"""A wrong import is taken back and imported again, restored: by events, never by changing the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from frontdesk.core.errors import ImportFileError
from frontdesk.core.log.envelope import Event, NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.undone_runs import UndoneRuns
from tests.domains.imports.conftest import Run, all_events

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
    [run_id] = re.findall(r"To undo it: frontdesk import undo (\S+)", result.stdout)
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
        [first, "hmnp", "till", "a.csv", "2", "undone"],
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
    assert "is already undone" in error.detail


def test_a_later_name_that_counts_keeps_a_run_from_being_restored_and_an_earlier_one_too(
    run: Run, bring: Callable[[str], Result], log: EventLog
) -> None:
    first = run_id_of(bring(RIGHT))
    run("undo", first)
    second = run_id_of(bring(RIGHT))
    run("undo", second)
    assert run("restore", first).exit_code == 0

    refused = run("restore", second)

    assert isinstance(refused.exception, ImportFileError)
    assert f"frontdesk import undo {first} comes first" in refused.exception.detail
    assert counting(log) == [("1", 1000), ("2", 2000)]


def test_of_three_runs_only_one_counts(run: Run, bring: Callable[[str], Result], log: EventLog) -> None:
    runs = []
    for _ in range(3):
        runs.append(run_id_of(bring(RIGHT)))
        run("undo", runs[-1])
    assert run("restore", runs[1]).exit_code == 0

    for other in (runs[0], runs[2]):
        assert isinstance(run("restore", other).exception, ImportFileError)
    assert counting(log) == [("1~2", 1000), ("2~2", 2000)]


def test_ids_that_look_like_later_names_lose_no_row(run: Run, bring: Callable[[str], Result], log: EventLog) -> None:
    amounts = {"x": 1, "x~2": 2, "x~3": 3, "x~5": 5, "x~6": 6, "x~3~2": 9}
    rows = [f"{own},2025-03-01T10:00,{amount}.00" for own, amount in amounts.items()]
    file = "No,At,Amount\n" + "\n".join(rows) + "\n"
    run("undo", run_id_of(bring(file)))

    again = bring(file)

    assert again.exit_code == 0
    assert sorted(amount for _, amount in counting(log)) == [100, 200, 300, 500, 600, 900]
    assert "6 known" in bring(file).stdout
    run("undo", run_id_of(again))
    assert bring(file).exit_code == 0
    assert sorted(amount for _, amount in counting(log)) == [100, 200, 300, 500, 600, 900]


@pytest.mark.parametrize("is_dry_run", [False, True])
def test_an_id_is_not_taken_for_the_later_name_of_another(
    run: Run, write: Write, bring: Callable[[str], Result], log: EventLog, is_dry_run: bool
) -> None:
    run("undo", run_id_of(bring("No,At,Amount\nx,2025-03-01T10:00,1.00\n")))
    bring("No,At,Amount\nx~2,2025-03-01T10:00,2.00\n")

    file = write("b.csv", "No,At,Amount\nx,2025-03-01T10:00,1.00\nx~2,2025-03-01T10:00,2.00\n")
    said = run(file, "--mapping", write("m.yaml", MAPPING), *(["--dry-run"] if is_dry_run else []))

    assert said.exit_code == 0
    if not is_dry_run:
        assert counting(log) == [("x~2", 200), ("x~3", 100)]


def test_names_of_an_older_version_are_understood(run: Run, bring: Callable[[str], Result], log: EventLog) -> None:
    """It gave "x~5" the name "x~6" the second time, and told of no event which id it has."""
    file = "No,At,Amount\nx,2025-03-01T10:00,1.00\nx~5,2025-03-01T10:00,5.00\n"
    first = run_id_of(bring(file))
    run("undo", first)
    older = [
        imported(event, name=name)
        for event, name in zip((e for e in all_events(log) if e.source == "till"), ("x~2", "x~6"), strict=True)
    ]
    log.append(older)

    assert "2 known" in bring(file).stdout
    refused = run("restore", first)
    assert isinstance(refused.exception, ImportFileError)
    assert "frontdesk import undo older comes first" in refused.exception.detail
    run("undo", "older")
    assert bring(file).exit_code == 0
    assert sorted(amount for _, amount in counting(log)) == [100, 500]


def test_runs_are_found_page_by_page(
    run: Run, bring: Callable[[str], Result], log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.core.log.event_log._PAGE", 2)
    file = "No,At,Amount\n" + "".join(f"{n},2025-03-01T10:00,1.00\n" for n in range(7))
    bring("No,At,Amount\nbefore,2025-03-01T10:00,1.00\n")
    first = run_id_of(bring(file))
    bring("No,At,Amount\nafter,2025-03-01T10:00,1.00\n")

    assert "7 events" in run("undo", first).output
    second = run_id_of(bring(file))
    assert isinstance(run("restore", first).exception, ImportFileError)
    run("undo", second)
    assert "7 events" in run("restore", first).output
    assert len(counting(log)) == 9


def imported(event: Event, *, name: str) -> NewEvent:
    """Return an event under another name, as an older version wrote it."""
    return NewEvent(
        tenant_id=event.tenant_id,
        source=event.source,
        source_event_id=name,
        type=event.type,
        subject_id=event.subject_id,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        headers={"import-run": "older", "import-line": event.headers["import-line"], "import-file": "a.csv"},
        body=event.body,
        payload=event.payload,
        origin=event.origin,
    )
