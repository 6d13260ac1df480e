"""How the outbox reaches its database: one transaction a step, or as part of a caller's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from core.clock import Clock
from core.database import writing
from core.ids import IdFactory
from core.outbox.errors import OutboxUnavailableError


class OutboxConnections:
    """Opens the outbox's transactions, under one clock."""

    def __init__(self, engine: Engine, *, clock: Clock, ids: IdFactory) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._joined: Connection | None = None

    def within(self, connection: Connection) -> Self:
        """Return the same outbox as a part of the transaction that the caller has open; see core.database.writing.

        Its steps are on disk, and seen by others, once the caller commits; where one raises, roll back. For a step
        and the event that tells of it: the outbox first, then EventLog.append_within, since PostgreSQL makes all
        appends wait for a transaction that has appended, and the other order could make two wait for each other.
        """
        joined = copy(self)
        joined._joined = connection
        return joined

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _translated_errors():
            if self._joined is not None:
                yield self._joined
                return
            with writing(self._engine) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _translated_errors():
            if self._joined is not None:
                yield self._joined
                return
            with self._engine.connect() as connection:
                yield connection


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # a half-state that the tables refused: a fault of ours, which must not look like an outage
    except SQLAlchemyError as error:
        is_not_asked_yet = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
        if isinstance(error, DataError) or is_not_asked_yet:
            raise ValueError(f"the outbox can't store this: {error}") from error
        raise OutboxUnavailableError(
            f"the outbox can't be used now: {getattr(error, 'orig', None) or error}"
        ) from error
