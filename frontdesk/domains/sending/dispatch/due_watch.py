"""Tells cheaply whether anything is due: a look at the outbox only if something changed or a time has come."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, PoolProxiedConnection

from frontdesk.domains.sending.outbox.commands import Lane
from frontdesk.domains.sending.outbox.outbox import Outbox

#: Between two looks that find nothing while lanes are left out.
_PAUSE_S: Final = 0.005
#: A look so often in any case: the number is that of the file which was opened, and that may have been replaced.
_LONGEST_PAUSE_S: Final = 1.0


class DueWatch:
    """The watch of one thread.

    SQLite tells by a number, which takes microseconds to read, whether anybody has committed since; a look at the
    outbox takes a hundred times as long. PostgreSQL has no such number: there every look is one at the outbox.
    """

    def __init__(self, engine: Engine, *, outbox: Outbox) -> None:
        self._engine = engine
        self._outbox = outbox
        self._connection: PoolProxiedConnection | None = None
        self._version: int | None = None
        self._skipped: frozenset[Lane] = frozenset()
        self._next_due_at: datetime | None = None
        self._is_quiet = False
        self._looked_at = 0.0

    def has_due(self, now: datetime, *, skip: Collection[Lane]) -> bool:
        """Return whether a command outside these lanes can be claimed. Raises OutboxUnavailableError."""
        skipped = frozenset(skip)
        if self._is_quiet and skipped == self._skipped:
            # With lanes left out the next due one may be theirs, and past: then only the pause saves looks.
            if skipped and time.monotonic() < self._looked_at + _PAUSE_S:
                return False
            is_before = self._next_due_at is None or now < self._next_due_at
            is_fresh = time.monotonic() < self._looked_at + _LONGEST_PAUSE_S
            if is_fresh and is_before and self._version is not None and self._version == self._read_version():
                return False
        # Read before the outbox is looked at: what is committed in between is seen at the next look.
        self._version = self._read_version()
        self._skipped, self._looked_at = skipped, time.monotonic()
        has_due = self._outbox.has_due(skip=skip)
        self._next_due_at = now if has_due or skipped else self._outbox.next_due_at()
        self._is_quiet = not has_due
        return has_due

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read_version(self) -> int | None:
        if self._engine.dialect.name != "sqlite":
            return None
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        cursor = self._connection.cursor()
        try:
            [version] = cursor.execute("PRAGMA data_version").fetchone()
        finally:
            cursor.close()
        return int(version)
