"""Fixtures of the contract suite: every test that takes `backend`, `engine` or `log` runs on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from tests.core.backends import Backend, PostgresBackend, SqliteBackend
from tests.core.postgres import temporary_server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with temporary_server() as url:
        yield url


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
