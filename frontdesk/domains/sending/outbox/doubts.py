"""A command of which nobody can be asked what became of it: a task for a person, closed once it is settled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.sending.outbox.commands import Channel, NewCommand
from frontdesk.domains.sending.outbox.outcome_events import about_whom

KIND = "not_confirmed"
_WORDS = {Channel.SMS: "a text", Channel.EMAIL: "an e-mail", Channel.WEBHOOK: "a webhook"}


def doubt_event(command: NewCommand, *, attempt_number: int, reason: str, now: datetime) -> NewEvent:
    """Return the task for a person to find out whether an attempt was sent: always the same for the same attempt."""
    recipient = command.payload.get("to")
    what = _WORDS.get(command.channel, "a command") + (f" to {recipient}" if recipient else "")
    return _event(
        command,
        "task.created",
        task_id=_task_id(command.command_key, attempt_number),
        now=now,
        kind=KIND,
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
    return [_event(command, "task.completed", task_id=task_id, now=now, by=settled_by, **whom)]


def _task_id(command_key: str, attempt_number: int) -> str:
    return f"{command_key}#{attempt_number}:in_doubt"


def _whom(command: NewCommand, recipient: str | None) -> dict[str, Any]:
    kind = {Channel.SMS: "phone", Channel.EMAIL: "email"}.get(command.channel)
    if kind is None:
        return about_whom(command)
    return {"contact": {kind: recipient} if recipient else None, "booking_id": command.payload.get("booking_id")}


def _event(command: NewCommand, type_: str, *, task_id: str, now: datetime, **values: Any) -> NewEvent:
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
