"""Rejected deliveries: kept apart, redacted, capped, counted; never in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from frontdesk.core.log.database import WRITES_AFTER_READING
from frontdesk.core.log.rejections import MAX_REDACTED_LENGTH, RejectionRecorder, describe_rejection, redact
from frontdesk.core.log.schema import rejected_deliveries, rejection_counts
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import NOW
from tests.webhooks.signing import (
    CLICKSEND_TOKEN,
    GOOGLE_TOKEN,
    TENANT,
    clicksend_post,
    google_post,
    proof_post,
    samples,
    stripe_post,
)


@pytest.fixture
def database(backend: Backend) -> Engine:
    return backend.open()


def rows(engine: Engine, table: Any = rejected_deliveries) -> list[dict[str, Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def rejection(reason: str = "signature_invalid", **changes: Any) -> Any:
    values: dict[str, Any] = {"tenant_id": "t", "source": "stripe", "detail": "d", "received_at": NOW, "body": b"{}"}
    return describe_rejection(**(values | {"reason": reason} | changes))


def record_all(engine: Engine, rejections: list[Any], **options: Any) -> RejectionRecorder:
    recorder = RejectionRecorder(engine, **options)
    recorder.start()
    for each in rejections:
        recorder.record(each)
    recorder.close()
    return recorder


def test_what_is_kept_of_a_rejection(database: Engine) -> None:
    body = b'{"email":"ana@example.com","amount":5}'
    record_all(database, [rejection(body=body)])
    [row] = rows(database)
    del row["rejection_id"]
    assert row == {
        "tenant_id": "t",
        "source": "stripe",
        "reason": "signature_invalid",
        "detail": "d",
        "received_at": NOW,
        "body_size": 38,
        "body_sha256": sha256(body).hexdigest(),
        "body_redacted": '{"email":"<text 15>","amount":"<number>"}',
    }


def test_the_oldest_go_first_and_each_source_has_its_own_room(database: Engine) -> None:
    for batch in (range(4), range(4, 7)):
        record_all(database, [rejection(detail=str(number)) for number in batch], kept_per_source=3)
    record_all(database, [rejection(detail="other", source="wix")], kept_per_source=3)
    assert [row["detail"] for row in rows(database)] == ["4", "5", "6", "other"]


def test_counts_per_day_and_reason_go_on_for_ever(database: Engine) -> None:
    late = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
    first = [rejection(), rejection(received_at=late), rejection("malformed")]
    record_all(database, first, kept_per_source=1)
    record_all(database, [rejection(received_at=NOW), rejection(received_at=NOW + timedelta(days=1))])

    counts = [
        (row["reason"], row["rejected_date"], row["count_rejections"], row["last_rejected_at"])
        for row in rows(database, rejection_counts)
    ]
    assert counts == [
        ("malformed", date(2026, 11, 1), 1, NOW),
        ("signature_invalid", date(2026, 11, 1), 3, late),
        ("signature_invalid", date(2026, 11, 2), 1, NOW + timedelta(days=1)),
    ]


def test_a_full_queue_drops_and_counts(database: Engine) -> None:
    recorder = RejectionRecorder(database, capacity=2)
    for _ in range(5):
        recorder.record(rejection())
    assert (recorder.count_dropped, recorder.count_waiting) == (3, 2)
    recorder.start()
    recorder.close()
    assert len(rows(database)) == 2


def test_a_database_that_is_gone_costs_only_the_rejections(backend: Backend) -> None:
    engine = backend.open()
    with backend.unavailable(engine):
        # More than what fits into the pages that are there.
        recorder = record_all(engine, [rejection(detail="x" * 20_000) for _ in range(200)])
    assert recorder.count_dropped == 200
    record_all(engine, [rejection()])
    assert len(rows(engine)) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ""),
        (b'{"a":{"b":["secret",2]},"c":null,"d":true}', '{"a":{"b":["<text 6>"]},"c":null,"d":true}'),
        (b'{"ana@example.com":1,"+15551230001":2}', '{"<key 15>":"<number>","<key 12>":"<number>"}'),
        (b"From=%2B1555&Body=hello+there", '{"From":"<text 5>","Body":"<text 11>"}'),
        (b"hello there, this is Ana", '"<neither JSON nor a form: 24 bytes>"'),
        (b"\xff\xfe", '"<neither JSON nor a form: 2 bytes>"'),
        (b"[[[[[[[[1]]]]]]]]", '[[[[[["<nested deeper>"]]]]]]'),
    ],
)
def test_redaction(body: bytes, expected: str) -> None:
    assert redact(body) == expected


JSON_VALUES = st.recursive(
    st.text() | st.integers(), lambda children: st.lists(children) | st.dictionaries(st.text(), children)
)


@given(secret=st.from_regex(r"[a-z]{3}[0-9]{5}[a-z]{3}", fullmatch=True), value=JSON_VALUES)
def test_no_value_survives_redaction(secret: str, value: Any) -> None:
    for body in (orjson.dumps({"key": secret, "more": [str(value), {"x": secret}]}), f"key={secret}".encode()):
        redacted = redact(body)
        assert secret not in redacted
        assert len(redacted) <= MAX_REDACTED_LENGTH


@given(body=st.binary())
def test_any_body_can_be_redacted(body: bytes) -> None:
    assert len(redact(body)) <= MAX_REDACTED_LENGTH


def test_a_large_body_is_hashed_but_not_shown(database: Engine) -> None:
    record_all(database, [rejection(body=b'{"a":"' + b"x" * 20_000 + b'"}')])
    [row] = rows(database)
    assert (row["body_size"], row["body_redacted"]) == (20_008, "<too large to be shown>")


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        (stripe_post({"type": "x"}, secret="guess"), "signature_invalid"),
        (stripe_post({"type": "x"}).with_headers(stripe_signature=None), "signature_missing"),
        (stripe_post({"type": "x"}, timestamp=1), "outside_time_window"),
        (stripe_post([]), "malformed"),
        (stripe_post(b"[" * 100 + b"]" * 100), "too_deep"),
        (stripe_post(b"x" * 2_000_000), "too_large"),
        (stripe_post({"type": "x"}).with_headers(content_type="text/html"), "unsupported_content_type"),
        (stripe_post({"type": "x"}).changed(method="GET"), "method_not_allowed"),
    ],
)
def test_every_refusal_is_recorded(start: StartReceiver, engine: Engine, post: Any, reason: str) -> None:
    receiver = start()
    assert receiver.send(post).outcome == reason
    receiver.end()
    [row] = rows(engine)
    assert (row["tenant_id"], row["source"], row["reason"]) == (TENANT, "stripe", reason)


def test_a_source_without_secret_is_recorded_and_an_invented_one_is_not(start: StartReceiver, engine: Engine) -> None:
    receiver = start(environ={})
    receiver.send(proof_post({"event": "x"}))
    receiver.send(proof_post({"event": "x"}).changed(path=f"/webhooks/{TENANT}/invented"))
    receiver.send(proof_post({"event": "x"}).changed(path="/webhooks/invented/proof"))
    receiver.end()
    assert [(row["source"], row["reason"]) for row in rows(engine)] == [("proof", "not_configured")]


def test_no_secret_and_no_value_is_kept(start: StartReceiver, engine: Engine) -> None:
    receiver = start()
    near_misses = [
        clicksend_post({"from": "+61411111111"}, token=CLICKSEND_TOKEN[:-1]).changed(
            query="token=" + CLICKSEND_TOKEN
        ),
        google_post(token=GOOGLE_TOKEN[:-1]),
        *(sample.with_wrong_proof() for sample in samples()),
    ]
    for post in near_misses:
        assert receiver.send(post).status == 401
    receiver.end()
    kept = str(rows(engine))
    for secret in (CLICKSEND_TOKEN[:-1], GOOGLE_TOKEN[:-1], "+61411111111", "SM1", "evt_1"):
        assert secret not in kept


def test_refusals_beyond_the_rate_are_not_kept(start: StartReceiver, engine: Engine, clock: SetClock) -> None:
    receiver = start(webhook_rate_limit_per_minute=2)
    forged = stripe_post({"type": "x"}, secret="guess")
    outcomes = [receiver.send(forged).outcome for _ in range(4)]
    receiver.end()
    assert outcomes == ["signature_invalid", "signature_invalid", "rate_limited", "rate_limited"]
    assert [row["received_at"] for row in rows(engine)] == [clock.instant] * 2


@contextmanager
def held_write_lock(engine: Engine) -> Iterator[None]:
    """Somebody else's transaction that holds SQLite's write lock."""
    with engine.execution_options(**WRITES_AFTER_READING).begin():
        yield


def test_recording_never_waits_for_the_database(start: StartReceiver, engine: Engine) -> None:
    receiver = start()
    with held_write_lock(engine):
        assert receiver.send(stripe_post({"type": "x"}, secret="guess")).status == 401
    receiver.end()
    assert len(rows(engine)) == 1
