"""The command: exit status, report, dry run, NDJSON, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from frontdesk.core.errors import ConfigurationError, ImportFileError
from frontdesk.core.log.envelope import Origin
from frontdesk.core.log.event_log import EventLog
from tests.domains.imports.conftest import Run, all_events, facts

Write = Callable[[str, Any], Path]
EVENT = {
    "type": "booking.created",
    "source_event_id": "{id}",
    "occurred_at": "at",
    "fields": {"booking_id": "id", "contact.phone": {"column": "phone", "type": "phone"}},
}
MAPPING = {"tenant": "hmnp", "source": "older", "events": [EVENT]}
GOOD = "id,at,phone\n1,2025-03-01,713 555 0142\n2,2025-03-02,\n"


@pytest.fixture
def mapping(write: Write) -> Path:
    return write("m.yaml", MAPPING)


@pytest.fixture
def some_files(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("m.yaml", MAPPING)
    write("no-tenant.yaml", {key: value for key, value in MAPPING.items() if key != "tenant"})
    write("a.csv", GOOD)
    write("other.csv", "id,at,telephone\n")
    monkeypatch.chdir(tmp_path)


def test_all_rows_in_is_status_0(run: Run, write: Write, mapping: Path, log: EventLog) -> None:
    result = run(write("a.csv", GOOD), "--mapping", mapping)

    assert result.exit_code == 0, result.output
    assert "Rows: 2 read, 2 imported, 0 refused, 0 not used by any event." in result.stdout
    assert [event.tenant_id for event in all_events(log)] == ["hmnp", "hmnp"]


def test_a_corrected_report_can_be_imported_by_the_same_mapping(
    run: Run, write: Write, log: EventLog, tmp_path: Path
) -> None:
    mapping = write("m.yaml", MAPPING | {"file": {"encoding": "cp1252", "delimiter": ";", "skip_lines": "1"}})
    csv = 'Exported by Zoë\nid;at;phone\n1;2025-03-01;"Zoë\nor 12"\n2;2025-03-02;\n3;2025-03-03;a;b\n'
    report = tmp_path / "refused.csv"

    first = run(write("a.csv", csv.encode("cp1252")), "--mapping", mapping, "--report", report)
    assert first.exit_code == 2, first.output
    told = report.read_bytes().decode("cp1252")
    assert "\"phone: 'Zoë\\nor 12' is no phone number\"" in told.replace("\r", "") or "is no phone number" in told
    assert "has 4 cells where the header has 3" in told
    corrected = told.replace('"Zoë\nor 12"', "713 555 0142").replace("a;b", "7135550143")
    second = run(write("b.csv", corrected.encode("cp1252")), "--mapping", mapping)

    assert second.exit_code == 0, second.output
    assert [fact[0] for fact in facts(log)] == ["2", "1", "3"]


def test_only_so_many_refusals_are_shown(run: Run, write: Write, mapping: Path) -> None:
    rows = "".join(f"{number},soon,\n" for number in range(30))
    result = run(write("a.csv", f"id,at,phone\n{rows}"), "--mapping", mapping)

    assert result.exit_code == 2
    assert result.stderr.count("is no date or time") == 20
    assert "... and 10 more." in result.stderr


def test_a_dry_run_writes_nothing(run: Run, write: Write, mapping: Path, tmp_path: Path) -> None:
    result = run(write("a.csv", GOOD), "--mapping", mapping, "--dry-run")

    assert result.exit_code == 0, result.output
    assert '"+17135550142"' in result.stdout
    assert "Rows: 2 read, 2 good" in result.stdout
    assert not (tmp_path / "home").exists()


def test_the_option_goes_before_the_mappings_tenant(run: Run, write: Write, mapping: Path, log: EventLog) -> None:
    run(write("a.csv", GOOD), "--mapping", mapping, "--tenant", "noizylab")

    assert {event.tenant_id for event in all_events(log)} == {"noizylab"}


def test_facts_in_the_future_are_noted(run: Run, write: Write, mapping: Path) -> None:
    result = run(write("a.csv", "id,at,phone\n1,2150-03-01,\n"), "--mapping", mapping)

    assert result.exit_code == 0
    assert "Some are in the future" in result.stdout


def test_a_field_that_looks_mistyped_is_noted(run: Run, write: Write) -> None:
    event = EVENT | {"fields": {"booking_id": "id", "start_at": "at"}}
    result = run(write("a.csv", GOOD), "--mapping", write("m.yaml", MAPPING | {"events": [event]}))

    assert "did you mean starts_at?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["a.csv"], "a CSV file needs --mapping"),
        (["none.csv", "--mapping", "m.yaml"], "can't be read: No such file"),
        (["a.csv", "--mapping", "none.yaml"], "not readable: No such file or directory; check the path"),
        (["other.csv", "--mapping", "m.yaml"], "the header has no column 'phone'"),
        (["a.csv", "--mapping", "m.yaml", "--tenant", "nobody"], "there is no tenant 'nobody'; use one of: avatar"),
        (["a.csv", "--mapping", "no-tenant.yaml"], "whose history is it"),
        (["a.ndjson"], "whose history is it"),
        (["a.csv", "--mapping", "m.yaml", "--report", "a.csv"], "is the file to be imported"),
        (["a.csv", "--mapping", "m.yaml", "--report", "no/folder/r.csv"], "the report can't be written"),
    ],
)
@pytest.mark.usefixtures("some_files")
def test_what_cannot_be_used(run: Run, arguments: list[str], reason: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 1
    assert isinstance(result.exception, ImportFileError)
    assert reason in result.exception.detail


def test_a_wrong_tenant_file_is_told(
    run: Run, write: Write, mapping: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("wrong.yaml", {"slug": "wrong"})
    (tmp_path / "tenants").mkdir()
    (tmp_path / "wrong.yaml").rename(tmp_path / "tenants" / "wrong.yaml")
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(tmp_path / "tenants"))

    result = run(write("a.csv", GOOD), "--mapping", mapping)

    assert isinstance(result.exception, ConfigurationError)


def test_ndjson_needs_no_mapping(run: Run, write: Write, log: EventLog, tmp_path: Path) -> None:
    event = {
        "source": "stripe",
        "source_event_id": "evt_1",
        "type": "stripe.charge.succeeded",
        "occurred_at": "2025-03-01T10:00:00+08:00",
        "payload": {"id": "evt_1"},
        "subject_id": "ch_1",
        "causation_id": "cause",
    }
    lines = [
        orjson.dumps(event),
        b"",
        orjson.dumps(event | {"source_event_id": "evt_2", "tenant_id": "hmnp"}),
        b"not json",
        orjson.dumps(event | {"source_event_id": "evt_3", "tenant_id": "noizylab"}),
        orjson.dumps(event | {"type": "booking.created"}),
        orjson.dumps(event | {"payload": {"id": "x" * 1_100_000}}),
    ]
    file, report = write("a.ndjson", b"\xef\xbb\xbf" + b"\n".join(lines)), tmp_path / "refused.csv"

    result = run(file, "--tenant", "hmnp", "--report", report)
    again = run(file, "--tenant", "hmnp")

    assert result.exit_code == again.exit_code == 2
    first, second = all_events(log)
    assert (first.source_event_id, second.source_event_id) == ("evt_1", "evt_2")
    assert (first.tenant_id, first.subject_id, first.causation_id) == ("hmnp", "ch_1", "cause")
    assert (first.origin, first.body) == (Origin.IMPORT, lines[0])
    assert first.occurred_at.isoformat() == "2025-03-01T02:00:00+00:00"
    assert [line.partition(",")[0] for line in report.read_text().splitlines()] == [
        "refused_line",
        "4",
        "5",
        "6",
        "7",
    ]
    for reason in (
        "line 4: is no JSON object in UTF-8",
        "line 5: tenant_id: is 'noizylab', but this import is for 'hmnp'",
        "line 6: payload: booking_id: Field required",
        "line 7: is longer than 1,048,576 bytes",
    ):
        assert reason in result.stderr


_FIELDS = {"booking_id": "id"}
_MADE = {"type": "booking.created", "source_event_id": "{id}-made", "occurred_at": "at", "fields": _FIELDS}
#: How mappings tell of a booking's end: by a column's words, and by a rule for each word.
_ENDED: dict[str, list[dict[str, Any]]] = {
    "by words": [
        {
            "type": {"column": "status", "map": {"Done": "booking.completed", "Off": "booking.cancelled"}},
            "when": {"column": "status", "not_equals": "Scheduled"},
            "source_event_id": "{id}-{status}",
            "occurred_at": "at",
            "fields": _FIELDS,
        }
    ],
    "by rules": [
        {
            "type": type_,
            "when": {"column": "status", "equals": word},
            "source_event_id": f"{{id}}-{word.lower()}",
            "occurred_at": "at",
            "fields": _FIELDS,
        }
        for type_, word in (("booking.completed", "Done"), ("booking.cancelled", "Off"))
    ],
}


@pytest.mark.parametrize("ended", _ENDED.values(), ids=_ENDED)
@pytest.mark.parametrize("option", ["", "--dry-run"])
def test_a_booking_that_is_to_come_again_is_told_as_changed(
    run: Run, write: Write, ended: list[dict[str, Any]], option: str
) -> None:
    mapping = write("m.yaml", MAPPING | {"events": [_MADE, *ended]})
    rows = ("1,2025-03-01,{}", "2,2025-03-02,Scheduled", "3,2025-03-03,Done")
    export = "id,at,status\n" + "\n".join(rows) + "\n"
    assert run(write("a.csv", export.format("Off")), "--mapping", mapping).exit_code == 0
    assert run(write("a.csv", export.format("Off")), "--mapping", mapping).exit_code == 0

    again = run(write("b.csv", export.format("Scheduled")), "--mapping", mapping, *filter(None, [option]))

    assert again.exit_code == 2, again.output
    assert "line 2: " in again.output
    assert "booking.cancelled" in again.output
    assert "is in the log (from line 2 of a.csv), which stays; the row no longer says so" in again.output
    assert "1 changed" in again.output
    assert "2 known" in again.output


def test_an_export_with_a_row_for_each_change_is_known_the_second_time(run: Run, write: Write) -> None:
    mapping = write(
        "m.yaml",
        MAPPING | {"events": [_MADE | {"when": {"column": "status", "equals": "Scheduled"}}, *_ENDED["by rules"]]},
    )
    export = write("a.csv", "id,at,status\n1,2025-03-01,Scheduled\n1,2025-03-02,Off\n")
    assert run(export, "--mapping", mapping).exit_code == 0
    assert run(export, "--mapping", mapping).exit_code == 0


def test_a_booking_whose_end_is_taken_back_is_known(run: Run, write: Write, log: EventLog) -> None:
    mapping = write("m.yaml", MAPPING | {"events": [_MADE, *_ENDED["by words"]]})
    run(write("a.csv", "id,at,status\n1,2025-03-01,Scheduled\n"), "--mapping", mapping)
    run(write("b.csv", "id,at,status\n1,2025-03-01,Off\n"), "--mapping", mapping)
    wrong = all_events(log)[-1].headers["import-run"]
    assert run("undo", wrong).exit_code == 0
    assert run(write("c.csv", "id,at,status\n1,2025-03-01,Scheduled\n"), "--mapping", mapping).exit_code == 0
