"""Tasks by which staff are told of a booking that they have to look at."""

from __future__ import annotations

from datetime import datetime

import orjson

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.own_events import own_event

#: The noun itself is a neighbour, which this one does not know.
_TASK_CREATED = "task.created"
_BY = "frontdesk"


def staff_task(slug: str, *, task_id: str, kind: str, title: str, booking_id: str, now: datetime) -> NewEvent:
    """Return the event that makes a task, due now; the same task_id makes one task."""
    payload = {
        "task_id": task_id,
        "kind": kind,
        "title": title,
        "booking_id": booking_id,
        "due_at": now.isoformat(),
        "by": _BY,
    }
    content = orjson.dumps(payload)
    return own_event(
        _TASK_CREATED,
        content,
        tenant_id=slug,
        source_event_id=f"{_TASK_CREATED}:{task_id}",
        subject_id=task_id,
        now=now,
    )
