"""Limits: size however it is sent, nesting, rate; and senders who hang up."""

from __future__ import annotations

import pytest

from frontdesk.core.log.event_log import EventLog
from tests.clocks import SetClock
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import RunningReceiver
from tests.webhooks.signing import (
    SIGNED,
    as_bytes,
    google_post,
    manychat_post,
    proof_post,
    stripe_post,
    wix_post,
)

MEBIBYTE = 1_048_576
JSON_SOURCES = [name for name in SIGNED if name != "twilio form"]


def event_of(size: int) -> bytes:
    start, end = b'{"id":"evt_1","type":"invoice.paid","filler":"', b'"}'
    return start + b"x" * (size - len(start) - len(end)) + end


def nested(levels: int) -> bytes:
    """An object that every source accepts, with so many levels."""
    fields = b'"id":"evt_1","type":"x","event":"x","locationId":"ve9EPM428h8vShlRW1KT"'
    inner = levels - 1
    return b"{" + fields + b',"deep":' + b"[" * inner + b"]" * inner + b"}"


def test_a_mebibyte_is_taken(receiver: RunningReceiver, log: EventLog) -> None:
    assert receiver.send(stripe_post(event_of(MEBIBYTE))).status == 200
    assert len(only_event(log).body) == MEBIBYTE


def test_one_byte_more_is_not(receiver: RunningReceiver, log: EventLog) -> None:
    answer = receiver.send(stripe_post(event_of(MEBIBYTE + 1)))
    assert (answer.status, answer.outcome) == (413, "too_large")
    assert log.last_sequence() == 0


@pytest.mark.parametrize(("size", "status"), [(MEBIBYTE, 200), (MEBIBYTE + 1, 413), (3 * MEBIBYTE, 413)])
def test_bodies_in_chunks_without_a_length(receiver: RunningReceiver, size: int, status: int) -> None:
    post = stripe_post(event_of(size))
    chunks = [post.body[start : start + 65_536] for start in range(0, size, 65_536)]
    assert receiver.send(post.changed(chunks=chunks)).status == status


def test_a_body_that_never_ends_is_refused_before_it_does(receiver: RunningReceiver) -> None:
    chunks = [b"x" * 65_536] * 100
    assert receiver.send(stripe_post(b"{}").changed(chunks=chunks)).status == 413


@pytest.mark.parametrize("length", ["1048577", "9" * 30, "9" * 5_000])
def test_a_length_that_is_announced_too_large(receiver: RunningReceiver, length: str) -> None:
    post = stripe_post(b"{}").with_headers(content_length=length).changed(chunks=[b"{}"])
    assert receiver.send(post).status == 413


def test_the_limit_can_be_set(start: StartReceiver) -> None:
    receiver = start(max_body_bytes=100)
    assert [receiver.send(stripe_post(event_of(size))).status for size in (100, 101)] == [200, 413]


@pytest.mark.parametrize("name", JSON_SOURCES)
def test_nesting(receiver: RunningReceiver, name: str) -> None:
    answer = receiver.send(SIGNED[name](nested(64)))
    assert answer.status == 200
    for levels in (65, 66, 1_000, 100_000):
        answer = receiver.send(SIGNED[name](nested(levels)))
        assert (answer.status, answer.outcome) == (400, "too_deep")


def test_nesting_inside_a_token(receiver: RunningReceiver) -> None:
    assert receiver.send(wix_post(nested(64).decode())).status == 200
    assert receiver.send(wix_post(nested(65).decode())).outcome == "too_deep"


def test_a_sender_who_hangs_up_gets_no_answer(receiver: RunningReceiver, log: EventLog) -> None:
    assert receiver.hang_up(stripe_post(b"{}")) == []
    assert log.last_sequence() == 0


def test_beyond_the_rate_deliveries_wait(start: StartReceiver, clock: SetClock) -> None:
    receiver = start(webhook_rate_limit_per_minute=2)
    posts = [proof_post({"event": str(number)}) for number in range(5)]

    assert [receiver.send(post).status for post in posts[:2]] == [200, 200]
    refused = receiver.send(posts[2])
    assert (refused.status, refused.outcome, refused.headers["retry-after"]) == (429, "rate_limited", "30")

    clock.advance(seconds=29)
    assert receiver.send(posts[2]).headers["retry-after"] == "1"
    clock.advance(seconds=1)
    assert [receiver.send(post).status for post in posts[2:4]] == [200, 429]


def test_a_clock_set_back_gives_nothing_away(start: StartReceiver, clock: SetClock) -> None:
    receiver = start(webhook_rate_limit_per_minute=1)
    assert receiver.send(manychat_post({"a": 1})).status == 200
    clock.advance(hours=-1)
    assert receiver.send(manychat_post({"a": 2})).status == 429


def test_google_is_answered_with_what_it_retries(start: StartReceiver) -> None:
    receiver = start(webhook_rate_limit_per_minute=1)
    statuses = [receiver.send(google_post(number=number)).status for number in ("1", "2")]
    assert statuses == [200, 503]


def test_forgeries_do_not_use_up_what_the_provider_is_allowed(start: StartReceiver) -> None:
    receiver = start(webhook_rate_limit_per_minute=2)
    forged = stripe_post({"type": "x"}, secret="guess")

    assert [receiver.send(forged).status for _ in range(3)] == [401, 401, 429]
    assert receiver.send(stripe_post({"type": "x"})).status == 200


def test_sources_do_not_use_up_one_anothers_rate(start: StartReceiver) -> None:
    receiver = start(webhook_rate_limit_per_minute=1)
    answers = [receiver.send(post) for post in (proof_post({"event": "x"}), manychat_post({"a": 1}), google_post())]
    assert [answer.status for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize("name", JSON_SOURCES)
@pytest.mark.parametrize("number", ["9" * 5_000, "-" + "9" * 30, "1e400", "0." + "3" * 5_000])
def test_numbers_that_no_computer_holds_are_kept_as_sent(
    receiver: RunningReceiver, log: EventLog, name: str, number: str
) -> None:
    body = as_bytes({"id": "evt_1", "type": "x", "event": "x", "locationId": "ve9EPM428h8vShlRW1KT", "n": "@"})
    post = SIGNED[name](body.replace(b'"@"', number.encode()))
    assert receiver.send(post).status == 200
    assert number.encode() in only_event(log).payload
