"""POST /v1/events:import: streams, reports bad lines, adds nothing the second time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from frontdesk.core.log.envelope import Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.ndjson import Arrival, LineError, LineSplitter, NdjsonFile, parse_line
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, Answer, Post, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT, as_bytes, environment, stripe_post
from webhooks.api.event_import import MAX_EVENTS_PER_APPEND, MAX_LISTED_REJECTIONS

NDJSON = {"content-type": "application/x-ndjson"}
NEW, OLD, BAKER = (f"{name}-owner-key-of-a-business" for name in ("new", "old", "baker"))
MEBIBYTE = 1_048_576


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "source": "oldcrm",
        "source_event_id": f"row-{number}",
        "type": "contact.created",
        "occurred_at": "2024-03-01T09:00:00+01:00",
        "payload": {"contact": {"email": "ana@example.com"}},
    } | changes


def import_post(*lines: Any, key: str = OWNER_KEY) -> Post:
    body = b"\n".join(as_bytes(each) for each in lines)
    return Post("/v1/events:import", body, {**NDJSON, "authorization": f"Bearer {key}"})


def summary_of(answer: Answer) -> dict[str, Any]:
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    summary: dict[str, Any] = answer.json()
    return summary


def test_a_line_becomes_an_event(receiver: RunningReceiver, log: EventLog) -> None:
    whole = line(subject_id="c-1", correlation_id="batch-7", causation_id="row-0", tenant_id=TENANT)

    summary = summary_of(receiver.send(import_post(whole)))

    event = only_event(log)
    assert summary == {
        "run": event.headers["import-run"],
        "is_dry_run": False,
        "accepted": 1,
        "duplicates": 0,
        "repeated": [],
        "repeated_count": 0,
        "rejected": [],
        "rejected_count": 0,
    }
    assert event.headers["import-line"] == "1"
    assert (event.tenant_id, event.source, event.source_event_id) == (TENANT, "oldcrm", "row-1")
    assert (event.type, event.subject_id) == ("contact.created", "c-1")
    assert (event.correlation_id, event.causation_id, event.schema_version) == ("batch-7", "row-0", 1)
    assert (event.occurred_at, event.received_at) == (datetime(2024, 3, 1, 8, tzinfo=UTC), NOW)
    assert event.origin is Origin.IMPORT
    assert event.body == as_bytes(whole)
    assert orjson.loads(event.payload) == whole["payload"]


def test_sent_again_it_adds_nothing(receiver: RunningReceiver, log: EventLog) -> None:
    post = import_post(*(line(number) for number in range(3)), line(1))
    first, again = (summary_of(receiver.send(post)) for _ in range(2))
    assert (first["accepted"], first["duplicates"], first["repeated_count"]) == (3, 0, 1)
    assert [line["line"] for line in first["repeated"]] == [4]
    assert "says the same as line 2" in first["repeated"][0]["error"]
    assert (again["accepted"], again["duplicates"], again["repeated_count"]) == (0, 4, 0)
    assert len(log.read_after(0, limit=10)) == 3


def test_more_lines_than_one_transaction_takes(receiver: RunningReceiver, log: EventLog) -> None:
    count = 2 * MAX_EVENTS_PER_APPEND + 1
    summary = summary_of(receiver.send(import_post(*(line(number) for number in range(count)))))
    assert summary["accepted"] == count == log.last_sequence()


def test_a_providers_event_meets_its_webhook(receiver: RunningReceiver, log: EventLog) -> None:
    event = {"id": "evt_1", "type": "invoice.paid", "created": 1}
    receiver.send(stripe_post(event))
    history = line(source="stripe", source_event_id="evt_1", type="stripe.invoice.paid", payload=event)
    other = history | {"source_event_id": "evt_2"}
    assert summary_of(receiver.send(import_post(history, other)))["duplicates"] == 1
    assert [kept.origin for kept in log.read_after(0, limit=10)] == [Origin.WEBHOOK, Origin.IMPORT]


BAD_LINES = [
    (b"{", "is no JSON object in UTF-8"),
    (b"\xff", "is no JSON object in UTF-8"),
    (b'{"a":"\xff"}', "is no JSON object in UTF-8"),
    (b'{"a":NaN}', "is no JSON object in UTF-8"),
    (as_bytes(line(type="a.b", payload={"n": "@"})).replace(b"@", b"\\ud800"), "half of a surrogate pair"),
    (as_bytes(line()).replace(b'"row-1"', b"1e400"), "is no JSON object in UTF-8"),
    (b"[" * 70 + b"]" * 70, "nested deeper"),
    (b"[" * 100_000, "nested"),
    ([], "should be a valid dictionary"),
    ({}, "source: Field required"),
    (line(extra=1), "extra: Extra inputs"),
    (line(source="Old CRM"), "source: "),
    (line(source_event_id=""), "source_event_id: "),
    (line(source_event_id="x" * 256), "source_event_id: "),
    (line(type="created"), "type: "),
    (line(occurred_at="2024-03-01T09:00:00"), "occurred_at: "),
    (line(occurred_at="0001-01-01T00:00:00+14:00"), "occurred_at: "),
    (line(payload=[]), "payload: "),
    (line(payload={"contact": {}}), "contact needs external_id, phone or email"),
    (line(tenant_id="bakery"), "tenant_id: is 'bakery', but this import is for"),
    (line(schema_version=2), "schema_version: "),
]


def read_alike(content: bytes, folder: Path) -> list[object]:
    """Return what a line is to an import over HTTP, and to one of a file."""
    arrival = Arrival(received_at=NOW, run_id="run")
    path = folder / "lines.ndjson"
    path.write_bytes(content)
    with NdjsonFile(path, tenant_id=TENANT, arrival=arrival, max_line_bytes=1_000_000) as file:
        [row] = file.rows()
    try:
        over_http: object = parse_line(content, tenant_id=TENANT, arrival=arrival, number=1)
    except LineError as error:
        over_http = str(error)
    return [over_http, row.events[0] if row.events else row.problems[0].reason]


@pytest.mark.parametrize(
    "content",
    [
        *(as_bytes(bad) for bad, _ in BAD_LINES),
        as_bytes(line()),
        as_bytes(line()) + b"\r\n",
        b"\xef\xbb\xbf" + as_bytes(line()),
        as_bytes(line(occurred_at="2024-03-01T00:30:00+14:00", schema_version=1)),
        as_bytes(line(type="a.b", payload={"n": 2**70})),
    ],
)
def test_a_line_is_the_same_over_http_and_in_a_file(content: bytes, tmp_path: Path) -> None:
    over_http, in_file = read_alike(content, tmp_path)

    assert over_http == in_file


@pytest.mark.parametrize(("bad", "error"), BAD_LINES)
def test_a_bad_line_is_reported_and_the_good_ones_go_in(
    receiver: RunningReceiver, log: EventLog, bad: Any, error: str
) -> None:
    summary = summary_of(receiver.send(import_post(line(11), b"", bad, line(12))))
    assert (summary["accepted"], summary["rejected_count"]) == (2, 1)
    [rejected] = summary["rejected"]
    assert rejected["line"] == 3
    assert error in rejected["error"]
    assert [event.source_event_id for event in log.read_after(0, limit=10)] == ["row-11", "row-12"]


def test_only_the_first_hundred_bad_lines_are_listed(receiver: RunningReceiver) -> None:
    summary = summary_of(receiver.send(import_post(*([b"x"] * 250))))
    assert summary["rejected_count"] == 250
    assert [bad["line"] for bad in summary["rejected"]] == list(range(1, MAX_LISTED_REJECTIONS + 1))


def test_line_ends_blank_lines_and_a_byte_order_mark(receiver: RunningReceiver) -> None:
    body = b"\xef\xbb\xbf" + as_bytes(line(1)) + b"\r\n\r\n  \n" + as_bytes(line(2)) + b"\r\n"
    summary = summary_of(receiver.send(import_post().changed(body=body)))
    assert (summary["accepted"], summary["rejected_count"]) == (2, 0)


def test_an_empty_body_imports_nothing(receiver: RunningReceiver) -> None:
    assert summary_of(receiver.send(import_post()))["accepted"] == 0


def test_a_body_of_any_length_with_lines_up_to_a_mebibyte(receiver: RunningReceiver, log: EventLog) -> None:
    def padded(number: int, size: int) -> bytes:
        whole = line(number, payload={"contact": {"email": "a@b.c"}, "filler": ""})
        return as_bytes(whole | {"payload": whole["payload"] | {"filler": "x" * (size - len(as_bytes(whole)))}})

    lines = [padded(1, MEBIBYTE), padded(2, MEBIBYTE + 1), padded(3, MEBIBYTE), as_bytes(line(4))]
    body = b"\n".join(lines)
    chunks = [body[start : start + 65_536] for start in range(0, len(body), 65_536)]

    summary = summary_of(receiver.send(import_post().changed(chunks=chunks)))

    assert summary["accepted"] == 3
    assert summary["rejected"] == [{"line": 2, "error": "longer than 1048576 bytes"}]
    assert [event.source_event_id for event in log.read_after(0, limit=10)] == ["row-1", "row-3", "row-4"]


@given(
    lines=st.lists(st.binary(max_size=12).filter(lambda text: b"\n" not in text), min_size=1),
    size=st.integers(min_value=1, max_value=7),
)
@example(lines=[b"", b""], size=1)
@example(lines=[b"\xef\xbb\xbf"], size=1)
def test_however_a_stream_is_cut_its_lines_are_the_same(lines: list[bytes], size: int) -> None:
    stream = b"\n".join(lines)
    splitter = LineSplitter(limit=8)
    found = [each for start in range(0, len(stream), size) for each in splitter.feed(stream[start : start + size])]
    found += splitter.finish()

    expected = [None if len(text) > 8 else text for text in lines]
    if lines[-1] == b"":  # an end of line ends a line; it does not begin one
        expected.pop()
    if expected and expected[0] is not None:
        expected[0] = expected[0].removeprefix(b"\xef\xbb\xbf")
    assert [each.content for each in found] == expected
    assert [each.number for each in found] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize("number", ["13149090000001440022131", "-" + "9" * 40, "120.00"])
def test_numbers_keep_their_value(receiver: RunningReceiver, log: EventLog, number: str) -> None:
    body = as_bytes(line(type="zoho.x", payload={"n": "@"})).replace(b'"@"', number.encode())
    receiver.send(import_post(body))
    [value] = json.loads(only_event(log).payload).values()
    assert value == (float(number) if "." in number else int(number))


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_the_key_in_either_header(receiver: RunningReceiver, header: str) -> None:
    value = f"Bearer {OWNER_KEY}" if header == "authorization" else OWNER_KEY
    assert receiver.send(Post("/v1/events:import", b"", {**NDJSON, header: value})).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {OWNER_KEY}"},
        {"authorization": OWNER_KEY},
        {"x-api-key": ""},
        {"x-api-key": "\xff"},
        {"authorization": "Bearer wrong", "x-api-key": OWNER_KEY},
    ],
)
def test_without_a_right_key(receiver: RunningReceiver, log: EventLog, headers: dict[str, str]) -> None:
    answer = receiver.send(import_post(line()).changed(headers={**NDJSON, **headers}))
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert log.last_sequence() == 0


def test_every_live_key_tells_its_tenant(start: StartReceiver, log: EventLog) -> None:
    environ = environment() | {
        "FRONTDESK_SALON_OWNER_API_KEY": f"{NEW},{OLD}",
        "FRONTDESK_BAKERY_OWNER_API_KEY": BAKER,
    }
    receiver = start(environ=environ)
    for key in (NEW, OLD, BAKER):
        receiver.send(import_post(line(), key=key))
    assert [event.tenant_id for event in log.read_after(0, limit=10)] == ["salon", "bakery"]


def test_a_key_of_two_tenants_is_nobodys_and_stops_neither(
    start: StartReceiver, log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_BAKERY_OWNER_API_KEY": f"{OWNER_KEY},{BAKER}"})
    (record,) = [record for record in caplog.records if record.message == "key set aside"]
    assert "also a key of salon" in record.frontdesk_fields["reason"]  # type: ignore[attr-defined]
    assert receiver.send(import_post(line(), key=OWNER_KEY)).status == 401
    assert receiver.send(import_post(line(), key=BAKER)).status == 200
    assert [event.tenant_id for event in log.read_after(0, limit=10)] == ["bakery"]


def test_a_short_key_is_nobodys(start: StartReceiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_BAKERY_OWNER_API_KEY": f"{'x' * 23},{BAKER}"})
    (record,) = [record for record in caplog.records if record.message == "key set aside"]
    assert "fewer than 24 characters" in record.frontdesk_fields["reason"]  # type: ignore[attr-defined]
    statuses = [receiver.send(import_post(line(), key=key)).status for key in ("x" * 23, BAKER)]
    assert statuses == [401, 200]


@pytest.mark.parametrize("content_type", ["application/json", "text/csv", "application/x-www-form-urlencoded"])
def test_another_content_type(receiver: RunningReceiver, content_type: str) -> None:
    answer = receiver.send(import_post(line()).with_headers(content_type=content_type))
    assert (answer.status, answer.headers["content-type"]) == (415, "application/problem+json")


def test_a_log_that_cannot_be_written_ends_the_import(start: StartReceiver, engine: Engine) -> None:
    receiver = start()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_log RENAME TO gone")
    answer = receiver.send(import_post(line()))
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"]
    assert "0 events are in" in answer.json()["detail"]


@given(body=st.binary() | st.text().map(str.encode) | st.lists(st.sampled_from(BAD_LINES)).map(str).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_body_gets_a_summary(receiver: RunningReceiver, body: bytes) -> None:
    summary_of(receiver.send(import_post().changed(body=body)))
