"""A person found that an uncertain command was sent: the step and the event that tells of it are one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import Channel, KnownCommand
from frontdesk.domains.sending.outbox.doubts import settled_events
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.keys import report_of
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.outcome_events import about_whom, outcome_event

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
            event = _told(known, attempt_number=attempt_number, provider_id=provider_id, now=now)
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


def _told(known: KnownCommand, *, attempt_number: int, provider_id: str | None, now: datetime) -> NewEvent:
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
