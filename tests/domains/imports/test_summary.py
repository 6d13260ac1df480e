"""What an import says it did is what the log holds: every kind of file, a dry run like the real one, a second run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from frontdesk.core.errors import ImportFileError
from frontdesk.core.log.event_log import EventLog
from tests.domains.imports.conftest import Run, all_events

Write = Callable[[str, Any], Path]
PAYMENT = {
    "type": "payment.succeeded",
    "source_event_id": "{No}",
    "occurred_at": "At",
    "fields": {"payment_id": "No", "amount_minor": {"column": "Amount", "type": "money"}, "note": "Note"},
}
DONE = {
    "type": "booking.completed",
    "when": {"column": "Note", "equals": "done"},
    "source_event_id": "{No}-done",
    "occurred_at": "At",
    "fields": {"booking_id": "No"},
}
MAPPING = {"tenant": "hmnp", "source": "till", "events": [PAYMENT, DONE]}
HEADER = "No,At,Amount,Note\n"
ROWS = "1,2025-03-01T10:00,10.00,first\n2,2025-03-01T11:00,20.00,Zoë\n3,2025-03-01T12:00,30.00,done\n"
LINE: dict[str, Any] = {
    "source": "till",
    "source_event_id": "1",
    "type": "payment.succeeded",
    "occurred_at": "2025-03-01T10:00:00Z",
    "payload": {"payment_id": "1", "amount_minor": 1000, "currency": "USD"},
}


@dataclass(frozen=True)
class Case:
    """A file, and what its rows become."""

    content: str | bytes
    rows: dict[str, int]  #: every word of the summary that is not 0
    before: str | bytes | None = None  #: a file imported before
    file: dict[str, str] = field(default_factory=dict)
    name: str = "a.csv"


def lines(*changes: dict[str, Any]) -> bytes:
    return b"\n".join(orjson.dumps(LINE | change) for change in changes)


CASES = {
    "plain": Case(HEADER + ROWS, {"read": 3, "in": 3}),
    "semicolons": Case((HEADER + ROWS).replace(",", ";"), {"read": 3, "in": 3}, file={"delimiter": ";"}),
    "tabs": Case((HEADER + ROWS).replace(",", "\t"), {"read": 3, "in": 3}, file={"delimiter": "tab"}),
    "windows": Case((HEADER + ROWS).encode("cp1252"), {"read": 3, "in": 3}, file={"encoding": "cp1252"}),
    "utf-16": Case((HEADER + ROWS).encode("utf-16"), {"read": 3, "in": 3}, file={"encoding": "utf-16"}),
    "wrong encoding": Case((HEADER + ROWS).encode("cp1252"), {"read": 3, "in": 2, "refused": 1}),
    "byte order mark, CRLF": Case(
        b"\xef\xbb\xbf" + (HEADER + ROWS).replace("\n", "\r\n").encode(), {"read": 3, "in": 3}
    ),
    "a quote never closed": Case(
        HEADER + '1,2025-03-01T10:00,10.00,"open\n2,2025-03-01T11:00,20.00,x\n', {"read": 2, "in": 1, "refused": 1}
    ),
    "repeated rows": Case(HEADER + ROWS + ROWS, {"read": 6, "in": 3, "repeated": 3}),
    "one id, two contents": Case(
        HEADER + "1,2025-03-01T10:00,10.00,a\n1,2025-03-01T10:00,11.00,a\n", {"read": 2, "in": 1, "changed": 1}
    ),
    "refused rows": Case(HEADER + ROWS + "4,soon,1.00,\n5,2025-03-01T10:00,x,\n", {"read": 5, "in": 3, "refused": 2}),
    "a second run": Case(HEADER + ROWS, {"read": 3, "known": 3}, before=HEADER + ROWS),
    "next month's export": Case(
        HEADER + ROWS.replace("Zoë", "done") + "4,2025-04-01T10:00,5.00,\n",
        {"read": 4, "in": 1, "in part": 1, "known": 2},
        before=HEADER + ROWS,
    ),
    "changed rows": Case(
        HEADER + ROWS.replace("30.00", "31.00"), {"read": 3, "known": 2, "changed": 1}, before=HEADER + ROWS
    ),
    "NDJSON": Case(
        lines({}, {}, {"source_event_id": "2"}, {"type": "x"}, {"payload": LINE["payload"] | {"amount_minor": 1}}),
        {"read": 5, "in": 2, "repeated": 1, "changed": 1, "refused": 1},
        name="a.ndjson",
    ),
    "NDJSON again": Case(
        lines({}, {"source_event_id": "3"}), {"read": 2, "in": 1, "known": 1}, before=lines({}), name="a.ndjson"
    ),
}


#: What a run and a dry run say of a fate, where that is not its own word.
FATES = {
    "imported": "in",
    "good": "in",
    "imported in part": "in part",
    "good in part": "in part",
}


def said_of_rows(result: Result) -> dict[str, int]:
    """Return the words of the summary that are not 0."""
    [said] = re.findall(r"Rows: (.*)\.", result.stdout)
    told = {FATES.get(word, word): int(count) for count, word in (part.split(" ", 1) for part in said.split(", "))}
    return {word: count for word, count in told.items() if count}


def said_of_events(result: Result) -> dict[str, int]:
    """Return the sums of the table's columns."""
    table = [line.split() for line in result.stdout.splitlines()]
    start = next((place for place, words in enumerate(table) if words[:1] == ["event"]), None)
    if start is None:
        return {}
    names = [word for word in table[start][1:] if word not in ("first", "last")]
    sums = dict.fromkeys(names, 0)
    for words in table[start + 1 :]:
        if not words or "." not in words[0] or words[0].startswith("("):
            break
        for name, count in zip(names, words[1:], strict=False):
            sums[name] += int(count)
    return sums


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_what_the_log_holds(name: str, run: Run, write: Write, log: EventLog, tmp_path: Path) -> None:
    case = CASES[name]
    mapping = ["--mapping", write("m.yaml", MAPPING | {"file": case.file})] if case.name.endswith(".csv") else []
    arguments = [write(case.name, case.content), *mapping, "--tenant", "hmnp"]
    if case.before is not None:
        assert run(write(f"before-{case.name}", case.before), *arguments[1:]).exit_code == 0
    before = {event.sequence for event in all_events(log)}

    dry = run(*arguments, "--dry-run")
    assert {event.sequence for event in all_events(log)} == before
    real = run(*arguments, "--report", tmp_path / "report.csv")

    written = [event for event in all_events(log) if event.sequence not in before]
    assert said_of_rows(real) == said_of_rows(dry) == case.rows
    assert sum(count for word, count in case.rows.items() if word != "read") == case.rows["read"]
    assert said_of_events(real) == said_of_events(dry)
    assert said_of_events(real).get("new", 0) == len(written)
    assert dry.exit_code == real.exit_code == (2 if case.rows.keys() - {"read", "in", "known"} else 0)
    # Each row that is not wholly in is in the report, and on the screen by its line.
    reported = (tmp_path / "report.csv").read_bytes().decode(case.file.get("encoding", "utf-8"), "replace")
    count_lacking = sum(case.rows.get(word, 0) for word in ("in part", "repeated", "changed", "refused"))
    assert len(reported.splitlines()) == 1 + count_lacking
    assert real.stderr.count("line ") >= count_lacking


def test_an_export_of_next_month_brings_the_completion(run: Run, write: Write, log: EventLog) -> None:
    mapping = write("m.yaml", MAPPING)
    run(write("a.csv", HEADER + "7,2025-03-01T10:00,10.00,planned\n"), "--mapping", mapping)

    again = run(write("b.csv", HEADER + "7,2025-03-01T10:00,10.00,done\n"), "--mapping", mapping)

    assert [event.type for event in all_events(log)] == ["payment.succeeded", "booking.completed"]
    assert said_of_rows(again) == {"read": 1, "in part": 1}
    assert "1 refused" not in again.output
    assert "is in the log with another note (from line 2 of a.csv), which stays" in again.stderr


@pytest.mark.parametrize("bad", ["4,soon,1.00,\n", "1,2025-03-01T10:00,10.00,first\n"])
def test_all_or_nothing_writes_nothing_where_a_row_is_not_wholly_in(
    run: Run, write: Write, log: EventLog, bad: str, tmp_path: Path
) -> None:
    mapping = write("m.yaml", MAPPING)
    arguments = ("--mapping", mapping, "--all-or-nothing", "--report", tmp_path / "r.csv")

    result = run(write("a.csv", HEADER + ROWS + bad), *arguments)

    assert result.exit_code == 2
    assert all_events(log) == []
    assert "Nothing was written: not every row can be imported" in result.stdout
    (tmp_path / "r.csv").unlink()
    assert run(write("a.csv", HEADER + ROWS), *arguments).exit_code == 0
    assert len(all_events(log)) == 4


def test_a_report_never_overwrites_a_file(run: Run, write: Write, log: EventLog) -> None:
    mine = write("mine.csv", "my own list\n")

    result = run(write("a.csv", HEADER + ROWS), "--mapping", write("m.yaml", MAPPING), "--report", mine)

    assert isinstance(result.exception, ImportFileError)
    assert "is there already; give the report another name" in result.exception.detail
    assert mine.read_text() == "my own list\n"
    assert all_events(log) == []
