"""Many writers at once: one row a key, and a reader that follows by sequence never misses one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import monotonic

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from tests.core.backends import Backend
from tests.core.factories import new_event

pytestmark = pytest.mark.processes

THREADS = 12
COPY_OF_FIRST_EVENT = (
    "INSERT INTO event_log (event_id, tenant_id, source, source_event_id, type, occurred_at, received_at,"
    " schema_version, origin, content_type, headers, body, payload)"
    " SELECT 'id-evt_copy', tenant_id, source, 'evt_copy', type, occurred_at, received_at,"
    " schema_version, origin, content_type, headers, body, payload FROM event_log WHERE sequence = 1"
)
APPEND_FROM_OTHER_PROCESS = """
import sys
from frontdesk.core.clock import SystemClock
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.ids import UuidV7Factory
from tests.core.factories import new_event

engine = open_engine(sys.argv[1])
create_tables(engine)
log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
print(sum(answer.is_new for n in range(40) for answer in log.append([new_event(f"evt_{n}")])))
"""


def test_the_same_key_from_many_threads_is_one_row(log: EventLog) -> None:
    barrier = Barrier(THREADS)

    def append(_: int) -> tuple[str, bool]:
        barrier.wait()
        [answer] = log.append([new_event("evt_same")])
        return answer.event_id, answer.is_new

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(append, range(THREADS)))

    assert [is_new for _, is_new in answers].count(True) == 1
    assert len({event_id for event_id, _ in answers}) == 1
    assert len(log.read_after(0, limit=10)) == 1


def test_overlapping_batches_from_many_threads_keep_each_key_once(log: EventLog) -> None:
    def append(start: int) -> int:
        names = [f"evt_{number}" for number in range(start, start + 60)]
        if start % 2:
            names.reverse()  # opposite orders would deadlock, were writers not in one queue
        return sum(answer.is_new for answer in log.append([new_event(name) for name in names]))

    with ThreadPoolExecutor(THREADS) as pool:
        count_new = sum(pool.map(append, range(THREADS * 3)))

    kept = [event.source_event_id for event in log.read_after(0, limit=1_000)]
    assert sorted(kept) == sorted(set(kept))
    assert len(kept) == count_new == THREADS * 3 + 59


def test_several_processes_create_the_tables_and_append_the_same_keys(backend: Backend) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND_FROM_OTHER_PROCESS, backend.url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    count_new = sum(int(child.communicate(timeout=60)[0]) for child in children)

    assert count_new == 40
    log = EventLog(backend.open(), ids=UuidV7Factory(SystemClock()))
    assert len(log.read_after(0, limit=100)) == 40


def test_a_follower_sees_every_event_once_while_writers_race(log: EventLog) -> None:
    def append(writer: int) -> None:
        for number in range(15):
            log.append([new_event(f"evt_{writer}_{number}")])

    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(append, writer) for writer in range(4)]
        is_over = False
        while not is_over:
            is_over = all(writer.done() for writer in writers)  # before the read: one more look after the last write
            for batch in log.read_batches(seen[-1] if seen else 0, batch_size=3):
                seen.extend(event.sequence for event in batch)
        for writer in writers:
            writer.result()

    assert seen == sorted(set(seen))
    assert len(seen) == 60


def test_a_slow_transaction_with_an_earlier_sequence_is_not_skipped(postgres_backend: Backend) -> None:
    engine = postgres_backend.open()
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    log.append([new_event("evt_0")])
    with psycopg.connect(libpq_address(postgres_backend)) as slow, ThreadPoolExecutor(1) as pool:
        slow.execute(copy_of_first_event("evt_slow"))
        fast = pool.submit(log.append, [new_event("evt_fast")])
        wait_until(lambda: fast.done() or is_anyone_waiting_for_a_lock(engine))

        seen = log.read_after(0, limit=10)
        slow.commit()
        fast.result(timeout=10)
        seen += log.read_after(seen[-1].sequence, limit=10)

    assert [event.source_event_id for event in seen] == ["evt_0", "evt_slow", "evt_fast"]


def test_without_its_trigger_postgresql_would_skip_the_slow_one(postgres_backend: Backend) -> None:
    """Shows that the test above can fail: it is the trigger that keeps the order, not luck."""
    engine = postgres_backend.open()
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER event_log_commits_in_order ON event_log"))
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    log.append([new_event("evt_0")])
    with psycopg.connect(libpq_address(postgres_backend)) as slow:
        slow.execute(copy_of_first_event("evt_slow"))
        log.append([new_event("evt_fast")])
        seen = log.read_after(0, limit=10)
        slow.commit()
        seen += log.read_after(seen[-1].sequence, limit=10)

    assert [event.source_event_id for event in seen] == ["evt_0", "evt_fast"]


def test_a_reader_does_not_wait_for_a_writer(sqlite_backend: Backend, tmp_path: Path) -> None:
    log = EventLog(sqlite_backend.open(), ids=UuidV7Factory(SystemClock()))
    log.append([new_event("evt_0")])
    with sqlite3.connect(tmp_path / "frontdesk.db") as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(copy_of_first_event("evt_1"))

        assert [event.source_event_id for event in log.read_after(0, limit=10)] == ["evt_0"]

        writer.commit()
    assert len(log.read_after(0, limit=10)) == 2


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_postgresql_commits_are_durable(postgres_backend: Backend, setting: str) -> None:
    with postgres_backend.open().connect() as connection:
        assert connection.execute(text(f"SHOW {setting}")).scalar() == "on"


def test_sqlite_commits_are_durable(sqlite_backend: Backend) -> None:
    with sqlite_backend.open().connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def copy_of_first_event(source_event_id: str) -> str:
    return COPY_OF_FIRST_EVENT.replace("evt_copy", source_event_id)


def libpq_address(backend: Backend) -> str:
    return make_url(backend.url).set(drivername="postgresql").render_as_string(hide_password=False)


def is_anyone_waiting_for_a_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())


def wait_until(condition: Callable[[], bool], *, timeout: float = 10) -> None:
    deadline = monotonic() + timeout
    while not condition():
        assert monotonic() < deadline, "the condition did not come true in time"
