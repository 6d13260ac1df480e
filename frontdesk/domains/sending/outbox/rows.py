"""Commands as rows of the outbox, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import RowMapping

from frontdesk.domains.sending.outbox.commands import (
    Attempt,
    AttemptOutcome,
    Channel,
    ClaimedCommand,
    CommandState,
    KnownCommand,
    MessageClass,
    NewCommand,
    Resolution,
)

#: Column values of one command, by name, without its sequence.
Row = dict[str, Any]

#: What is decided about a command, and may be decided anew as long as it was not called.
DECIDED = (
    "command_type",
    "channel",
    "provider",
    "contact_id",
    "rule_id",
    "rule_version",
    "message_class",
    "due_at",
    "expires_at",
    "payload",
    "cause_event_ids",
)


def to_row(command: NewCommand, *, now: datetime) -> Row:
    """Return a new command as a waiting row. Raises ValueError where its payload is not JSON."""
    try:
        # Sorted, so that the same payload is the same text, and an unchanged command is seen as such.
        payload = orjson.dumps(dict(command.payload), option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:
        raise ValueError(f"command {command.command_key}: payload can't be written as JSON: {error}") from error
    return {
        "command_key": command.command_key,
        "tenant_id": command.tenant_id,
        "command_type": command.command_type,
        "channel": command.channel.value,
        "provider": command.provider,
        "contact_id": command.contact_id,
        "rule_id": command.rule_id,
        "rule_version": command.rule_version,
        "message_class": command.message_class.value,
        "due_at": command.due_at,
        "expires_at": command.expires_at,
        "payload": payload,
        "cause_event_ids": orjson.dumps(command.cause_event_ids).decode(),
        "state": CommandState.WAITING.value,
        "next_attempt_at": command.due_at,
        "attempts_count": 0,
        "tries_count": 0,
        "redrives_count": 0,
        "enqueued_at": now,
        "changed_at": now,
    }


def to_claimed(row: RowMapping, *, token: str, leased_until: datetime) -> ClaimedCommand:
    """Return the command of a row that was just leased."""
    return ClaimedCommand(
        **_intended(row),
        token=token,
        leased_until=leased_until,
        attempt_number=row["attempts_count"] + 1,
        try_number=row["tries_count"] + 1,
    )


def to_known(row: RowMapping, *, attempts: Sequence[Attempt] = ()) -> KnownCommand:
    """Return the command of a row, whatever its state."""
    return KnownCommand(
        **_intended(row),
        state=CommandState(row["state"]),
        reason=row["reason"],
        next_attempt_at=row["next_attempt_at"],
        leased_until=row["leased_until"],
        provider_id=row["provider_id"],
        attempts_count=row["attempts_count"],
        redrives_count=row["redrives_count"],
        enqueued_at=row["enqueued_at"],
        changed_at=row["changed_at"],
        attempts=tuple(attempts),
    )


def to_attempt(row: RowMapping) -> Attempt:
    """Return the attempt of a row of outbox_attempts."""
    return Attempt(
        attempt_number=row["attempt_number"],
        token=row["token"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=AttemptOutcome(row["outcome"]) if row["outcome"] else None,
        detail=row["detail"],
        provider_id=row["provider_id"],
        next_attempt_at=row["next_attempt_at"],
        resolution=Resolution(row["resolution"]) if row["resolution"] else None,
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
    )


def _intended(row: RowMapping) -> Mapping[str, Any]:
    return {
        "tenant_id": row["tenant_id"],
        "command_key": row["command_key"],
        "command_type": row["command_type"],
        "channel": Channel(row["channel"]),
        "provider": row["provider"],
        "message_class": MessageClass(row["message_class"]),
        "due_at": row["due_at"],
        "expires_at": row["expires_at"],
        "payload": orjson.loads(row["payload"]),
        "contact_id": row["contact_id"],
        "rule_id": row["rule_id"],
        "rule_version": row["rule_version"],
        "cause_event_ids": tuple(orjson.loads(row["cause_event_ids"])),
    }
