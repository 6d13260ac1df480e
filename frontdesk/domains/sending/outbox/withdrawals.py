"""What is withheld though its time has come: the step and the event that tells why are one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import Channel, KnownCommand, NewCommand, report_of
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.outcome_events import about_whom, outcome_event

_FAMILIES = {Channel.SMS: "message", Channel.EMAIL: "message", Channel.WEBHOOK: "webhook", Channel.TASK: "task"}

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
        """Enter a command that was stopped before it was first known, as withdrawn; False where its key is known."""
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
        taken = outbox.withdraw(command_keys, reason=reason)
        known = [found for key in taken if (found := outbox.find(key)) is not None and found.due_at <= now]
        events = withheld_events(known, now=now)
        if events:
            self._log.append_within(connection, events)
        return taken


def withheld_events(commands: Sequence[KnownCommand], *, now: datetime) -> list[NewEvent]:
    """Return the events that tell why commands were withheld though they were due: once for each time."""
    return [_event(command, now=now) for command in commands if command.channel in _FAMILIES]


def _event(command: KnownCommand, *, now: datetime) -> NewEvent:
    recipient = command.payload.get("to")
    kind = {Channel.SMS: "phone", Channel.EMAIL: "email"}.get(command.channel)
    report_id = report_of(command.payload)
    about = about_whom(command) if kind is None else {"contact": {kind: recipient} if recipient else None}
    return outcome_event(
        command,
        type_=f"{'report' if report_id else _FAMILIES[command.channel]}.suppressed",
        attempt_number=command.attempts_count + 1,
        # It can be intended again and withheld once more: each time is told.
        ending=f"withheld@{now.timestamp():.6f}",
        subject_id=report_id or command.command_key,
        payload={
            "reason": command.reason,
            "message_id": command.command_key if kind else None,
            "channel": command.channel.value if kind else None,
            **({} if report_id else about),
            "report_id": report_id,
            "to": recipient,
            "template": command.payload.get("template"),
            "endpoint": command.payload.get("endpoint"),
        },
        now=now,
    )
