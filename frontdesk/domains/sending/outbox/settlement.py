"""Uncertain commands that a person has to settle: the task that asks for it, and what was found out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Engine

from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.sending.outbox.commands import Channel, KnownCommand, NewCommand, report_of
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.outcome_events import about_whom, outcome_event

TASK_KIND = "not_confirmed"
_NAMES = {Channel.SMS: "a text", Channel.EMAIL: "an e-mail", Channel.WEBHOOK: "a webhook"}


def doubt_event(command: NewCommand, *, attempt_number: int, reason: str, now: datetime) -> NewEvent:
    """Return the task for a person to find out whether an attempt was sent: always the same for the same attempt."""
    recipient = command.payload.get("to")
    what = _NAMES.get(command.channel, "a command") + (f" to {recipient}" if recipient else "")
    return _task_event(
        command,
        "task.created",
        task_id=_task_id(command.command_key, attempt_number),
        now=now,
        kind=TASK_KIND,
        title=f"Not confirmed: {what}. Ask whether it arrived, then settle it in the outbox",
        reason=reason,
        due_at=now.isoformat(),
        **_whom(command, recipient),
    )


def settled_events(
    command: NewCommand, *, attempt_number: int, log: EventLog, settled_by: str, now: datetime
) -> list[NewEvent]:
    """Return the event that closes the task of an attempt that is settled; none where nobody was asked."""
    task_id = _task_id(command.command_key, attempt_number)
    if not log.read_by_source_ids(command.tenant_id, FRONTDESK_SOURCE, [f"{task_id}:created"]):
        return []
    whom = _whom(command, command.payload.get("to"))
    return [_task_event(command, "task.completed", task_id=task_id, now=now, by=settled_by, **whom)]


def _task_id(command_key: str, attempt_number: int) -> str:
    return f"{command_key}#{attempt_number}:in_doubt"


def _whom(command: NewCommand, recipient: str | None) -> dict[str, Any]:
    kind = {Channel.SMS: "phone", Channel.EMAIL: "email"}.get(command.channel)
    if kind is None:
        return about_whom(command)
    return {"contact": {kind: recipient} if recipient else None, "booking_id": command.payload.get("booking_id")}


def _task_event(command: NewCommand, type_: str, *, task_id: str, now: datetime, **values: Any) -> NewEvent:
    # Not by command_key: that says of a task that it is what the command did.
    known = {name: value for name, value in values.items() if value is not None}
    body = orjson.dumps({"task_id": task_id, "about_command": command.command_key, **known})
    return NewEvent(
        tenant_id=command.tenant_id,
        source=FRONTDESK_SOURCE,
        source_event_id=f"{task_id}:{type_.partition('.')[2]}",
        type=type_,
        subject_id=task_id,
        occurred_at=now,
        received_at=now,
        correlation_id=command.command_key,
        body=body,
        payload=body,
        origin=Origin.COMMAND,
    )


_TYPES = {Channel.SMS: "message.sent", Channel.EMAIL: "message.sent", Channel.WEBHOOK: "webhook.delivered"}


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
    with translated_errors(OutboxUnavailableError, what="the outbox"), writing(engine) as connection:
        is_settled = outbox.within(connection).resolve_as_sent(
            known.command_key, attempt_number=attempt_number, resolved_by=resolved_by, provider_id=provider_id
        )
        if is_settled and known.channel in _TYPES:
            event = _sent_event(known, attempt_number=attempt_number, provider_id=provider_id, now=now)
            log.append_within(connection, [event, *closing])
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


def _sent_event(known: KnownCommand, *, attempt_number: int, provider_id: str | None, now: datetime) -> NewEvent:
    recipient = known.payload.get("to")
    message_id = provider_id or known.command_key
    is_message = known.channel is not Channel.WEBHOOK
    kind = "phone" if known.channel is Channel.SMS else "email"
    report_id = report_of(known.payload)
    return outcome_event(
        known,
        type_="report.sent" if report_id else _TYPES[known.channel],
        attempt_number=attempt_number,
        ending="sent",  # as the dispatcher ends it, so that whoever finds out second tells nothing anew
        subject_id=report_id or (message_id if is_message else known.command_key),
        payload={
            "message_id": message_id if is_message else None,
            "channel": known.channel.value if is_message else None,
            # Who gets the business's reports is no contact of it.
            **({} if is_message else about_whom(known)),
            **({"contact": {kind: recipient}} if is_message and recipient and not report_id else {}),
            "report_id": report_id,
            "to": recipient,
            "template": known.payload.get("template"),
            "endpoint": known.payload.get("endpoint"),
        },
        now=now,
    )
