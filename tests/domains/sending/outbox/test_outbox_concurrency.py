"""Many workers at once, on both databases: each row goes to one of them, and each key in once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.schema import MAY_BE_SENT
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.domains.sending.outbox.factories import LEASE, NOON, claim_one, new_command

THREADS = 8
KEYS = [f"k{number:03}" for number in range(120)]


def test_two_workers_never_get_one_row(outbox: Outbox) -> None:
    outbox.enqueue([new_command(key, contact_id=f"of-{key}") for key in KEYS])  # one contact's texts go one by one
    barrier = Barrier(THREADS)

    def work(_: int) -> list[str]:
        barrier.wait()
        sent: list[str] = []
        while batch := outbox.claim(limit=7, lease=LEASE):
            for claimed in batch:
                assert outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
                sent.append(claimed.command_key)
                assert outbox.complete(claimed.command_key, token=claimed.token)
        return sent

    with ThreadPoolExecutor(THREADS) as pool:
        calls = Counter(key for keys in pool.map(work, range(THREADS)) for key in keys)

    assert calls == Counter(KEYS)
    assert len(outbox.search(CommandFilter(), limit=500, states=[CommandState.SENT])) == len(KEYS)


def test_the_same_keys_from_many_threads_are_added_once(outbox: Outbox) -> None:
    barrier = Barrier(THREADS)

    def enqueue(number: int) -> int:
        barrier.wait()
        keys = KEYS[::-1] if number % 2 else KEYS  # opposite orders would deadlock, were writers not in one queue
        return sum(answer.is_new for answer in outbox.enqueue([new_command(key) for key in keys]))

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(enqueue, range(THREADS))) == len(KEYS)


def test_one_lease_is_ended_by_one_of_many(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue([new_command("a")])
    claimed = claim_one(outbox)
    assert outbox.begin_call("a", token=claimed.token, lease=LEASE)
    clock.advance(minutes=1)
    barrier = Barrier(THREADS)

    def end(number: int) -> bool:
        barrier.wait()
        if number % 2:
            return outbox.complete("a", token=claimed.token)
        return bool(outbox.expire_leases().uncertain)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(end, range(THREADS))).count(True) == 1


def test_a_row_that_another_worker_has_locked_is_passed_over(postgres_backend: Backend) -> None:
    engine = postgres_backend.open()
    outbox = Outbox(engine, clock=SetClock(NOON), ids=UuidV7Factory(SystemClock()))
    outbox.enqueue([new_command("a"), new_command("b")])
    with engine.begin() as other:
        other.execute(text("SELECT 1 FROM outbox WHERE command_key = 'a' FOR UPDATE"))

        assert claim_one(outbox).command_key == "b"

    assert claim_one(outbox).command_key == "a"


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("state = 'waiting' AND due_at <= '2026' ORDER BY due_at, sequence LIMIT 9", "outbox_waiting_by_due_at"),
        ("state IN ('claimed', 'calling') AND leased_until <= '2026'", "outbox_leases_by_end"),
        (
            "state = 'waiting' AND due_at <= '2026' AND next_attempt_at <= '2026' ORDER BY next_attempt_at LIMIT 1",
            "outbox_waiting_by_next_attempt",
        ),
        (
            f"{MAY_BE_SENT} AND changed_at >= '2026' AND tenant_id = 'a' AND contact_id = 'c' AND message_class = ''",
            "outbox_sent_by_contact",
        ),
        (
            f"{MAY_BE_SENT} AND changed_at >= '2026' AND tenant_id = 'a' AND channel = 'sms'",
            "outbox_sent_by_channel",
        ),
    ],
)
def test_what_every_round_asks_is_answered_by_an_index(sqlite_backend: Backend, query: str, index: str) -> None:
    engine: Engine = sqlite_backend.open()
    with engine.connect() as connection:
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN SELECT * FROM outbox WHERE {query}")).all()

    assert index in str(plan)
    assert "TEMP B-TREE" not in str(plan)
