"""Group commit: transactions are shared, answers come after durability, failures reach every caller."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from threading import Event as ThreadEvent
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, event

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.envelope import Appended, NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.group_commit import GroupCommitter
from tests.core.backends import Backend
from tests.core.factories import NOON, new_event

Result = TypeVar("Result")
APPEND_UNTIL_KILLED = """
import asyncio, sys
from frontdesk.core.clock import SystemClock
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.group_commit import GroupCommitter
from frontdesk.core.ids import UuidV7Factory
from tests.core.factories import new_event

async def main():
    log = EventLog(open_engine(sys.argv[1]), ids=UuidV7Factory(SystemClock()))
    committer = GroupCommitter(log, loop=asyncio.get_running_loop())
    async def append_for_ever(writer):
        number = 0
        while True:
            answer = await committer.append(new_event(f"evt_{writer}_{number}"))
            sys.stdout.write(answer.event_id + "\\n")
            sys.stdout.flush()
            number += 1
    await asyncio.gather(*(append_for_ever(writer) for writer in range(20)))

asyncio.run(main())
"""


class HeldLog(EventLog):
    """A log whose first append waits until it is released."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ids=UuidV7Factory(SystemClock()))
        self.is_entered = ThreadEvent()
        self.release = ThreadEvent()

    def append(self, events: Sequence[NewEvent]) -> list[Appended]:
        self.is_entered.set()
        assert self.release.wait(timeout=10)
        return super().append(events)


def run(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    return asyncio.run(asyncio.wait_for(main(), timeout=30))


@asynccontextmanager
async def committer_of(log: EventLog) -> AsyncIterator[GroupCommitter]:
    committer = GroupCommitter(log, loop=asyncio.get_running_loop())
    yield committer
    await asyncio.to_thread(committer.close)


def test_what_waits_shares_one_transaction(engine: Engine) -> None:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    log = HeldLog(engine)

    async def main() -> list[Appended]:
        async with committer_of(log) as committer:
            first = asyncio.create_task(committer.append(new_event("evt_first")))
            await asyncio.to_thread(log.is_entered.wait, 10)
            rest = [asyncio.create_task(committer.append(new_event(f"evt_{n}"))) for n in range(200)]
            await asyncio.sleep(0)  # lets each task queue its event
            assert not first.done()
            log.release.set()
            return await asyncio.gather(first, *rest)

    answers = run(main)

    assert len(commits) == 2
    assert len({answer.sequence for answer in answers}) == 201
    assert all(answer.is_new for answer in answers)


def test_each_caller_gets_the_answers_to_its_own_events(log: EventLog) -> None:
    async def main() -> list[list[Appended]]:
        async with committer_of(log) as committer:
            calls = [[new_event(f"evt_{n}_{m}") for m in range(n % 4)] for n in range(40)]
            return await asyncio.gather(*(committer.append_many(events) for events in calls))

    answers = run(main)

    kept = {kept.event_id: kept.source_event_id for kept in log.read_after(0, limit=1_000)}
    assert [[kept[answer.event_id] for answer in call] for call in answers] == [
        [f"evt_{n}_{m}" for m in range(n % 4)] for n in range(40)
    ]


def test_fifty_deliveries_of_the_same_event_are_one(log: EventLog) -> None:
    async def main() -> list[Appended]:
        async with committer_of(log) as committer:
            return await asyncio.gather(*(committer.append(new_event("evt_same")) for _ in range(50)))

    answers = run(main)

    assert [answer.is_new for answer in answers].count(True) == 1
    assert {answer.sequence for answer in answers} == {1}


def test_a_caller_who_goes_away_takes_nobody_with_it(engine: Engine) -> None:
    log = HeldLog(engine)

    async def main() -> Appended:
        async with committer_of(log) as committer:
            gone = asyncio.create_task(committer.append(new_event("evt_gone")))
            stays = asyncio.create_task(committer.append(new_event("evt_stays")))
            await asyncio.to_thread(log.is_entered.wait, 10)
            gone.cancel()
            log.release.set()
            return await stays

    assert run(main).is_new
    assert [kept.source_event_id for kept in log.read_after(0, limit=10)] == ["evt_gone", "evt_stays"]


def test_all_are_refused_while_the_database_is_gone_and_accepted_when_it_is_back(
    backend: Backend, engine: Engine, log: EventLog
) -> None:
    big = [new_event(f"evt_{number}", body=b"x" * 20_000) for number in range(30)]

    async def main() -> tuple[list[Any], list[Appended]]:
        async with committer_of(log) as committer:
            await committer.append(new_event("evt_before"))
            with backend.unavailable(engine):
                refused = await asyncio.gather(*(committer.append(event) for event in big), return_exceptions=True)
            accepted = await asyncio.gather(*(committer.append(event) for event in big))
            return refused, accepted

    refused, accepted = run(main)

    assert [type(answer) for answer in refused] == [EventLogUnavailableError] * len(big)
    assert all(answer.is_new for answer in accepted)
    assert len(log.read_after(0, limit=100)) == len(big) + 1


def test_one_event_that_cannot_be_stored_does_not_refuse_its_neighbours(engine: Engine) -> None:
    log = HeldLog(engine)
    naive = new_event("evt_naive", occurred_at=NOON.replace(tzinfo=None))

    async def main() -> list[Any]:
        async with committer_of(log) as committer:
            events = [new_event("evt_a"), naive, new_event("evt_b")]
            tasks = [asyncio.create_task(committer.append(event)) for event in events]
            await asyncio.to_thread(log.is_entered.wait, 10)
            log.release.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    first, refused, last = run(main)

    assert (first.is_new, last.is_new) == (True, True)
    assert isinstance(refused, ValueError)
    assert [kept.source_event_id for kept in log.read_after(0, limit=10)] == ["evt_a", "evt_b"]


def test_closing_commits_what_waits_and_refuses_what_comes_later(engine: Engine) -> None:
    log = HeldLog(engine)

    async def main() -> Appended:
        committer = GroupCommitter(log, loop=asyncio.get_running_loop())
        waiting = asyncio.create_task(committer.append(new_event("evt_waiting")))
        await asyncio.to_thread(log.is_entered.wait, 10)
        log.release.set()
        await asyncio.to_thread(committer.close)
        with pytest.raises(EventLogUnavailableError, match="shutting down"):
            await committer.append(new_event("evt_late"))
        return await waiting

    assert run(main).is_new
    assert [kept.source_event_id for kept in log.read_after(0, limit=10)] == ["evt_waiting"]


def test_what_was_answered_survives_kill_9(backend: Backend, log: EventLog) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", APPEND_UNTIL_KILLED, backend.url], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    answered = [child.stdout.readline().strip() for _ in range(300)]
    child.kill()
    # The last line may be cut in the middle: it was never answered in full.
    answered += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.wait(timeout=10)

    kept = [kept.event_id for batch in log.read_batches(0, batch_size=1_000) for kept in batch]
    assert set(answered) <= set(kept)
    assert len(kept) == len(set(kept))
