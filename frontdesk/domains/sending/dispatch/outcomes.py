"""What became of a command, as events of our own in the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from frontdesk.connectors.content import Composed, Letter, Task
from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.sending.outbox.commands import Channel, NewCommand, report_of
from frontdesk.domains.sending.outbox.outcome_events import about_whom, outcome_event


class Outcome(StrEnum):
    """What became of it."""

    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One outcome, to be told once. now is aware UTC."""

    command: NewCommand
    attempt_number: int
    outcome: Outcome
    now: datetime
    content: Composed | None = None  #: None: it could not be composed
    provider_id: str | None = None
    reason: str | None = None
    error_code: str | None = None
    is_opted_out: bool = False  #: the provider says that the recipient said STOP


def events_of(told: Told) -> list[NewEvent]:
    """Return the events that tell it; the same outcome of the same attempt always has the same ids."""
    return [*_outcome(told), *_opt_out(told)]


def _outcome(told: Told) -> Iterator[NewEvent]:
    command = told.command
    match command.channel:
        case Channel.SMS | Channel.EMAIL:
            payload = {"message_id": told.provider_id or command.command_key, **_letter(told)}
            if report_id := report_of(command.payload):
                payload |= {"report_id": report_id, "contact": None}  # who gets it is no contact of the business
                yield _event(told, f"report.{told.outcome}", subject_id=report_id, payload=payload)
                return
            yield _event(told, f"message.{told.outcome}", subject_id=payload["message_id"], payload=payload)
        case Channel.WEBHOOK:
            verb = "delivered" if told.outcome is Outcome.SENT else told.outcome.value
            yield _event(told, f"webhook.{verb}", subject_id=command.command_key, payload=_endpoint(command))
        case Channel.TASK:
            # The event is the task; what did not come to be is told of as a command's outcome.
            if told.outcome is Outcome.SENT and isinstance(told.content, Task):
                payload = {"task_id": command.command_key, **asdict(told.content)}
                yield _event(told, "task.created", subject_id=command.command_key, payload=payload)
            elif told.outcome in (Outcome.FAILED, Outcome.SUPPRESSED):
                payload = about_whom(command)
                yield _event(told, f"task.{told.outcome}", subject_id=command.command_key, payload=payload)
        case Channel.SYNC:
            return


def _opt_out(told: Told) -> Iterator[NewEvent]:
    if told.is_opted_out and isinstance(told.content, Letter):
        command = told.command
        payload = {
            "contact": {"phone": told.content.to},
            "channel": command.channel.value,
            "evidence": f"{command.provider} {told.error_code}",
        }
        yield _event(told, "consent.revoked", subject_id=told.content.to, payload=payload, suffix="opted_out")


def _letter(told: Told) -> dict[str, Any]:
    letter = told.content if isinstance(told.content, Letter) else None
    recipient = letter.to if letter else told.command.payload.get("to")
    kind = "phone" if told.command.channel is Channel.SMS else "email"
    return {
        "channel": told.command.channel.value,
        "contact": {kind: recipient} if recipient else None,
        "booking_id": told.command.payload.get("booking_id"),
        "to": recipient,
        "from": letter.sender if letter else None,
        "subject": letter.subject if letter else None,
        "body": letter.text if letter else None,
        "template": letter.template if letter else told.command.payload.get("template"),
        "template_version": letter.template_version if letter else None,
        "segments": letter.segments if letter else None,
        "price": asdict(letter.price) if letter and letter.price else None,
    }


def _endpoint(command: NewCommand) -> dict[str, Any]:
    payload = {"endpoint": command.payload.get("endpoint"), "fact_type": command.payload.get("fact_type")}
    return payload | about_whom(command)


def _event(
    told: Told, type_: str, *, subject_id: str, payload: dict[str, Any], suffix: str | None = None
) -> NewEvent:
    return outcome_event(
        told.command,
        type_=type_,
        attempt_number=told.attempt_number,
        ending=suffix or told.outcome.value,
        subject_id=subject_id,
        payload={"reason": told.reason, "error_code": told.error_code, **payload},
        now=told.now,
    )
