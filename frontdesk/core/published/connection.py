"""Opens the published file for reading: that file alone, whoever else has it open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import duckdb

from frontdesk.core.published.errors import NothingPublishedError

#: The name that the file's views know it by.
DATABASE = "analytics"
#: What a reader beside others may take.
SHARED_LIMITS: Mapping[str, str | int] = MappingProxyType({"threads": 2, "memory_limit": "512MB"})
#: The name can move to a newer file between looking it up and opening it.
_TRIES = 3


def open_published(path: Path, *, limits: Mapping[str, str | int] = SHARED_LIMITS) -> duckdb.DuckDBPyConnection:
    """Return a connection that reads the published file, in UTC, and nothing else: no other file, no extension.

    Attached to a database in memory, not opened by itself: within a process DuckDB (1.5.6) keeps one instance per
    *path* of connect(), so a second reader would get the file that was there for the first. Raises duckdb.Error if
    it can't be read.
    """
    connection = duckdb.connect(":memory:", config=dict(limits))
    try:
        attach_published(connection, path, name=DATABASE)
        connection.execute(f"use {DATABASE}")
        connection.execute(
            "set global TimeZone = 'UTC'; set enable_external_access = false; set lock_configuration = true"
        )
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file for a block, whose questions are asked of it alone.

    Raises NothingPublishedError for another version's file, and for one that can't be read.
    """
    try:
        with open_published(path) as connection:
            yield connection
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise NothingPublishedError(
            f"{path} was published by another version ({error}); run `frontdesk process --once`"
        ) from error
    except duckdb.Error as error:
        raise NothingPublishedError(f"{path} can't be read now: {error}") from error


def attach_published(connection: duckdb.DuckDBPyConnection, path: Path, *, name: str) -> None:
    """Attach the published file read-only, or the newest of the ring behind it that nobody has locked.

    Raises duckdb.Error if none can be read.
    """
    refusal: duckdb.Error | None = None
    for file in _candidates(path):
        quoted = str(file).replace("'", "''")
        try:
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
            refusal = refusal or error
        else:
            return
    raise refusal or duckdb.IOException(f"{path} does not exist")


def _candidates(path: Path) -> Iterator[Path]:
    """Yield the published file, and then those that it was before, the newest first (publisher.py)."""
    yield from [path] * _TRIES
    files = []
    for file in (path.parent / "published").glob("*.duckdb"):
        try:
            files.append((file.stat().st_mtime_ns, file))
        except FileNotFoundError:
            continue  # it is being replaced
    yield from (file for _, file in sorted(files, reverse=True))
