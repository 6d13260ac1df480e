"""How far the log has been decided upon: nothing is called that was decided before the newest events were known."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.schema import event_log
from frontdesk.domains.sending.echoes import is_urgent_row


class DecidedPosition:
    """The newest sequence that every decision in the outbox takes account of. Safe to use from several threads.

    None as long as nobody has said: before the warehouse was opened, what is in the outbox may be an older version's.
    """

    def __init__(self) -> None:
        self._sequence: int | None = None
        self._held: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def sequence(self) -> int | None:
        """The newest sequence, None before the first."""
        return self._sequence

    def is_held(self, tenant_id: str) -> bool:
        """Tell whether a tenant's decisions are being made anew, by another configuration."""
        return tenant_id in self._held

    def hold(self, tenant_ids: frozenset[str]) -> None:
        """Say whose decisions are being made anew: theirs wait until they are not named any more."""
        self._held = tenant_ids
        for listener in self._listeners:
            listener()

    def begin_at(self, sequence: int) -> None:
        """Say how far it is after the warehouse was opened: the log may be another one than before."""
        with self._lock:
            self._sequence = sequence
        for listener in self._listeners:
            listener()

    def advance(self, sequence: int) -> None:
        """Say that all up to a sequence is decided upon and in the outbox; a lower one than before says nothing."""
        with self._lock:
            if self._sequence is None or sequence > self._sequence:
                self._sequence = sequence
        for listener in self._listeners:
            listener()

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call this, from whatever thread, after each advance."""
        self._listeners.append(listener)


class KnownEvents:
    """Compares the log with the position up to which decisions are in the outbox. One thread asks at a time.

    A tenant's commands wait for that tenant's events alone, and not for echoes, which tell of our own commands.
    """

    def __init__(self, engine: Engine, *, position: DecidedPosition) -> None:
        self._engine = engine
        self.position = position

    def newest_of(self, tenant_id: str) -> int:
        """Return the sequence of a tenant's newest event that is not decided upon, 0 if there is none.

        Raises EventLogUnavailableError. Not to be asked before anybody said how far decisions go: it would be a look
        at the whole log.
        """
        columns = event_log.c
        query = select(func.max(columns.sequence)).where(
            # Not the bare column: the index of a tenant's whole history would be taken for it.
            func.coalesce(columns.tenant_id, "") == tenant_id,
            columns.sequence > (self.position.sequence or 0),
            is_urgent_row(),
        )
        try:
            with self._engine.connect() as connection:
                return int(connection.execute(query).scalar() or 0)
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(f"the event log can't be read: {error}") from error

    @property
    def is_positioned(self) -> bool:
        """Whether anybody said how far decisions go: before, nothing may be called."""
        return self.position.sequence is not None

    def takes_account_of(self, sequence: int, *, tenant_id: str) -> bool:
        """Tell whether a tenant's decisions in the outbox take account of an event.

        Of none before anybody said how far, nor while they are being made anew.
        """
        reached = self.position.sequence
        return reached is not None and reached >= sequence and not self.position.is_held(tenant_id)
