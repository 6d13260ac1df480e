"""Opening the operational database while somebody writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import inspect

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log import database
from frontdesk.core.log.database import create_tables, open_database, open_engine
from tests.core.backends import Backend


@contextmanager
def written_to(file: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite file for a block."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.execute("ROLLBACK")


def test_a_database_whose_tables_are_there_is_opened_while_another_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.1)
    url = f"sqlite:///{tmp_path / 'frontdesk.db'}"
    open_database(url).dispose()

    with written_to(tmp_path / "frontdesk.db"):
        open_database(url).dispose()


def test_a_database_without_tables_waits_for_the_writer_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.1)
    url = f"sqlite:///{tmp_path / 'frontdesk.db'}"
    open_engine(url).connect().close()

    with written_to(tmp_path / "frontdesk.db"), pytest.raises(EventLogUnavailableError, match="locked"):
        open_database(url)

    assert inspect(open_database(url)).has_table("heartbeats")


def test_who_comes_next_gets_the_connection_that_was_used_last(backend: Backend) -> None:
    engine = backend.open()
    with engine.connect(), engine.connect() as last:
        used_last = last.connection.driver_connection
    with engine.connect() as first:
        warm = first.connection.driver_connection
    with engine.connect() as again:
        assert again.connection.driver_connection is warm
    assert used_last is not warm  # the outer block ended later


def test_tables_that_are_there_are_left_alone(backend: Backend) -> None:
    engine = backend.open()

    create_tables(engine)
    create_tables(engine)

    assert inspect(engine).has_table("event_log")
