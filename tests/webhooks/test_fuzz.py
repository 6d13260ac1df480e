"""No input makes the receiver fail: any body and any header, genuine and forged, on every source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from tests.core.backends import Backend
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.signing import JSON, SIGNED, google_post, path_of, samples, wix_post, wix_token

EXPECTED = {200, 400, 401, 404, 405, 413, 415}
#: What the sources look for, so that the fuzz reaches what lies behind the first check.
KEYS = st.sampled_from(
    """id type event data object created account related_object MessageSid MessageStatus ErrorCode SmsSid CallStatus
    message_id status_code timestamp eventId bookingId eventTime last_interaction ig_last_interaction module operation
    ids channel_id server_time token action webhook_id transmission_id action_time event_type event_id contact_id
    invoice invoice_id last_modified_time JSONString locationId location webhookId appointment transaction_id
    date_occurred meeting_id""".split()  # noqa: SIM905 - a list of them would fill a page
)
HOSTILE = st.sampled_from(
    [
        "\x00",
        "a\x00b",
        "\ud800",
        "\ufffe",
        "x" * 300,
        "x" * 5_000,
        "9" * 5_000,
        "2026-13-45T99:99:99Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1e400",
        "NaN",
        "'; DROP TABLE event_log; --",
        "\u202e\U0001f600",
        "ve9EPM428h8vShlRW1KT",
        "",
    ]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 10**30, 10**400, -1, 1e308])
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | HOSTILE
VALUES = st.recursive(
    SCALARS,
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), children, max_size=6)
    ),
    max_leaves=20,
)
EVENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=8)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


BODIES = (
    st.binary(max_size=200)
    | VALUES.map(as_json)
    | EVENTS.map(as_json)
    | EVENTS.map(as_json).map(lambda body: body[:-1])
    | st.integers(min_value=60, max_value=3_000).map(lambda levels: b"[" * levels + b"]" * levels)
    | st.dictionaries(KEYS, HOSTILE | st.text(max_size=9), max_size=8).map(
        lambda form: "&".join(f"{key}={value}" for key, value in form.items()).encode(errors="surrogatepass")
    )
    | st.lists(st.sampled_from([b"%00", b"%ff", b"%", b"&", b"=", b"+", b"a", b"\xc3\xa9"])).map(b"".join)
)
HEADER_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60) | st.sampled_from(
    ["N/A", "t=1,v1=", "t=" + "9" * 400 + ",v1=0", "v1=,t=,", ",,,", "====", "A" * 5_000, "application/json"]
)
PROOF_HEADERS = sorted({sample.proof for sample in samples() if sample.proof} | {"x-wh-signature", "content-type"})
FUZZ = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def fuzzed(start: StartReceiver, backend: Backend) -> Iterator[RunningReceiver]:
    """A receiver over each database; afterwards everything in its log can be read."""
    engine = backend.open()
    yield start(engine=engine)
    assert_all_can_be_read(engine)


def assert_all_can_be_read(engine: Engine) -> None:
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    for batch in log.read_batches(0, batch_size=500):
        for event in batch:
            orjson.dumps([event.source_event_id, event.type, event.subject_id, event.content_type])
            event.payload.decode()
            json.loads(event.payload, parse_int=str)
            assert len(event.source_event_id) <= 255
            assert 1970 <= event.occurred_at.year < 3000


def assert_is_expected(answer: Answer) -> None:
    assert answer.status in EXPECTED, answer.body
    assert answer.outcome not in {"internal_error", "log_unavailable"}


def test_genuine_deliveries_of_anything(fuzzed: RunningReceiver) -> None:
    @settings(FUZZ, max_examples=400)
    @given(name=st.sampled_from(list(SIGNED)), body=BODIES)
    def deliver(name: str, body: bytes) -> None:
        try:
            post = SIGNED[name](body)
        except UnicodeError:
            return  # the provider's own library can't sign it
        answer = fuzzed.send(post)
        assert_is_expected(answer)
        assert answer.outcome != "signature_invalid" or name == "twilio form"
        if answer.status == 200:
            assert fuzzed.send(post).status == 200

    deliver()


def test_genuine_tokens_of_anything(fuzzed: RunningReceiver) -> None:
    @FUZZ
    @given(event=VALUES.map(json.dumps) | st.text(max_size=30), name=st.text(max_size=20) | HOSTILE, claim=VALUES)
    def deliver(event: str, name: str, claim: Any) -> None:
        assert_is_expected(fuzzed.send(wix_post(event, name=name)))
        assert_is_expected(fuzzed.send(wix_post(event, exp=claim)))
        assert_is_expected(fuzzed.send(wix_post(event, data=claim)))

    deliver()


def test_notifications_with_any_headers(fuzzed: RunningReceiver) -> None:
    @FUZZ
    @given(number=HEADER_VALUES, state=HEADER_VALUES)
    def deliver(number: str, state: str) -> None:
        assert_is_expected(fuzzed.send(google_post(number=number, state=state)))

    deliver()


@pytest.mark.parametrize("source", [sample.source for sample in samples()])
def test_forged_deliveries_of_anything(receiver: RunningReceiver, log: EventLog, source: str) -> None:
    @FUZZ
    @given(
        body=BODIES,
        headers=st.dictionaries(st.sampled_from(PROOF_HEADERS), HEADER_VALUES, max_size=3),
        query=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30),
        method=st.sampled_from(["POST", "POST", "GET", "PUT", "HEAD"]),
    )
    def deliver(body: bytes, headers: dict[str, str], query: str, method: str) -> None:
        answer = receiver.send(Post(path_of(source), body, {**JSON, **headers}, query, method))
        assert_is_expected(answer)
        assert answer.status != 200

    deliver()
    assert log.last_sequence() == 0


@pytest.mark.parametrize("part", [0, 1, 2])
def test_damaged_tokens(receiver: RunningReceiver, log: EventLog, part: int) -> None:
    @FUZZ
    @given(replacement=st.binary(max_size=40) | st.sampled_from([b"e30", b"W10", b"bnVsbA", b"=", b"\xff"]))
    def deliver(replacement: bytes) -> None:
        parts = wix_token({"id": "1"}).split(b".")
        if parts[part] == replacement:
            return
        parts[part] = replacement
        answer = receiver.send(wix_post({}).changed(body=b".".join(parts)))
        assert_is_expected(answer)
        assert answer.status == 401

    deliver()
    assert log.last_sequence() == 0
