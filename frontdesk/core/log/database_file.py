"""Watches over the one file of a SQLite database: what is deleted or replaced while we run is never written to.

SQLite goes on in a file that has lost its name: every append would be answered with 200 and be gone at the next
start. So each transaction looks at the name first (one stat, some microseconds).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError, OperationalError

_IDENTITY = "frontdesk_file_identity"
#: Execution option under which an engine's own guard is found.
_GUARD = "frontdesk_database_file"


class Anchor(NamedTuple):
    """An event that is surely in the log: the newest that this process has seen."""

    sequence: int
    event_id: str


class DatabaseFile:
    """The file that an engine opened first. Safe to use from several threads.

    Another file at its name is taken for it if it holds the newest event that was seen in the first: a copy that
    was put back. Anything else is refused until the right one is back, or the process is started again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._identity: tuple[int, int] | None = None
        self._anchor: Anchor | None = None

    def guard(self, engine: Engine) -> None:
        """Check the file at every connection and transaction of an engine."""
        engine.update_execution_options(**{_GUARD: self})
        event.listen(engine, "do_connect", self._before_connect)
        event.listen(engine, "connect", self._after_connect)
        event.listen(engine, "checkout", self._before_use)

    def saw(self, anchor: Anchor) -> None:
        """Note an event that is on disk."""
        if self._anchor is None or anchor.sequence > self._anchor.sequence:
            self._anchor = anchor

    def _before_connect(self, _dialect: Any, _record: Any, _arguments: Any, _options: Any) -> None:
        if self._identity is not None:
            self._accept(self._identity_at_name())  # or SQLite would make an empty one

    def _after_connect(self, connection: sqlite3.Connection, record: Any) -> None:
        identity = self._identity_at_name()
        with self._lock:
            if self._identity is None:
                self._identity = identity
                self._anchor = _newest_event(connection)
        record.info[_IDENTITY] = identity

    def _before_use(self, _connection: Any, record: Any, _proxy: Any) -> None:
        identity = self._identity_at_name()
        if record.info.get(_IDENTITY) == identity == self._identity:
            return
        self._accept(identity)
        if record.info.get(_IDENTITY) != identity:
            raise DisconnectionError("the connection is to a file that was replaced")

    def _identity_at_name(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except OSError as error:
            raise _unusable(
                f"{self._path} was removed while Frontdesk runs ({error.strerror}); "
                "put it back, or start Frontdesk again"
            ) from error
        return stat.st_dev, stat.st_ino

    def _accept(self, identity: tuple[int, int]) -> None:
        with self._lock:
            if identity == self._identity:
                return
            if not self._holds_anchor():
                raise _unusable(
                    f"{self._path} is another file than the one that Frontdesk opened, and lacks its newest event; "
                    "put the right one back, or start Frontdesk again to go on with this one"
                )
            self._identity = identity

    def _holds_anchor(self) -> bool:
        try:
            with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                if self._anchor is None:
                    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_log'").fetchone())
                row = connection.execute(
                    "SELECT event_id FROM event_log WHERE sequence = ?", [self._anchor.sequence]
                ).fetchone()
        except sqlite3.Error:
            return False
        return bool(self._anchor is not None and row == (self._anchor.event_id,))

    def check_continues(self, sequence: int) -> None:
        """Raise OperationalError if a new event's sequence is not beyond the newest one seen."""
        if self._anchor is not None and sequence <= self._anchor.sequence:
            raise _unusable(
                f"{self._path} went back from event {self._anchor.sequence} to {sequence - 1}: it was overwritten; "
                "put the right file back, or start Frontdesk again to go on with this one"
            )


def check_continues(engine: Engine, sequence: int) -> None:
    """Raise OperationalError if the engine's file was overwritten by an older one; see DatabaseFile."""
    if (guard := _guard_of(engine)) is not None:
        guard.check_continues(sequence)


def note_appended(engine: Engine, events: Sequence[Anchor]) -> None:
    """Note events that are on disk, if the engine's database is a file."""
    guard = _guard_of(engine)
    if guard is not None and events:
        guard.saw(max(events))


def _guard_of(engine: Engine) -> DatabaseFile | None:
    guard: DatabaseFile | None = engine.get_execution_options().get(_GUARD)
    return guard


def _newest_event(connection: sqlite3.Connection) -> Anchor | None:
    try:
        row = connection.execute("SELECT sequence, event_id FROM event_log ORDER BY sequence DESC LIMIT 1").fetchone()
    except sqlite3.Error:
        return None  # no tables yet
    return Anchor(*row) if row else None


def _unusable(reason: str) -> OperationalError:
    return OperationalError(None, None, sqlite3.OperationalError(reason))
