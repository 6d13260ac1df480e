"""The published file as the dashboard reads it: always the newest one, and the only code that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pandas as pd

from dashboard.frame.published_version import Identity, identify, read_version
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.published.connection import open_published

_MAX_ATTEMPTS = 10
#: Answers of one file that are kept; a few dozen rows each.
_MAX_KEPT = 64
#: A file opens that has a damaged block, and a query of it fails; so it does where memory is short.
_UNREADABLE = (
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.OutOfMemoryException,
    duckdb.InternalException,
    duckdb.FatalException,
)


class AnalyticsFileError(FrontdeskError):
    """The published file is not there yet, or can't be read; the detail says what to do."""

    http_status = 503
    title = "No published data"


class NothingPublishedYetError(AnalyticsFileError):
    """The first file was not published yet: nothing runs, or the first build does."""


@dataclass
class _Opened:
    identity: Identity
    connection: duckdb.DuckDBPyConnection
    queries_running: int = 0
    kept: dict[str, pd.DataFrame] = field(default_factory=dict)


class AnalyticsFile:
    """Reads `analytics.duckdb`, always the newest one: it is opened again when the file at the path is another.

    Safe for threads. A query that runs while the file is replaced finishes on the old one, which is closed after it.
    The writer never waits: it replaces the file instead of changing it, and readers only share a lock on their own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._opened: _Opened | None = None

    def fetch(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Run one SELECT with named parameters. Raises AnalyticsFileError if there is no readable file."""
        with self._lease() as opened:
            return self._run(opened, sql, parameters)

    def fetch_once(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """As fetch, but run once for each file that is published: for what takes long and depends on no clock."""
        key = f"{sql} {sorted(parameters.items())}"
        with self._lease() as opened:
            kept = opened.kept.get(key)
            if kept is None:
                kept = self._run(opened, sql, parameters)
                with self._lock:
                    if len(opened.kept) >= _MAX_KEPT:
                        opened.kept.pop(next(iter(opened.kept)))
                    opened.kept[key] = kept
        return kept.copy()

    def _run(self, opened: _Opened, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
        cursor = opened.connection.cursor()
        try:
            # A cursor is a connection of its own: it starts outside the attached database.
            cursor.execute("USE analytics")
            frame = cursor.execute(sql, parameters).df()
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise AnalyticsFileError(
                f"{self._path} was published by another version of Frontdesk ({_first_line(error)}); "
                "publish it again with `frontdesk process --once`."
            ) from error
        except _UNREADABLE as error:
            raise AnalyticsFileError(
                f"{self._path} can't be read now ({_first_line(error)}); a new one is published within a minute."
            ) from error
        finally:
            cursor.close()
        return frame.astype(object).where(frame.notna(), None)

    def version(self) -> str:
        """Return what is another with each file that is published; empty if there is none."""
        return read_version(self._path)

    def close(self) -> None:
        """Let go of the file; the next query opens it again."""
        with self._lock:
            self._retire()

    @contextmanager
    def _lease(self) -> Iterator[_Opened]:
        with self._lock:
            opened = self._current()
            opened.queries_running += 1
        try:
            yield opened
        finally:
            with self._lock:
                opened.queries_running -= 1
                if opened is not self._opened and not opened.queries_running:
                    opened.connection.close()

    def _current(self) -> _Opened:
        if self._opened is None or self._opened.identity != self._identify():
            self._retire()
            self._opened = self._open_newest()
        return self._opened

    def _open_newest(self) -> _Opened:
        # The name can move on between looking and opening, and which file was opened must be certain: to open one
        # twice gives up the lock on it with the first close (POSIX), and the pipelines could write under a query.
        for _ in range(_MAX_ATTEMPTS):
            identity = self._identify()
            try:
                connection = _open(self._path)
            except AnalyticsFileError:
                if self._identify() == identity:
                    raise
                continue
            if self._identify() == identity:
                return _Opened(identity, connection)
            connection.close()
        raise AnalyticsFileError(f"{self._path} is replaced faster than it can be opened; try again.")

    def _identify(self) -> Identity:
        try:
            return identify(self._path)
        except FileNotFoundError as error:
            self._retire()
            raise NothingPublishedYetError(
                "There is nothing to show yet. Whoever runs Frontdesk starts it with: frontdesk up"
            ) from error

    def _retire(self) -> None:
        if self._opened is not None and not self._opened.queries_running:
            self._opened.connection.close()
        self._opened = None


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return open_published(path)
    except duckdb.Error as error:
        raise AnalyticsFileError(f"{path} can't be read: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
