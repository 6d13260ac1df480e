"""Builds commands and a clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from frontdesk.domains.sending.outbox.commands import Channel, ClaimedCommand, CommandState, MessageClass, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def new_command(command_key: str = "hmnp:reminder:1", **changes: Any) -> NewCommand:
    """Return a text that is due at noon; any field can be changed."""
    values: dict[str, Any] = {
        "tenant_id": "hmnp",
        "command_key": command_key,
        "command_type": "send_sms",
        "channel": Channel.SMS,
        "provider": "twilio",
        "message_class": MessageClass.TRANSACTIONAL,
        "due_at": NOON,
        "payload": {"template": "reminder_24h", "to": "+17135550100", "variables": {"name": "Zoë"}},
        "contact_id": "c-1",
        "rule_id": "reminder_24h",
        "rule_version": "3",
        "cause_event_ids": ("evt-1", "evt-2"),
    }
    return NewCommand(**(values | changes))


def claim_one(outbox: Outbox) -> ClaimedCommand:
    """Claim the only command that is due."""
    [claimed] = outbox.claim(limit=10, lease=LEASE)
    return claimed


def call_one(outbox: Outbox) -> ClaimedCommand:
    """Claim the only command that is due and begin its call."""
    claimed = claim_one(outbox)
    assert outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
    return claimed


def state_of(outbox: Outbox, command_key: str = "hmnp:reminder:1") -> CommandState:
    """Return the state of a command that is there."""
    known = outbox.find(command_key)
    assert known is not None
    return known.state
