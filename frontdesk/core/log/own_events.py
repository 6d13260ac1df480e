"""Events of our own: what a person or a program asked for, or we decided, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.values import FRONTDESK_SOURCE

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


def own_event(
    type_: str,
    payload: bytes,
    *,
    tenant_id: str,
    source_event_id: str,
    subject_id: str | None,
    now: datetime,
    occurred_at: datetime | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> NewEvent:
    """Return an event of ours that is not in the log yet. payload: JSON. occurred_at: None for now; both in UTC."""
    return NewEvent(
        tenant_id=tenant_id,
        source=FRONTDESK_SOURCE,
        source_event_id=source_event_id,
        type=type_,
        subject_id=subject_id,
        occurred_at=occurred_at or now,
        received_at=now,
        body=payload,
        payload=payload,
        correlation_id=correlation_id,
        causation_id=causation_id,
        headers=headers,
        origin=Origin.COMMAND,
    )
