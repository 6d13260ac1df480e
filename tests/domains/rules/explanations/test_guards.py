"""Consent and quiet hours are told in words, when they allow as well as when they refuse."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdesk.domains.rules.explanations.why import describe_consent, describe_quiet_hours
from frontdesk.domains.sending.outbox.commands import Channel, CommandState, KnownCommand, MessageClass
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.domains.sending.outbox.factories import NOON, new_command

CLINIC = load_tenants(Path(__file__).parents[4] / "tenants")["avatar-imaging"]


def known(*, due_at: datetime = NOON, **changes: Any) -> KnownCommand:
    command = new_command(due_at=due_at, **changes)
    values = {name: getattr(command, name) for name in command.__slots__}
    return KnownCommand(
        **values,
        state=CommandState.WAITING,
        reason=None,
        next_attempt_at=due_at,
        leased_until=None,
        provider_id=None,
        attempts_count=0,
        redrives_count=0,
        enqueued_at=due_at,
        changed_at=due_at,
    )


def decision(**changes: Any) -> dict[str, Any]:
    values = {"channel": "sms", "reason": None, "stopped_by": None, "message_class": "transactional"}
    return {**values, "reason_detail": None, "stopped_detail": None, **changes}


@pytest.mark.parametrize(
    ("row", "has_event", "words"),
    [
        (decision(), False, "none needed: a transactional message, and the contact has not opted out of texts"),
        (decision(message_class="marketing"), True, "agreed to texts of this kind"),
        (decision(reason="no_consent"), False, "never agreed to marketing by texts"),
        (decision(reason="opted_out", reason_detail="text: STOP"), False, "opted out of texts: text: STOP"),
        (decision(channel="task"), False, None),
    ],
)
def test_consent_is_told_when_it_allows_too(row: dict[str, Any], has_event: bool, words: str | None) -> None:
    assert describe_consent(row, has_event=has_event) == words


@pytest.mark.parametrize(
    ("payload", "hours", "words"),
    [
        ({"to": "+61855500201"}, 0, "not quiet: 20:00 in Australia/Perth; quiet from 21:00 to 08:00"),
        ({"to": "+61855500201"}, 2, "wait until 2026-03-03 00:00:00Z: 22:00 in Australia/Perth; quiet from"),
        ({"to": "+61855500201", "is_immediate": True}, 2, "do not apply: an immediate answer to the contact"),
    ],
)
def test_quiet_hours_are_told_when_they_allow_too(payload: dict[str, Any], hours: int, words: str) -> None:
    command = known(payload=payload, due_at=NOON + timedelta(hours=hours), tenant_id="avatar-imaging")
    told = describe_quiet_hours(command, tenant=CLINIC, now=NOON)
    assert told is not None
    assert told.startswith(words)


def test_marketing_by_email_is_held_and_other_email_is_not_asked() -> None:
    mail: dict[str, Any] = {"channel": Channel.EMAIL, "payload": {"to": "a@example.com"}}
    told = describe_quiet_hours(known(**mail), tenant=CLINIC, now=NOON)
    assert told == "do not apply: only marketing e-mails wait for them"
    offer = known(**mail, message_class=MessageClass.MARKETING)
    assert str(describe_quiet_hours(offer, tenant=CLINIC, now=NOON)).startswith("not quiet")
