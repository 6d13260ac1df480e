"""Whether what is decided takes account of all that the log holds: nothing is called on yesterday's knowledge."""

from __future__ import annotations

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.schema import event_log
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.echoes import is_urgent_row


class KnownEvents:
    """Compares the log with the position up to which decisions are in the outbox. One thread asks at a time.

    A tenant's commands wait for that tenant's events alone, and not for echoes, which tell of our own commands.
    """

    def __init__(self, engine: Engine, *, position: DecidedPosition) -> None:
        self._engine = engine
        self.position = position

    def newest_of(self, tenant_id: str) -> int:
        """Return the sequence of a tenant's newest event that is not decided upon, 0 where there is none.

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

    def takes_account_of(self, sequence: int) -> bool:
        """Tell whether the decisions in the outbox take account of an event; of none before anybody said how far."""
        reached = self.position.sequence
        return reached is not None and reached >= sequence
