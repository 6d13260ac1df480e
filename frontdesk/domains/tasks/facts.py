"""Facts about tasks."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Instant, Payload
from frontdesk.domains.identity.facts import ContactPayload


class TaskFact(Payload):
    """task.created, .completed, .snoozed, .reassigned, .cancelled."""

    task_id: Identifier
    contact: ContactPayload | None = None
    booking_id: Identifier | None = Field(default=None, description="Booking that it is for.")
    kind: Identifier | None = Field(default=None, description="What sort of task, such as welcome_call.")
    title: Text | None = None
    due_at: Instant | None = None
    assigned_to: Text | None = None
    snoozed_until: Instant | None = Field(default=None, description="Until when it is out of sight.")
    by: Text | None = Field(default=None, description="Who did this; none for what a rule did.")
    reason: Text | None = None


TASK_CREATED, TASK_COMPLETED, TASK_CANCELLED = "task.created", "task.completed", "task.cancelled"
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    **dict.fromkeys((TASK_CREATED, TASK_COMPLETED), TaskFact),
    **{f"task.{verb}": TaskFact for verb in ("snoozed", "reassigned")},
    TASK_CANCELLED: TaskFact,
}
