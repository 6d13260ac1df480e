"""Tells cheaply whether anybody may have committed to the database since."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Engine, PoolProxiedConnection

#: Told as changed so often in any case: the number is that of the file which was opened, and that may be replaced.
_LONGEST_PAUSE_S: Final = 1.0


class CommitWatch:
    """The watch of one thread.

    SQLite tells by a number, which takes microseconds to read; a query takes a hundred times as long. PostgreSQL has
    no such number: there everything may have changed at any time.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None
        self._version: int | None = None
        self._changed_at = float("-inf")

    def has_changed(self) -> bool:
        """Tell whether anybody may have committed since the last time that this was true.

        Ask before looking at what may have changed: what is committed in between is told the next time.
        """
        version = self._read_version()
        now = time.monotonic()
        if version is not None and version == self._version and now < self._changed_at + _LONGEST_PAUSE_S:
            return False
        self._version, self._changed_at = version, now
        return True

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
