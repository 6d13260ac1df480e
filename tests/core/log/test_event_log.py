"""The event log's contract, on SQLite and on PostgreSQL: append, deduplicate, read back to the letter."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.envelope import Appended, NewEvent, Origin
from frontdesk.core.log.event_insert import MAX_ROWS_PER_APPEND
from frontdesk.core.log.event_log import MAX_SOURCE_EVENT_ID, EventLog
from tests.core.backends import Backend
from tests.core.factories import NOON, new_event


def test_an_event_comes_back_as_it_went_in(log: EventLog) -> None:
    event = new_event(
        correlation_id="corr",
        causation_id="cause",
        content_type="application/x-www-form-urlencoded",
        headers={"x-request-id": "é"},
        body=b"raw\x00\xff bytes",
        origin=Origin.IMPORT,
        occurred_at=datetime(2026, 3, 1, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=-7))),
    )

    [answer] = log.append([event])
    [kept] = log.read_after(0, limit=10)

    assert answer == Appended(kept.event_id, kept.sequence, is_new=True)
    assert UUID(kept.event_id).version == 7
    assert {name: getattr(kept, name) for name in asdict(event)} == asdict(event)
    assert kept.occurred_at.tzinfo is UTC


def test_a_known_event_is_answered_with_the_first_ones_ids(log: EventLog) -> None:
    [first] = log.append([new_event(body=b"first")])
    [again] = log.append([new_event(body=b"again")])

    assert again == Appended(first.event_id, first.sequence, is_new=False)
    assert [event.body for event in log.read_after(0, limit=10)] == [b"first"]


def test_a_repeat_within_one_call_is_appended_once(log: EventLog) -> None:
    first, other, again = log.append([new_event("a"), new_event("b"), new_event("a")])

    assert (first.is_new, other.is_new, again.is_new) == (True, True, False)
    assert again.event_id == first.event_id
    assert log.last_sequence() == other.sequence


def test_the_same_id_of_another_tenant_or_source_is_another_event(log: EventLog) -> None:
    answers = log.append([new_event(), new_event(tenant_id="hmnp"), new_event(source="wix")])

    assert [answer.is_new for answer in answers] == [True, True, True]


def test_sequences_ascend_in_the_order_given(log: EventLog) -> None:
    names = [f"evt_{number}" for number in range(MAX_ROWS_PER_APPEND * 2 + 1)]
    answers = log.append([new_event(name) for name in names])

    kept = log.read_after(0, limit=len(names) + 1)
    assert [event.source_event_id for event in kept] == names
    assert [event.sequence for event in kept] == [answer.sequence for answer in answers]
    assert log.last_sequence() == answers[-1].sequence


def test_a_call_with_known_and_new_events_answers_in_order(log: EventLog) -> None:
    known = log.append([new_event(f"evt_{number}") for number in range(0, 20, 2)])
    answers = log.append([new_event(f"evt_{number}") for number in range(20)])

    assert [answer.is_new for answer in answers] == [False, True] * 10
    assert [answer.event_id for answer in answers[::2]] == [answer.event_id for answer in known]


def test_an_empty_log_and_an_empty_call(log: EventLog) -> None:
    assert log.append([]) == []
    assert log.last_sequence() == 0
    assert log.read_after(0, limit=10) == []
    assert list(log.read_batches(0, batch_size=10)) == []


def test_batches_follow_to_the_end_of_the_log(log: EventLog) -> None:
    answers = log.append([new_event(f"evt_{number}") for number in range(10)])

    batches = list(log.read_batches(answers[2].sequence, batch_size=3))

    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [event.source_event_id for batch in batches for event in batch] == [f"evt_{n}" for n in range(3, 10)]


def test_batches_include_what_is_appended_while_reading(log: EventLog) -> None:
    log.append([new_event("a"), new_event("b")])
    batches = log.read_batches(0, batch_size=1)
    assert [event.source_event_id for event in next(batches)] == ["a"]

    log.append([new_event("c")])

    assert [event.source_event_id for batch in batches for event in batch] == ["b", "c"]


def test_a_megabyte_body_and_payload(log: EventLog) -> None:
    body = bytes(range(256)) * 4096
    payload = b'{"text": "' + "é€".encode() * 200_000 + b'"}'
    log.append([new_event(body=body, payload=payload)])

    [kept] = log.read_after(0, limit=1)
    assert kept.body == body
    assert kept.payload == payload


@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=MAX_SOURCE_EVENT_ID + 50))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_kept_and_deduplicated(log: EventLog, text: str) -> None:
    [first, *_] = log.append([new_event(text, subject_id=text, correlation_id=text)])
    [again] = log.append([new_event(text)])

    assert again == first._replace(is_new=False)
    [kept] = log.read_after(first.sequence - 1, limit=1)
    if "\x00" not in text:
        assert kept.subject_id == text
        assert kept.source_event_id == text or len(text) > MAX_SOURCE_EVENT_ID


def test_nul_is_replaced_where_text_columns_cannot_hold_it(log: EventLog) -> None:
    event = new_event("a\x00b", subject_id="s\x00", type="stripe.x\x00", payload=b'{"note": "\\u0000"}')
    [first] = log.append([event])
    [again] = log.append([event])

    [kept] = log.read_after(0, limit=1)
    assert (kept.source_event_id, kept.subject_id, kept.type) == ("a\ufffdb", "s\ufffd", "stripe.x\ufffd")
    assert kept.payload == b'{"note": "\\u0000"}'
    assert again == first._replace(is_new=False)


def test_an_id_too_long_for_an_index_is_hashed_and_still_deduplicated(log: EventLog) -> None:
    [first] = log.append([new_event("é" * 5_000)])
    [other] = log.append([new_event("é" * 5_001)])
    [again] = log.append([new_event("é" * 5_000)])

    assert (first.is_new, other.is_new) == (True, True)
    assert again == first._replace(is_new=False)
    assert log.read_after(0, limit=1)[0].source_event_id.startswith("sha256:")


@pytest.mark.parametrize("year", [33, 800, 1969, 2199])
def test_far_off_years_can_be_read_back(log: EventLog, year: int) -> None:
    instant = NOON.replace(year=year)
    log.append([new_event(occurred_at=instant)])

    assert log.read_after(0, limit=1)[0].occurred_at == instant


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (new_event(occurred_at=NOON.replace(tzinfo=None)), "naive datetime"),
        (new_event(payload=b"\xff"), "can't decode"),
    ],
)
def test_an_event_that_cannot_be_stored_leaves_nothing_of_its_call(
    log: EventLog, event: NewEvent, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        log.append([new_event("good"), event])

    assert log.last_sequence() == 0


def test_unavailable_is_said_and_nothing_is_half_appended(backend: Backend, engine: Engine, log: EventLog) -> None:
    log.append([new_event("before")])
    many = [new_event(f"evt_{number}", body=b"x" * 5_000) for number in range(500)]

    with backend.unavailable(engine), pytest.raises(EventLogUnavailableError, match="can't be used now"):
        log.append(many)

    assert [event.source_event_id for event in log.read_after(0, limit=10)] == ["before"]
    assert all(answer.is_new for answer in log.append(many))


def test_a_reader_is_told_when_the_database_is_gone(log: EventLog, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_log RENAME TO gone")

    for read in (lambda: log.read_after(0, limit=1), log.last_sequence):
        with pytest.raises(EventLogUnavailableError, match="can't be used now"):
            read()


def test_events_are_read_by_their_ids(log: EventLog) -> None:
    first, second = log.append([new_event("a"), new_event("b", type="x.y")])
    [theirs] = log.append([new_event("a", tenant_id="hmnp")])

    assert {key: event.sequence for key, event in log.read_by_id([second.event_id, "unknown"]).items()} == {
        second.event_id: second.sequence
    }
    [kept] = log.read_after(0, limit=1)
    found = log.read_by_source_ids(kept.tenant_id, kept.source, ["b", "a", "unknown"])
    assert [event.sequence for event in found] == [first.sequence, second.sequence]
    assert [event.sequence for event in log.read_by_source_ids("hmnp", kept.source, ["a"])] == [theirs.sequence]


def test_an_event_whose_id_no_index_holds_is_found_by_it(log: EventLog) -> None:
    long_id = "a" * (MAX_SOURCE_EVENT_ID + 1)
    log.append([new_event(long_id)])
    [kept] = log.read_after(0, limit=1)
    assert log.read_by_source_ids(kept.tenant_id, kept.source, [long_id]) == [kept]


def test_runs_of_imports_are_found_in_pages_that_no_limit_stops(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.core.log.event_log._PAGE", 3)
    of_run = [
        new_event(f"evt_{n}", origin=Origin.IMPORT, headers={"import-run": f"run-{n % 2}", "import-file": "a.csv"})
        for n in range(8)
    ]
    log.append([new_event("delivered"), *of_run])
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement))

    first, second = sorted(log.read_import_runs(), key=lambda part: part.run_id)

    assert (first.count_events, first.first_sequence, first.last_sequence) == (4, 2, 8)
    assert (second.count_events, second.first_sequence, second.last_sequence) == (4, 3, 9)
    batches = log.read_import_run(first.tenant_id, "run-0", first=2, last=8, batch_size=1)
    assert [[each.source_event_id for each in batch] for batch in batches] == [[f"evt_{n}"] for n in (0, 2, 4, 6)]
    looking_through = [statement for statement in statements if "headers" in statement and "BETWEEN" not in statement]
    assert all(" IN (" in statement for statement in looking_through)


@pytest.mark.parametrize("page", [1, 3, 20_000])
def test_ids_that_begin_alike_are_found_in_any_pages(
    log: EventLog, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("frontdesk.core.log.event_log._PAGE", page)
    names = [
        "import-run/b",
        "Import-run/c",
        "import-runs",
        "import-run/a",
        "importrun/a",
        "z",
        "%",
        "import-run/\u00e9",
        "a",
    ]
    log.append([*(new_event(name) for name in names), new_event("import-run/x", source="other")])

    found = log.read_by_id_prefix(new_event().tenant_id, "stripe", "import-run/")

    assert [event.source_event_id for event in found] == ["import-run/b", "import-run/a", "import-run/\u00e9"]
