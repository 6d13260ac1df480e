"""What is withheld though its time has come: the step and the event that tells why are one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import KnownCommand, NewCommand
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.outcome_events import CommandEnding, Outcome, outcome_events

#: Events that are looked up by their ids within one query.
_READ_TOGETHER = 500


class Withdrawals:
    """Takes back what is no longer intended. What was due by then is told of in the log."""

    def __init__(self, engine: Engine, *, outbox: Outbox, log: EventLog) -> None:
        self._engine = engine
        self._outbox = outbox
        self._log = log

    def withdraw(self, command_keys: Collection[str], *, reason: str, now: datetime) -> list[str]:
        """Take back commands as Outbox.withdraw does; now: aware UTC. Raises OutboxUnavailableError."""
        with translated_errors(OutboxUnavailableError, what="the outbox"), writing(self._engine) as connection:
            return self._withdraw(connection, command_keys, reason=reason, now=now)

    def caused_after(self, sequence: int, command_keys: Collection[str]) -> set[str]:
        """Return which of these have a cause in the log after a sequence."""
        causes = {key: found.cause_event_ids for key in command_keys if (found := self._outbox.find(key)) is not None}
        ids = sorted({event_id for event_ids in causes.values() for event_id in event_ids})
        later: set[str] = set()
        for start in range(0, len(ids), _READ_TOGETHER):
            events = self._log.read_by_id(ids[start : start + _READ_TOGETHER])
            later |= {event_id for event_id, event in events.items() if event.sequence > sequence}
        return {key for key, event_ids in causes.items() if later.intersection(event_ids)}

    def enter_withheld(self, command: NewCommand, *, reason: str, now: datetime) -> bool:
        """Enter a command that was stopped before it was first known, as withdrawn; False if its key is known."""
        with translated_errors(OutboxUnavailableError, what="the outbox"), writing(self._engine) as connection:
            outbox = self._outbox.within(connection)
            if outbox.find(command.command_key) is not None:
                return False
            outbox.enqueue([command])
            self._withdraw(connection, [command.command_key], reason=reason, now=now)
        return True

    def _withdraw(
        self, connection: Connection, command_keys: Collection[str], *, reason: str, now: datetime
    ) -> list[str]:
        outbox = self._outbox.within(connection)
        keys = outbox.withdraw(command_keys, reason=reason)
        commands = [command for key in keys if (command := outbox.find(key)) is not None and command.due_at <= now]
        events = withheld_events(commands, now=now)
        if events:
            self._log.append_within(connection, events)
        return keys


def withheld_events(commands: Sequence[KnownCommand], *, now: datetime) -> list[NewEvent]:
    """Return the events that tell why commands were withheld though they were due: once for each time."""
    endings = (
        CommandEnding(
            command=command,
            attempt_number=command.attempts_count + 1,
            outcome=Outcome.SUPPRESSED,
            now=now,
            reason=command.reason,
            # It can be intended again and withheld once more: each time is told.
            id_ending=f"withheld@{now.timestamp():.6f}",
        )
        for command in commands
    )
    return [event for ending in endings for event in outcome_events(ending)]
