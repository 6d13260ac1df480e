"""The sender against a local server: it delivers everything once, tries again as providers do, and counts truly."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.delivery import Delivery
from sandbox.secrets import TenantSecrets
from sandbox.sender import LINES_PER_IMPORT, Receiver, Sender, in_requests
from sandbox.tally import ACCEPTED, DUPLICATE, REFUSED, TAKEN, UNDELIVERED
from tests.sandbox.local_receiver import (
    LocalReceiver,
    Received,
    Reply,
    accepted,
    local_receiver,
    one_after_the_other,
)

SECRETS = {
    "acme": TenantSecrets(
        {"STRIPE_WEBHOOK_SECRET": "whsec_x", "OWNER_API_KEY": "fd_x", "TWILIO_AUTH_TOKEN": "t", "PROOF_API_KEY": "p"}
    ),
    "other": TenantSecrets({"OWNER_API_KEY": "fd_y"}),
}
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _webhooks(count: int) -> list[Delivery]:
    return [
        Delivery("acme", "stripe", "stripe", NOON, f"evt_{number}", json.dumps({"n": number}).encode())
        for number in range(count)
    ]


def _lines(count: int, tenant: str = "acme") -> list[Delivery]:
    return [
        Delivery(tenant, "import", "import", NOON, f"{tenant}{number}", json.dumps({"n": number}).encode())
        for number in range(count)
    ]


async def _no_pause(_: float) -> None:
    return None


class _Pauses:
    """Remembers for how long the sender would have waited."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class _TickingClock:
    """A second later at every look."""

    def __init__(self) -> None:
        self._now = NOON

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def _send(
    deliveries: list[Delivery],
    answer: Callable[[Received], Reply],
    *,
    connections: int = 4,
    pause: Callable[[float], Awaitable[None]] = _no_pause,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Sender, LocalReceiver]:
    async def run() -> tuple[Sender, LocalReceiver]:
        async with local_receiver(answer) as server:
            receiver = Receiver("127.0.0.1", server.port, "https://front.example.com", SECRETS)
            sender = Sender(receiver, connections=connections, max_attempts=4, now=_TickingClock(), pause=pause)
            await sender.send(deliveries, advance=advance)
            return sender, server

    return asyncio.run(run())


def test_everything_is_delivered_once_over_a_few_kept_connections() -> None:
    done: list[int] = []

    sender, server = _send(_webhooks(200), lambda _: accepted(), advance=done.append)

    assert sorted(json.loads(request.body)["n"] for request in server.received) == list(range(200))
    assert server.count_connections == 4
    assert sum(done) == 200
    assert sender.tally.outcomes == {("acme", "stripe", ACCEPTED): 200}
    assert sender.tally.statuses == {200: 200}


def test_one_connection_keeps_the_order() -> None:
    _, server = _send(_webhooks(50), lambda _: accepted(), connections=1)

    assert [json.loads(request.body)["n"] for request in server.received] == list(range(50))


def test_accepted_and_duplicates_are_told_apart_and_the_last_sequence_is_kept() -> None:
    answer = one_after_the_other(accepted(5), accepted(9), accepted(5, "duplicate"))

    sender, _ = _send(_webhooks(3), answer, connections=1)

    assert sender.tally.outcomes == {("acme", "stripe", ACCEPTED): 2, ("acme", "stripe", DUPLICATE): 1}
    assert sender.tally.last_sequence == 9


@pytest.mark.parametrize("status", [429, 503])
def test_it_tries_again_where_it_is_asked_to_and_signs_anew(status: int) -> None:
    answer = one_after_the_other(Reply(status), Reply(status), accepted())

    sender, server = _send(_webhooks(1), answer)

    assert sender.tally.outcomes == {("acme", "stripe", ACCEPTED): 1}
    assert len({request.body for request in server.received}) == 1
    assert len({request.headers["stripe-signature"] for request in server.received}) == 3
    assert sender.tally.statuses == {status: 2, 200: 1}


def test_it_waits_at_least_as_long_as_it_is_asked_to_and_longer_each_time_otherwise() -> None:
    pauses = _Pauses()
    answer = one_after_the_other(Reply(429, headers=("retry-after: 7",)), Reply(503), Reply(503), accepted())

    _send(_webhooks(1), answer, pause=pauses)

    asked, second, third = pauses.seconds
    assert 7 <= asked < 8
    assert 0 < second < third


def test_a_delivery_that_is_never_taken_is_undelivered() -> None:
    sender, server = _send(_webhooks(1), lambda _: Reply(503))

    assert len(server.received) == 4
    assert sender.tally.outcomes == {("acme", "stripe", UNDELIVERED): 1}


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500])
def test_other_answers_are_final_and_shown(status: int) -> None:
    sender, server = _send(_webhooks(1), lambda _: Reply(status, b'{"detail": "because"}'))

    assert len(server.received) == 1
    assert sender.tally.outcomes == {("acme", "stripe", REFUSED): 1}
    assert sender.tally.problems == ['acme/stripe evt_0: {"detail": "because"}']


def test_nobody_there_is_undelivered() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        receiver = Receiver("127.0.0.1", unused.getsockname()[1], "https://front.example.com", SECRETS)
        sender = Sender(receiver, max_attempts=3, pause=_no_pause)
        asyncio.run(sender.send(_webhooks(2)))

    assert sender.tally.outcomes == {("acme", "stripe", UNDELIVERED): 2}


def test_a_connection_that_the_receiver_closes_is_opened_again() -> None:
    answer = one_after_the_other(Reply(200, accepted().body, closes=True), accepted())

    sender, server = _send(_webhooks(3), answer, connections=1)

    assert sender.tally.outcomes == {("acme", "stripe", ACCEPTED): 3}
    assert server.count_connections == 2


def test_answers_that_do_not_say_are_settled_by_what_the_receiver_counted() -> None:
    texts = [Delivery("acme", "twilio", "twilio", NOON, f"SM{number}", b"Body=x") for number in range(5)]

    sender, _ = _send(texts, lambda _: Reply(200, b"<Response></Response>", "text/xml"))
    assert sender.tally.outcomes == {("acme", "twilio", TAKEN): 5}
    sender.tally.settle({("acme", "twilio", "accepted"): 3, ("acme", "twilio", "duplicate"): 2})

    assert sender.tally.outcomes == {("acme", "twilio", ACCEPTED): 3, ("acme", "twilio", DUPLICATE): 2}


def test_import_lines_go_together_by_tenant_and_each_is_counted() -> None:
    def answer(request: Received) -> Reply:
        count = request.body.count(b"\n")
        rejected = [{"line": 1, "error": "no"}]
        summary = {"accepted": count - 2, "duplicates": 1, "rejected": rejected, "rejected_count": 1}
        return Reply(200, json.dumps(summary).encode())

    sender, server = _send([*_lines(LINES_PER_IMPORT + 10), *_lines(5, "other")], answer)

    assert sorted(request.body.count(b"\n") for request in server.received) == [5, 10, LINES_PER_IMPORT]
    assert {request.path for request in server.received} == {"/v1/events:import"}
    assert {request.headers["authorization"] for request in server.received} == {"Bearer fd_x", "Bearer fd_y"}
    assert sender.tally.outcomes == {
        ("acme", "import", ACCEPTED): LINES_PER_IMPORT + 10 - 4,
        ("acme", "import", DUPLICATE): 2,
        ("acme", "import", REFUSED): 2,
        ("other", "import", ACCEPTED): 3,
        ("other", "import", DUPLICATE): 1,
        ("other", "import", REFUSED): 1,
    }
    assert sender.tally.sent == LINES_PER_IMPORT + 15


def test_requests_keep_the_order_of_webhooks_and_lose_no_line() -> None:
    mixed = [*_webhooks(2), *_lines(3), *_webhooks(1), *_lines(2, "other")]

    requests = list(in_requests(mixed))

    assert [together[0].key for together in requests if together[0].source == "stripe"] == ["evt_0", "evt_1", "evt_0"]
    assert sum(len(together) for together in requests) == len(mixed)
