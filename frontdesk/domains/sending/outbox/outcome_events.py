"""The event that tells what became of a command: its id and envelope, whoever found out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.sending.outbox.commands import NewCommand


def outcome_event_id(command_key: str, *, attempt_number: int, ending: str) -> str:
    """Return the source_event_id: the same for the same outcome of the same attempt, so that it is told once."""
    return f"{command_key}#{attempt_number}:{ending}"


def about_whom(command: NewCommand) -> dict[str, Any]:
    """Return the parts of a payload that say whom a task or webhook is about: contact and booking."""
    contact = {name: value for name, value in (command.payload.get("contact") or {}).items() if value}
    return {
        "contact": contact if contact.keys() & {"phone", "email"} else None,
        "booking_id": command.payload.get("booking_id"),
    }


def outcome_event(
    command: NewCommand,
    *,
    type_: str,
    attempt_number: int,
    ending: str,
    subject_id: str,
    payload: Mapping[str, Any],
    now: datetime,
) -> NewEvent:
    """Return the event; `payload` is what there is to say besides which command it was. now: aware UTC."""
    common = {
        "command_key": command.command_key,
        "command_type": command.command_type,
        "rule_id": command.rule_id,
        "rule_version": command.rule_version,
        "contact_id": command.contact_id,
        "attempt_number": attempt_number,
        "provider": command.provider,
    }
    # What is not known is left out, as in every canonical payload.
    body = orjson.dumps({name: value for name, value in {**common, **payload}.items() if value is not None})
    return NewEvent(
        tenant_id=command.tenant_id,
        source=FRONTDESK_SOURCE,
        source_event_id=outcome_event_id(command.command_key, attempt_number=attempt_number, ending=ending),
        type=type_,
        subject_id=subject_id,
        occurred_at=now,
        received_at=now,
        correlation_id=command.command_key,
        causation_id=command.cause_event_ids[0] if command.cause_event_ids else None,
        body=body,
        payload=body,
        origin=Origin.COMMAND,
    )
