"""/metrics tells how much stands in the outbox, and for how long."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.domains.sending.outbox.factories import new_command
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import NOW, Post, RunningReceiver

LEASE = timedelta(seconds=30)


def values(receiver: RunningReceiver) -> dict[tuple[str, ...], float]:
    answer = receiver.send(Post("/metrics", method="GET"))
    assert answer.status == 200
    return {
        tuple(sample.labels[name] for name in ("tenant", "channel", "state") if name in sample.labels): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if sample.name.startswith("frontdesk_outbox_")
    }


def test_depth_age_and_dead_letters(start: StartReceiver, backend: Backend, clock: SetClock) -> None:
    engine = backend.open()
    receiver = start(engine=engine)
    assert values(receiver) == {}
    outbox = Outbox(engine, clock=clock, ids=UuidV7Factory(clock))
    outbox.enqueue(
        [
            new_command("dead", due_at=NOW - timedelta(hours=1)),
            new_command("due", due_at=NOW - timedelta(seconds=90)),
            new_command("later", due_at=NOW + timedelta(hours=1)),
            new_command("mail", due_at=NOW + timedelta(hours=1), channel=Channel.EMAIL),
        ]
    )
    [dead] = outbox.claim(limit=1, lease=LEASE)
    outbox.fail("dead", token=dead.token, reason="21211")

    counted = values(receiver)

    assert {key[2]: value for key, value in counted.items() if key[:2] == ("hmnp", "sms") and len(key) == 3} == {
        "waiting": 2,
        "due": 1,
        "in_flight": 0,
        "uncertain": 0,
        "dead": 1,
    }
    assert (counted["hmnp", "sms"], counted["hmnp", "email"]) == (90, 0)
    with backend.unavailable(engine):
        assert receiver.send(Post("/healthz", method="GET")).status == 200
        assert receiver.send(Post("/metrics", method="GET")).status == 200
