"""Opening the operational database while somebody writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import inspect

from core import database
from core.database import create_tables, open_database, open_engine, writing
from core.errors import EventLogUnavailableError
from core.schema import metadata
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


def test_a_database_without_a_table_waits_for_the_writer_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.1)
    url = f"sqlite:///{tmp_path / 'frontdesk.db'}"
    with writing(open_database(url)) as connection:
        connection.exec_driver_sql("DROP TABLE heartbeats")

    with written_to(tmp_path / "frontdesk.db"), pytest.raises(EventLogUnavailableError, match="locked"):
        open_database(url)

    assert inspect(open_database(url)).has_table("heartbeats")


def test_only_what_is_missing_is_created(backend: Backend) -> None:
    with writing(backend.open()) as connection:
        connection.exec_driver_sql("DROP TABLE heartbeats")
    engine = open_engine(backend.url)

    create_tables(engine)

    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)
    engine.dispose()
