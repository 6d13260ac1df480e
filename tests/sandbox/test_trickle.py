"""The live trickle: journeys that unfold now, for ever, without repeating anybody."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from sandbox.businesses import Business
from sandbox.delivery import Delivery
from sandbox.secrets import TenantSecrets
from sandbox.sender import Receiver, Sender
from sandbox.trickle import Trickle, run_trickle
from tests.sandbox.conftest import ENDS_AT
from tests.sandbox.local_receiver import Received, Reply, accepted, local_receiver
from tests.sandbox.reading import facts, of, wix_bookings


def _trickle(businesses: Mapping[str, Business]) -> Trickle:
    return Trickle(businesses, scale=1.0, started_at=ENDS_AT, rng=Random(4))


def _tell(trickle: Trickle, count: int) -> list[Delivery]:
    told: list[Delivery] = []
    now = ENDS_AT
    while len(told) < count:
        told.extend(trickle.deliveries(now))
        now += timedelta(seconds=1.1)  # Zoho's records are told apart by the second
    return told


def test_every_delivery_happens_at_the_instant_it_is_asked_for(businesses: Mapping[str, Business]) -> None:
    trickle = _trickle(businesses)

    for second in range(300):
        now = ENDS_AT + timedelta(seconds=second)
        assert {delivery.at for delivery in trickle.deliveries(now)} == {now}


def test_all_businesses_and_nearly_all_sources_turn_up(businesses: Mapping[str, Business]) -> None:
    told = _tell(_trickle(businesses), 3000)

    assert {delivery.tenant for delivery in told} == businesses.keys()
    assert {delivery.source for delivery in told} == {
        "stripe", "twilio", "clicksend", "wix", "manychat", "zoho", "gohighlevel", "proof", "google-calendar",
        "import",
    }  # fmt: skip


def test_only_redeliveries_repeat_an_event(businesses: Mapping[str, Business]) -> None:
    told = _tell(_trickle(businesses), 2000)
    times = Counter(delivery.identity for delivery in told)

    assert max(times.values()) == 2
    assert 0 < sum(count == 2 for count in times.values()) / len(times) < 0.05
    assert len({delivery.body for delivery in told if delivery.body}) == sum(
        1 for identity in times if identity[1] != "google-calendar"
    )


def test_no_appointment_is_over_before_it_began(businesses: Mapping[str, Business]) -> None:
    told = _tell(_trickle(businesses), 3000)
    starts = {booking["id"]: datetime.fromisoformat(booking["startDate"]) for _, booking in wix_bookings(told)}
    assert starts

    for delivery, payload in facts(told, "booking.completed"):
        if payload["booking_id"] in starts:
            assert delivery.at >= starts[payload["booking_id"]]
    shown = {
        event["appointment"]["appointmentStatus"] for _, event in of(told, "gohighlevel") if "appointment" in event
    }
    assert shown <= {"confirmed", "cancelled"}


def test_two_trickles_tell_of_different_people(businesses: Mapping[str, Business]) -> None:
    first = _tell(_trickle(businesses), 500)
    later = Trickle(businesses, scale=1.0, started_at=ENDS_AT + timedelta(hours=1), rng=Random(4))

    assert not {delivery.identity for delivery in first} & {delivery.identity for delivery in _tell(later, 500)}


def test_it_runs_until_stopped(businesses: Mapping[str, Business], secrets: dict[str, TenantSecrets]) -> None:
    async def run() -> int:
        stopped = asyncio.Event()

        def answer(request: Received) -> Reply:
            if len(server.received) == 20:
                stopped.set()
            if request.path.endswith(":import"):
                summary = {"accepted": 1, "duplicates": 0, "rejected": [], "rejected_count": 0}
                return Reply(200, json.dumps(summary).encode())
            return accepted()

        async with local_receiver(answer) as server:
            sender = Sender(Receiver("127.0.0.1", server.port, "https://front.example.com", secrets))
            await run_trickle(_trickle(businesses), sender, per_second=10_000, stopped=stopped)
            return sender.tally.sent

    assert asyncio.run(run()) in (20, 21), "the redelivery of the twentieth may still go out"
