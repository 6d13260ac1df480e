"""Opens and removes warehouse files. Whoever opens one for writing holds the writer lock of its home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.build.sql_functions import register_functions

#: As in dbt_project/profiles.yml: what is more lies on the disk meanwhile. By itself DuckDB takes four fifths of the
#: machine.
MEMORY_LIMIT = "2GB"


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a warehouse for writing, made if it is not there; times are read and written as UTC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    was_killed = _write_ahead_log(path).exists()
    connection = duckdb.connect(str(path))
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        register_functions(connection)
        if was_killed:
            _recreate_indexes(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _recreate_indexes(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every index anew from its table.

    A write-ahead log beside the file: its last holder was killed, and DuckDB (1.5.6) has replayed it. The tables are
    right then, but what was replayed into an index that no query has used yet is lost with the next checkpoint, and
    rows that an index does not know are never deleted: tests/pipelines/live/test_killed_live_path.py fails without
    this.
    """
    indexes = connection.execute("select schema_name, index_name, sql from duckdb_indexes() where sql is not null")
    for schema, name, sql in indexes.fetchall():
        connection.execute(f'drop index {schema}."{name}"')
        connection.execute(sql)


@contextmanager
def connected(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse for writing for a block."""
    connection = connect(path)
    try:
        yield connection
    finally:
        connection.close()


def _write_ahead_log(path: Path) -> Path:
    """Return where DuckDB keeps what is committed and not yet in the file itself."""
    return path.with_name(path.name + ".wal")


def remove(path: Path) -> None:
    """Delete a warehouse that nobody has open."""
    for file in (path, _write_ahead_log(path)):
        file.unlink(missing_ok=True)
