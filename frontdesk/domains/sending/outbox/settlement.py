"""Uncertain commands that a person has to settle: the task that asks for it, and what was found out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Engine

from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.sending.outbox.commands import Channel, KnownCommand, NewCommand
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.outcome_events import (
    CommandEnding,
    Outcome,
    contact_and_booking,
    outcome_event_id,
    outcome_events,
    read_letter_fields,
)
from frontdesk.domains.tasks.facts import TASK_COMPLETED, TASK_CREATED

TASK_KIND = "not_confirmed"
_NAMES = {Channel.SMS: "a text", Channel.EMAIL: "an e-mail", Channel.WEBHOOK: "a webhook"}


def doubt_event(command: NewCommand, *, attempt_number: int, reason: str, now: datetime) -> NewEvent:
    """Return the task for a person to find out whether an attempt was sent: always the same for the same attempt."""
    recipient = command.payload.get("to")
    what = _NAMES.get(command.channel, "a command") + (f" to {recipient}" if recipient else "")
    return _task_event(
        command,
        TASK_CREATED,
        task_id=_task_id(command.command_key, attempt_number),
        now=now,
        kind=TASK_KIND,
        title=f"Not confirmed: {what}. Ask whether it arrived, then settle it in the outbox",
        reason=reason,
        due_at=now.isoformat(),
        **contact_and_booking(command),
    )


def settled_events(
    command: NewCommand, *, attempt_number: int, log: EventLog, settled_by: str, now: datetime
) -> list[NewEvent]:
    """Return the event that closes the task of an attempt that is settled; none if nobody was asked."""
    task_id = _task_id(command.command_key, attempt_number)
    if not log.read_by_source_ids(command.tenant_id, FRONTDESK_SOURCE, [f"{task_id}:created"]):
        return []
    whom = contact_and_booking(command)
    return [_task_event(command, TASK_COMPLETED, task_id=task_id, now=now, by=settled_by, **whom)]


def _task_id(command_key: str, attempt_number: int) -> str:
    return f"{command_key}#{attempt_number}:in_doubt"


def _task_event(command: NewCommand, type_: str, *, task_id: str, now: datetime, **values: Any) -> NewEvent:
    # Not by command_key: that says of a task that it is what the command did.
    known = {name: value for name, value in values.items() if value is not None}
    body = orjson.dumps({"task_id": task_id, "about_command": command.command_key, **known})
    return own_event(
        type_,
        body,
        tenant_id=command.tenant_id,
        source_event_id=f"{task_id}:{type_.partition('.')[2]}",
        subject_id=task_id,
        now=now,
        correlation_id=command.command_key,
    )


def settle_as_sent(
    engine: Engine,
    known: KnownCommand,
    *,
    outbox: Outbox,
    log: EventLog,
    attempt_number: int,
    resolved_by: str,
    provider_id: str | None,
    now: datetime,
) -> bool:
    """Record that an uncertain attempt was sent, and tell it; False, with nothing changed, as resolve_as_sent.

    engine: of the database of both. now: aware UTC. Raises OutboxUnavailableError or EventLogUnavailableError.
    """
    closing = settled_events(known, attempt_number=attempt_number, log=log, settled_by=resolved_by, now=now)
    events = outcome_events(
        CommandEnding(
            command=known,
            attempt_number=attempt_number,
            # As the dispatcher ends it, so that whoever finds out second tells nothing anew.
            outcome=Outcome.SENT,
            now=now,
            letter_fields=_read_uncertain_letter(log, known, attempt_number=attempt_number),
            provider_id=provider_id,
        )
    )
    with translated_errors(OutboxUnavailableError, what="the outbox"), writing(engine) as connection:
        is_settled = outbox.within(connection).resolve_as_sent(
            known.command_key, attempt_number=attempt_number, resolved_by=resolved_by, provider_id=provider_id
        )
        if is_settled and (events or closing):
            log.append_within(connection, [*events, *closing])
    return is_settled


def settle_as_not_sent(
    engine: Engine,
    known: KnownCommand,
    *,
    outbox: Outbox,
    log: EventLog,
    attempt_number: int,
    resolved_by: str,
    now: datetime,
) -> bool:
    """Record that an uncertain attempt was not sent, as resolve_as_not_sent, and close the task that asked for it.

    engine: of the database of both. now: aware UTC. Raises OutboxUnavailableError or EventLogUnavailableError.
    """
    closing = settled_events(known, attempt_number=attempt_number, log=log, settled_by=resolved_by, now=now)
    with translated_errors(OutboxUnavailableError, what="the outbox"), writing(engine) as connection:
        is_settled = outbox.within(connection).resolve_as_not_sent(
            known.command_key, attempt_number=attempt_number, resolved_by=resolved_by
        )
        if is_settled and closing:
            log.append_within(connection, closing)
    return is_settled


def _read_uncertain_letter(log: EventLog, command: NewCommand, *, attempt_number: int) -> dict[str, Any]:
    """Return what was told of the words when the attempt became uncertain."""
    event_id = outcome_event_id(command.command_key, attempt_number=attempt_number, ending=Outcome.UNCERTAIN)
    found = log.read_by_source_ids(command.tenant_id, FRONTDESK_SOURCE, [event_id])
    return read_letter_fields(found[0]) if found else {}
