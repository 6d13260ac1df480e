"""A person found that an uncertain command was sent: the step and the event that tells of it are one transaction."""

from __future__ import annotations

from datetime import datetime

import orjson
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.canonical import FRONTDESK_SOURCE
from core.database import writing
from core.envelope import NewEvent, Origin
from core.event_log import EventLog
from core.outbox.commands import Channel, KnownCommand
from core.outbox.errors import OutboxUnavailableError
from core.outbox.outbox import Outbox

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
    try:
        with writing(engine) as connection:
            is_settled = outbox.within(connection).resolve_as_sent(
                known.command_key, attempt_number=attempt_number, resolved_by=resolved_by, provider_id=provider_id
            )
            if is_settled and known.channel in _TYPES:
                event = _told(known, attempt_number=attempt_number, provider_id=provider_id, now=now)
                log.append_within(connection, [event])
    except SQLAlchemyError as error:
        raise OutboxUnavailableError(f"the outbox can't be used now: {error}") from error
    return is_settled


def _told(known: KnownCommand, *, attempt_number: int, provider_id: str | None, now: datetime) -> NewEvent:
    recipient = known.payload.get("to")
    message_id = provider_id or known.command_key
    is_message = known.channel is not Channel.WEBHOOK
    kind = "phone" if known.channel is Channel.SMS else "email"
    payload = {
        "command_key": known.command_key,
        "command_type": known.command_type,
        "rule_id": known.rule_id,
        "rule_version": known.rule_version,
        "contact_id": known.contact_id,
        "attempt_number": attempt_number,
        "provider": known.provider,
        "message_id": message_id if is_message else None,
        "channel": known.channel.value if is_message else None,
        "contact": {kind: recipient} if is_message and recipient else None,
        "to": recipient,
        "template": known.payload.get("template"),
        "endpoint": known.payload.get("endpoint"),
    }
    body = orjson.dumps({name: value for name, value in payload.items() if value is not None})
    return NewEvent(
        tenant_id=known.tenant_id,
        source=FRONTDESK_SOURCE,
        # As the dispatcher names it, so that whoever finds out second tells nothing anew.
        source_event_id=f"{known.command_key}#{attempt_number}:sent",
        type=_TYPES[known.channel],
        subject_id=message_id if is_message else known.command_key,
        occurred_at=now,
        received_at=now,
        correlation_id=known.command_key,
        causation_id=known.cause_event_ids[0] if known.cause_event_ids else None,
        body=body,
        payload=body,
        origin=Origin.COMMAND,
    )
