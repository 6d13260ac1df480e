"""Events that tell what became of a command: always the same for the same outcome of the same attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from frontdesk.connectors.content import Composed, Letter, Task
from frontdesk.core.log.envelope import Event, NewEvent
from frontdesk.core.log.own_events import own_event
from frontdesk.domains.sending.facts import CONSENT_REVOKED
from frontdesk.domains.sending.outbox.commands import Channel, NewCommand, report_of
from frontdesk.domains.tasks.facts import TASK_CREATED

#: What a contact is known by to whom a channel leads.
_IDENTIFIERS = {Channel.SMS: "phone", Channel.EMAIL: "email"}
#: What an event says of the words of a text or e-mail.
_LETTER_FIELDS = ("from", "subject", "body", "template", "template_version", "segments", "price")


class Outcome(StrEnum):
    """What became of a command."""

    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnding:
    """How one attempt of a command ended. now is aware UTC."""

    command: NewCommand
    attempt_number: int
    outcome: Outcome
    now: datetime
    content: Composed | None = None  #: None: it could not be composed, or is not known any more
    letter_fields: Mapping[str, Any] = field(default_factory=dict)  #: what an earlier event says of it instead
    provider_id: str | None = None
    reason: str | None = None
    error_code: str | None = None
    is_opted_out: bool = False  #: the provider says that the recipient said STOP
    id_ending: str | None = None  #: None: the outcome, which an attempt has once


def outcome_events(ending: CommandEnding) -> list[NewEvent]:
    """Return the events that tell it; none for a channel of which nothing is told."""
    return [*_outcome(ending), *_opt_out(ending)]


def outcome_event_id(command_key: str, *, attempt_number: int, ending: str) -> str:
    """Return the source_event_id: the same for the same outcome of the same attempt, so that it is told once."""
    return f"{command_key}#{attempt_number}:{ending}"


def read_letter_fields(event: Event) -> dict[str, Any]:
    """Return what an outcome event says of the words that went out, or were to."""
    payload = orjson.loads(event.payload)
    return {name: payload[name] for name in _LETTER_FIELDS if name in payload}


def contact_and_booking(command: NewCommand) -> dict[str, Any]:
    """Return the parts of a payload that say whom a command is about: contact and booking."""
    if identifier := _IDENTIFIERS.get(command.channel):
        recipient = command.payload.get("to")
        contact = {identifier: recipient} if recipient else None
    else:
        named = {name: value for name, value in (command.payload.get("contact") or {}).items() if value}
        contact = named if named.keys() & {"phone", "email"} else None
    return {"contact": contact, "booking_id": command.payload.get("booking_id")}


def _outcome(ending: CommandEnding) -> Iterator[NewEvent]:
    command = ending.command
    match command.channel:
        case Channel.SMS | Channel.EMAIL:
            payload = {"message_id": ending.provider_id or command.command_key, **_letter(ending)}
            if report_id := report_of(command.payload):
                payload |= {"report_id": report_id, "contact": None}  # who gets it is no contact of the business
                yield _event(ending, f"report.{ending.outcome}", subject_id=report_id, payload=payload)
                return
            yield _event(ending, f"message.{ending.outcome}", subject_id=payload["message_id"], payload=payload)
        case Channel.WEBHOOK:
            verb = "delivered" if ending.outcome is Outcome.SENT else ending.outcome.value
            yield _event(ending, f"webhook.{verb}", subject_id=command.command_key, payload=_endpoint(command))
        case Channel.TASK:
            # The event is the task; what did not come to be is told of as a command's outcome.
            if ending.outcome is Outcome.SENT and isinstance(ending.content, Task):
                payload = {"task_id": command.command_key, **asdict(ending.content)}
                yield _event(ending, TASK_CREATED, subject_id=command.command_key, payload=payload)
            elif ending.outcome in (Outcome.FAILED, Outcome.SUPPRESSED):
                payload = contact_and_booking(command)
                yield _event(ending, f"task.{ending.outcome}", subject_id=command.command_key, payload=payload)
        case Channel.SYNC:
            return


def _opt_out(ending: CommandEnding) -> Iterator[NewEvent]:
    if ending.is_opted_out and isinstance(ending.content, Letter):
        command = ending.command
        payload = {
            "contact": {"phone": ending.content.to},
            "channel": command.channel.value,
            "evidence": f"{command.provider} {ending.error_code}",
        }
        yield _event(ending, CONSENT_REVOKED, subject_id=ending.content.to, payload=payload, id_ending="opted_out")


def _letter(ending: CommandEnding) -> dict[str, Any]:
    command = ending.command
    common = {
        "channel": command.channel.value,
        "to": command.payload.get("to"),
        "template": command.payload.get("template"),
        **contact_and_booking(command),
    }
    if not isinstance(ending.content, Letter):
        return {**common, **ending.letter_fields}
    letter = ending.content
    return common | {
        "to": letter.to,
        "from": letter.sender,
        "subject": letter.subject,
        "body": letter.text,
        "template": letter.template,
        "template_version": letter.template_version,
        "segments": letter.segments,
        "price": asdict(letter.price) if letter.price else None,
    }


def _endpoint(command: NewCommand) -> dict[str, Any]:
    payload = {"endpoint": command.payload.get("endpoint"), "fact_type": command.payload.get("fact_type")}
    return payload | contact_and_booking(command)


def _event(
    ending: CommandEnding,
    type_: str,
    *,
    subject_id: str,
    payload: Mapping[str, Any],
    id_ending: str | None = None,
) -> NewEvent:
    command = ending.command
    common = {
        "command_key": command.command_key,
        "command_type": command.command_type,
        "rule_id": command.rule_id,
        "rule_version": command.rule_version,
        "contact_id": command.contact_id,
        "attempt_number": ending.attempt_number,
        "provider": command.provider,
        "reason": ending.reason,
        "error_code": ending.error_code,
    }
    # What is not known is left out, as in every canonical payload.
    body = orjson.dumps({name: value for name, value in {**common, **payload}.items() if value is not None})
    return own_event(
        type_,
        body,
        tenant_id=command.tenant_id,
        source_event_id=outcome_event_id(
            command.command_key,
            attempt_number=ending.attempt_number,
            ending=id_ending or ending.id_ending or ending.outcome.value,
        ),
        subject_id=subject_id,
        now=ending.now,
        correlation_id=command.command_key,
        causation_id=command.cause_event_ids[0] if command.cause_event_ids else None,
    )
