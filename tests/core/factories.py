"""Builds events with plausible defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from frontdesk.core.log.envelope import NewEvent

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def new_event(source_event_id: str = "evt_1", **changes: Any) -> NewEvent:
    """Return a Stripe-like event; any field can be changed."""
    values: dict[str, Any] = {
        "tenant_id": "mikes-detailing",
        "source": "stripe",
        "source_event_id": source_event_id,
        "type": "stripe.charge.succeeded",
        "subject_id": "ch_1",
        "occurred_at": NOON,
        "received_at": NOON,
        "body": b'{"id": "evt_1"}',
        "payload": b'{"id": "evt_1"}',
    }
    return NewEvent(**(values | changes))
