"""How the outbox reaches its database: one transaction a step, or as part of a caller's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Self

from sqlalchemy import Connection, Engine

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError


class OutboxConnections:
    """Opens the outbox's transactions, under one clock."""

    def __init__(self, engine: Engine, *, clock: Clock, ids: IdFactory) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._joined: Connection | None = None

    def within(self, connection: Connection) -> Self:
        """Return the same outbox as a part of the transaction that the caller has open; see database.writing.

        Its steps are on disk, and seen by others, once the caller commits; where one raises, roll back. For a step
        and the event that tells of it: the outbox first, then EventLog.append_within, since PostgreSQL makes all
        appends wait for a transaction that has appended, and the other order could make two wait for each other.
        """
        joined = copy(self)
        joined._joined = connection
        return joined

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated_errors(OutboxUnavailableError, what="the outbox"):
            if self._joined is not None:
                yield self._joined
                return
            with writing(self._engine) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(OutboxUnavailableError, what="the outbox"):
            if self._joined is not None:
                yield self._joined
                return
            with self._engine.connect() as connection:
                yield connection
