"""Builds canonical events for tests in few words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from frontdesk.core.log.envelope import NewEvent, Origin
from tests.pipelines.homes import NOW

TENANT = "avatar-imaging"


def fact(
    type_: str,
    payload: dict[str, Any],
    *,
    event_id: str,
    at: datetime | None = None,
    hours: float = 0,
    source: str = "frontdesk",
    tenant_id: str = TENANT,
) -> NewEvent:
    """Return an event at `at`, or `hours` after the tests' now."""
    body = orjson.dumps(payload)
    return NewEvent(
        tenant_id=tenant_id,
        source=source,
        source_event_id=event_id,
        type=type_,
        occurred_at=at or NOW + timedelta(hours=hours),
        received_at=NOW,
        body=body,
        payload=body,
        origin=Origin.COMMAND,
    )


def contact(event_id: str, *, hours: float = 0, tenant_id: str = TENANT, **identifiers: str) -> NewEvent:
    """Return a contact.updated with the given identifiers."""
    return fact("contact.updated", {"contact": identifiers}, event_id=event_id, hours=hours, tenant_id=tenant_id)
