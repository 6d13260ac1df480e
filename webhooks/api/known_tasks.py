"""What is known of a task: by what is published, by the log, and by the outbox for one that was just made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson

from frontdesk.core.published import reader as published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from webhooks.runtime import Runtime

Ending = Literal["completed", "cancelled"]
_ENDINGS: dict[str, Ending] = {"done": "completed", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """A task that there is."""

    assigned_to: str | None
    ending: Ending | None  #: None: it is open


def find_task(runtime: Runtime, *, tenant_id: str, task_id: str) -> KnownTask | None:
    """Return what is known, None where there is no such task. The log overrules what is published: it is newer."""
    events = {
        event.type: event
        for event in runtime.log.read_by_source_ids(
            tenant_id,
            FRONTDESK_SOURCE,
            [f"task.{verb}:{task_id}" for verb in ("created", "completed", "cancelled")],
        )
    }
    found = _find_published(runtime, tenant_id=tenant_id, task_id=task_id)
    if found is None and "task.created" in events:
        found = KnownTask(assigned_to=orjson.loads(events["task.created"].payload).get("assigned_to"), ending=None)
    if found is None:
        found = _find_command(runtime, tenant_id=tenant_id, task_id=task_id)
    if found is None:
        return None
    closed: list[Ending] = ["completed"] if "task.completed" in events else []
    closed += ["cancelled"] if "task.cancelled" in events else []
    return KnownTask(assigned_to=found.assigned_to, ending=closed[0] if closed else found.ending)


def _find_published(runtime: Runtime, *, tenant_id: str, task_id: str) -> KnownTask | None:
    try:
        with published.opened(runtime.settings.analytics_path) as file:
            row = file.task(tenant_id, task_id)
    except NothingPublishedError:
        return None  # the log alone tells
    return None if row is None else KnownTask(assigned_to=row["assigned_to"], ending=_ENDINGS.get(row["status"]))


def _find_command(runtime: Runtime, *, tenant_id: str, task_id: str) -> KnownTask | None:
    # A rule's task has its command's key for an id.
    known = runtime.outbox.find(task_id)
    is_task = known is not None and known.tenant_id == tenant_id and known.channel is Channel.TASK
    if known is None or not is_task or known.state is not CommandState.SENT:
        return None
    return KnownTask(assigned_to=known.payload.get("assigned_to"), ending=None)
