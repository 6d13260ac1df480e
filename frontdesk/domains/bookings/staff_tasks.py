"""Tasks by which staff are told of a booking that they have to look at."""

from __future__ import annotations

from datetime import datetime

import orjson

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.values import FRONTDESK_SOURCE

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
    return NewEvent(
        tenant_id=slug,
        source=FRONTDESK_SOURCE,
        source_event_id=f"{_TASK_CREATED}:{task_id}",
        type=_TASK_CREATED,
        occurred_at=now,
        received_at=now,
        body=content,
        payload=content,
        subject_id=task_id,
        origin=Origin.COMMAND,
    )
