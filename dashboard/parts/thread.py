"""Joins what the published file, the outbox and this session know of a conversation into one thread; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.parts import drafts
from dashboard.parts.formatting import format_words
from dashboard.parts.wording import badge, describe_outcome, describe_reason, describe_state
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.shapes import CommandRead
from frontdesk.domains.tenancy.tenant import Tenant

_MESSAGE_STATES = {
    "queued": ("gray", "schedule", "Queued by the provider"),
    "sending": ("blue", "sync", "Being sent"),
    "sent": ("gray", "check", "Sent"),
    "delivered": ("green", "done_all", "Delivered"),
    "read": ("green", "done_all", "Read"),
    "undelivered": ("red", "error", "Not delivered"),
    "failed": ("red", "error", "Failed"),
}


@dataclass(frozen=True)
class RequestedMessage:
    """A message that staff requested in this session; what becomes of it is read from file and outbox."""

    command_key: str
    contact_id: str
    channel: str
    text: str
    asked_at: datetime


@dataclass(frozen=True)
class Entry:
    """One message of the thread: `state` and `note` are Markdown, the text is as it was written."""

    at: datetime
    is_ours: bool
    channel: str
    text: str
    state: str = ""
    note: str = ""
    command_key: str | None = None
    rule_id: str | None = None
    files: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True)
class AttachedFile:
    """What came with a message: in words, and its path at the receiver."""

    name: str
    path: str


@dataclass(frozen=True)
class Thread:
    """What was written, oldest first, and what is to go out later, soonest first."""

    entries: tuple[Entry, ...]
    scheduled: tuple[Entry, ...]


def build_thread(
    *,
    messages: Iterable[Any],
    unsent: Iterable[Any],
    commands: Mapping[str, CommandRead],
    requests: Iterable[RequestedMessage],
    tenant: Tenant | None,
    now: datetime,
) -> Thread:
    """Join rows of fetch_thread and fetch_unsent, the outbox's commands by key, and what was asked for just now."""
    written = [_from_message(row) for row in messages]
    known = {entry.command_key for entry in written}
    waiting: list[Entry] = []
    for row in unsent:
        command = commands.get(row.command_key)
        if row.command_key in known or (
            command and command.state in (CommandState.WITHDRAWN, CommandState.CANCELLED)
        ):
            continue
        known.add(row.command_key)
        entry = _from_decision(row, command, tenant)
        is_later = entry.at > now and row.outcome is None and row.verdict == "intended"
        (waiting if is_later else written).append(entry)
    written += [
        _from_request(each, commands.get(each.command_key)) for each in requests if each.command_key not in known
    ]
    return Thread(
        entries=tuple(sorted(written, key=lambda entry: entry.at)),
        scheduled=tuple(sorted(waiting, key=lambda entry: entry.at)),
    )


def _from_message(row: Any) -> Entry:
    is_ours = row.direction == "outbound"
    state = badge(*_MESSAGE_STATES.get(row.status, ("gray", "help", format_words(row.status)))) if is_ours else ""
    note = f"error {row.error_code}" if row.error_code else ""
    return Entry(
        at=row.created_at,
        is_ours=is_ours,
        channel=row.channel,
        text=row.body or "",
        files=tuple(_attached(row)),
        state=state,
        note=note,
        command_key=row.command_key if is_ours else None,
        rule_id=row.rule_id,
    )


_NAMES = {
    "image": "Picture",
    "audio": "Voice note",
    "video": "Video",
    "text": "Contact card or text file",
    "application": "Document",
}


def _attached(row: Any) -> Iterator[AttachedFile]:
    for position, each in enumerate(json.loads(row.attachments) if row.attachments else []):
        kind = str(each.get("media_type") or "").partition("/")[0]
        yield AttachedFile(_NAMES.get(kind, "Attachment"), f"/media/{row.attachments_event_id}/{position}")


def _from_decision(row: Any, command: CommandRead | None, tenant: Tenant | None) -> Entry:
    payload = json.loads(row.payload)
    text = drafts.preview(tenant, channel=row.channel, payload=payload) if tenant else payload.get("text")
    note = ""
    if row.verdict == "refused":
        state, note = badge("violet", "shield", "Not sent"), describe_reason(row.reason)
    elif command is not None and row.outcome is None:
        state, note = describe_state(command.state), format_words(command.reason) if command.reason else ""
    else:
        state = describe_outcome(row.outcome)
        note = format_words(row.outcome_reason) if row.outcome_reason else ""
    return Entry(
        at=row.stands_since,
        is_ours=True,
        channel=row.channel,
        text=(text or format_words(row.template)).strip(),
        state=state,
        note=note,
        command_key=row.command_key,
        rule_id=row.rule_id,
    )


def _from_request(request: RequestedMessage, command: CommandRead | None) -> Entry:
    state = describe_state(command.state) if command else badge("gray", "schedule", "Queued")
    return Entry(
        at=request.asked_at,
        is_ours=True,
        channel=request.channel,
        text=request.text,
        state=state,
        command_key=request.command_key,
        rule_id=None,
    )
