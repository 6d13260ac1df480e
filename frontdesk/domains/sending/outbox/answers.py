"""What the outbox answers when asked; nothing here writes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from frontdesk.domains.sending.outbox import holds, lanes, notes, queue, reading
from frontdesk.domains.sending.outbox.commands import (
    Channel,
    CommandFilter,
    CommandState,
    Depth,
    KnownCommand,
    Lane,
    MessageClass,
    Overdue,
)
from frontdesk.domains.sending.outbox.connections import OutboxConnections
from frontdesk.domains.sending.outbox.holds import Hold
from frontdesk.domains.sending.outbox.lanes import ClosedLane
from frontdesk.domains.sending.outbox.notes import Note


class OutboxAnswers(OutboxConnections):
    """The outbox as those see it who only ask."""

    def holds(self) -> list[Hold]:
        """Return the holds in force, oldest first."""
        with self._reading() as connection:
            return holds.in_force(connection)

    def find(self, command_key: str) -> KnownCommand | None:
        """Return a command with its attempts, or None where the key is not known."""
        with self._reading() as connection:
            return reading.find(connection, command_key)

    def noted(self, command_key: str) -> Note | None:
        """Return what was decided anew about a command while it could not take it; None where nothing was."""
        with self._reading() as connection:
            return notes.find(connection, command_key)

    def search(
        self,
        command_filter: CommandFilter,
        *,
        limit: int,
        states: Collection[CommandState] = tuple(CommandState),
        before: str | None = None,
    ) -> list[KnownCommand]:
        """Return the newest commands that match, newest first, without their attempts.

        before: only those enqueued before the command with this key; none where the filter's tenant has no such one.
        """
        with self._reading() as connection:
            return reading.search(connection, command_filter, states=states, limit=limit, before=before)

    def depths(self, *, tenant_id: str | None = None) -> list[Depth]:
        """Return how much is not over, per tenant and channel; none for those with nothing. None: every tenant's."""
        with self._reading() as connection:
            return reading.depths(connection, tenant_id=tenant_id, now=self._clock.now())

    def overdue(self) -> list[Overdue]:
        """Return what is due by now and still waits, by tenant, channel, provider and reason, in their order."""
        with self._reading() as connection:
            return reading.overdue(connection, now=self._clock.now())

    def closed_lanes(self) -> list[ClosedLane]:
        """Return the providers by which nothing goes out now, by tenant and provider, with the reason."""
        with self._reading() as connection:
            return lanes.closed(connection)

    def has_due(self, *, channels: Collection[Channel] | None = None, skip: Collection[Lane] = ()) -> bool:
        """Return whether claim() with the same arguments would find a command now. One look at an index."""
        with self._reading() as connection:
            return queue.has_due(connection, now=self._clock.now(), channels=channels, skip=skip)

    def next_due_at(self) -> datetime | None:
        """Return when the next command that waits, and is not held, can be claimed: past where it can be now.

        None: nothing waits. One look at an index, so that a worker with nothing to do knows how long it can sleep.
        """
        with self._reading() as connection:
            return queue.next_due_at(connection)

    def count_sent(
        self,
        tenant_id: str,
        *,
        contact_id: str,
        message_class: MessageClass,
        since: datetime,
        channel: Channel | None = None,
    ) -> int:
        """Return how many commands of a class went, or may have gone, to one contact since then.

        Those that are being called or are uncertain count, since a cap must hold for them too. channel: None for all.
        """
        with self._reading() as connection:
            return reading.count_sent(
                connection,
                tenant_id=tenant_id,
                contact_id=contact_id,
                message_class=message_class,
                channel=channel,
                since=since,
            )

    def count_sent_in_channel(self, tenant_id: str, *, channel: Channel, since: datetime) -> int:
        """Return how many commands of a tenant went, or may have gone, out by a channel since then."""
        with self._reading() as connection:
            return reading.count_sent(connection, tenant_id=tenant_id, channel=channel, since=since)

    def open_keys(self, tenant_id: str) -> list[str]:
        """Return the keys of all that rules of a tenant intend and that may still go out, or go out again."""
        with self._reading() as connection:
            return reading.open_keys(connection, tenant_id)
