"""PostgreSQL that hangs, is locked, or swallows connections: every wait ends, and all goes on once it answers."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log import postgresql
from frontdesk.core.log.database import check_writable, open_engine
from frontdesk.core.log.event_log import EventLog
from tests.core.backends import Backend
from tests.core.factories import new_event


@contextmanager
def stopped(engine: Engine) -> Iterator[None]:
    """Stop the server, and the sessions that the engine has, as a machine that hangs would."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"))
        processes = [int(row.pid) for row in rows]
        folder: str = connection.execute(text("SHOW data_directory")).scalar_one()
    processes.append(int((Path(folder) / "postmaster.pid").read_text(encoding="ascii").split()[0]))
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def test_a_server_that_hangs_is_given_up_and_used_again_when_it_answers(
    postgres_backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_SILENCE_S", 0.5)
    monkeypatch.setattr(postgresql, "_CONNECT_S", 2)
    engine = postgres_backend.open()
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    log.append([new_event("e1")])

    with stopped(engine):
        began_at = time.monotonic()
        with pytest.raises(EventLogUnavailableError):
            log.append([new_event("e2")])
        with pytest.raises(EventLogUnavailableError):
            check_writable(engine)
        assert time.monotonic() - began_at < 8  # two waits, each with a new connection that hangs too

    log.append([new_event("e1"), new_event("e2")])
    assert sorted(event.source_event_id for event in log.read_after(0, limit=10)) == ["e1", "e2"]
    check_writable(engine)


def test_a_lock_is_waited_for_some_seconds(postgres_backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_LOCK_S", 1)
    engine = postgres_backend.open()
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    with postgres_backend.open().connect() as other:
        other.execute(text("LOCK TABLE event_log IN ACCESS EXCLUSIVE MODE"))
        began_at = time.monotonic()
        with pytest.raises(EventLogUnavailableError, match="lock timeout"):
            log.append([new_event("e1")])
        assert time.monotonic() - began_at < 3

    assert log.append([new_event("e1")])[0].is_new


def test_a_connection_that_nobody_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_CONNECT_S", 2)  # the least that libpq takes
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        port = black_hole.getsockname()[1]
        engine = open_engine(f"postgresql+psycopg://nobody@127.0.0.1:{port}/frontdesk")
        began_at = time.monotonic()
        with pytest.raises(EventLogUnavailableError):
            EventLog(engine, ids=UuidV7Factory(SystemClock())).last_sequence()
        assert time.monotonic() - began_at < 4
        engine.dispose()
