"""No delivery and no fact stops anybody: through the real receiver into the log, the live path, and a rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.set_aside import Kind
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.sending.outbox.commands import MAX_COMMAND_KEY
from tests.clocks import SetClock
from tests.pipelines.fuzzing import (
    BYSTANDER,
    TENANT_OF,
    Tally,
    Try,
    canonical_payload,
    count_bystanders,
    receiver_of,
    send_all,
    tries,
    unvalidated,
)
from tests.pipelines.homes import Home, HomeFactory
from tests.webhooks.harness import NOW

#: Of some 60,000 tries.
_QUICK, _WIDE = 0.015, 0.25


@pytest.fixture
def fuzzed_home(homes: HomeFactory) -> Home:
    """Return a home at the moment at which the deliveries are signed: what they cause is due, or to come."""
    return homes.new_home(clock=SetClock(NOW))


@contextmanager
def fuzzed(home: Home, *, share: float) -> Iterator[tuple[list[Try], Tally]]:
    """Send a share of all tries, log facts that nobody checked, and follow all of it."""
    every = tries(share=share, seed=11)
    receiver = receiver_of(home)
    receiver.start()
    try:
        tally = send_all(receiver, every)
    finally:
        receiver.end()
    home.log.append(
        [
            NewEvent(
                tenant_id=TENANT_OF["import"],
                source="frontdesk",
                source_event_id=f"unvalidated-{number}",
                type=type_,
                occurred_at=NOW,
                received_at=NOW,
                body=payload,
                payload=payload,
                origin=Origin.COMMAND,
            )
            for number, (type_, payload) in enumerate(unvalidated(share=share, seed=12))
        ]
    )
    yield every, tally


def assert_nobody_was_stopped(home: Home, every: list[Try], tally: Tally) -> None:
    assert tally.failed == []
    assert tally.sent.keys() == TENANT_OF.keys()
    assert all(tally.accepted[provider] for provider in TENANT_OF)
    with home.modeller().opened() as modeller:
        followed = modeller.follow_to_end()
    # With what was withheld meanwhile, which is told of in the log.
    assert followed == sum(len(batch) for batch in home.log.read_batches(0, batch_size=5_000))
    assert followed >= sum(tally.accepted.values())
    # Others' events are all there, and so is what they cause.
    others = count_bystanders(every)
    bookings = home.query(f"select count(*) from marts.fct_bookings where tenant_id = '{BYSTANDER}'")
    assert bookings == [(others,)]
    assert len(home.outbox.open_keys(BYSTANDER)) >= others
    # Nothing had to be set aside: every odd value is something that the models can say of it.
    assert [(aside.kind, aside.subject, aside.reason) for aside in home.set_aside.read()] == []
    keys = [key for tenant in home.tenants for key in home.outbox.open_keys(tenant)]
    assert all(len(key) <= MAX_COMMAND_KEY for key in keys)
    assert len({key.partition("/")[0] for key in keys}) >= 3


def test_every_canonical_fact_has_an_ordinary_form_that_is_valid() -> None:
    for type_, model in CANONICAL_PAYLOADS.items():
        model.model_validate(canonical_payload(type_))


def test_some_of_every_kind_of_odd_delivery(fuzzed_home: Home) -> None:
    with fuzzed(fuzzed_home, share=_QUICK) as (every, tally):
        assert_nobody_was_stopped(fuzzed_home, every, tally)


@pytest.mark.slow
def test_a_quarter_of_all_odd_deliveries_live_and_rebuilt(fuzzed_home: Home) -> None:
    """Prints how many of each provider were tried: docs/quality.md has the figures."""
    with fuzzed(fuzzed_home, share=_WIDE) as (every, tally):
        print(orjson.dumps({"sent": tally.sent, "accepted": tally.accepted}).decode())
        assert_nobody_was_stopped(fuzzed_home, every, tally)
    assert fuzzed_home.modeller().verify() == []
    assert fuzzed_home.set_aside.read(Kind.EVENT) == []
