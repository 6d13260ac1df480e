"""When a fact was: what a provider says, where that is a time, for every provider that says it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import only_event
from tests.webhooks.harness import NOW, Post, RunningReceiver
from tests.webhooks.signing import (
    GOHIGHLEVEL_TOKEN,
    LOCATION,
    clicksend_post,
    gohighlevel_post,
    manychat_post,
    proof_post,
    stripe_post,
    twilio_post,
    wix_post,
    zoho_post,
)

_WORKFLOW = {"contact_id": "c-1", "location": {"id": LOCATION}, "workflow": {"id": "w", "name": "n"}}


def _workflow_post(body: dict[str, Any]) -> Post:
    return gohighlevel_post(body).with_headers(x_ghl_signature=None, x_webhook_token=GOHIGHLEVEL_TOKEN)


def _seconds(instant: datetime) -> str:
    return f"{instant.timestamp():.0f}"


def _milliseconds(instant: datetime) -> str:
    return f"{instant.timestamp() * 1000:.0f}"


#: A delivery of each provider that says when its fact was, and how it writes times.
TOLD: dict[str, tuple[Callable[[Any], Post], Callable[[datetime], Any]]] = {
    "clicksend": (lambda time: clicksend_post({"message_id": "M1", "body": "STOP", "timestamp": time}), _seconds),
    "stripe": (lambda time: stripe_post({"id": "evt_1", "type": "invoice.paid", "created": time}), _seconds),
    "stripe's text": (
        lambda time: stripe_post({"id": "evt_1", "type": "invoice.paid", "created": time}),
        datetime.isoformat,
    ),
    "gohighlevel": (lambda time: _workflow_post(_WORKFLOW | {"timestamp": time}), datetime.isoformat),
    "manychat": (lambda time: manychat_post({"id": "1", "last_interaction": time}), datetime.isoformat),
    "proof": (
        lambda time: proof_post({"event": "e", "data": {"transaction_id": "t", "date_occurred": time}}),
        datetime.isoformat,
    ),
    "twilio": (
        lambda time: twilio_post(
            {"EventType": "onMessageAdded", "ConversationSid": "CH1", "MessageSid": "IM1", "DateCreated": time}
        ),
        datetime.isoformat,
    ),
    "wix": (
        lambda time: wix_post({"id": "e-1", "entityFqdn": "a.b", "slug": "c", "eventTime": time}),
        datetime.isoformat,
    ),
    "zoho": (lambda time: zoho_post({"event": "deal_won", "timestamp": time}), _seconds),
    "zoho's milliseconds": (lambda time: zoho_post({"event": "deal_won", "timestamp": time}), _milliseconds),
    "zoho's text": (lambda time: zoho_post({"event": "deal_won", "timestamp": time}), datetime.isoformat),
}


@pytest.mark.parametrize("provider", TOLD)
@pytest.mark.parametrize(
    "no_time",
    [datetime(1970, 1, 1, tzinfo=UTC), datetime(1972, 12, 31, tzinfo=UTC), NOW + timedelta(days=11)],
    ids=["zero", "before 1973", "far ahead"],
)
def test_what_is_no_time_happened_when_it_came(
    receiver: RunningReceiver, log: EventLog, provider: str, no_time: datetime
) -> None:
    post_at, written = TOLD[provider]
    assert receiver.send(post_at(written(no_time))).outcome in ("accepted", "")
    assert only_event(log).occurred_at == NOW


@pytest.mark.parametrize("provider", TOLD)
@pytest.mark.parametrize("ahead", [timedelta(days=-2), timedelta(hours=23)])
def test_a_time_is_the_providers(receiver: RunningReceiver, log: EventLog, provider: str, ahead: timedelta) -> None:
    post_at, written = TOLD[provider]
    told = (NOW + ahead).replace(microsecond=0)
    assert receiver.send(post_at(written(told))).outcome in ("accepted", "")
    assert only_event(log).occurred_at == told
