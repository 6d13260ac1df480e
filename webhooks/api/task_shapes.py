"""Tasks as /v1 shows and takes them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Instant
from frontdesk.domains.identity.facts import ContactPayload

#: Who does a task: a colleague's e-mail address, name or id.
Assignee = Identifier
Timeframe = Literal["overdue", "today", "upcoming"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: Text | None = Field(default=None, description="Who does this; of a signed-in person always themselves.")


class NamedContact(ContactPayload):
    """Who a task is about. Unlike in imports an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")


class CreateBody(_Body):
    """A task that a person makes."""

    title: Text
    kind: Identifier = "manual"
    due_at: Instant | None = None
    assigned_to: Assignee | None = None
    contact: NamedContact | None = None
    booking_id: Identifier | None = None


class CompleteBody(_Body):
    """A task is done."""


class SnoozeBody(_Body):
    """A task is out of sight until then."""

    until: Instant


class ReassignBody(_Body):
    """A task is somebody else's from now on."""

    assigned_to: Assignee


class CancelBody(_Body):
    """A task is not to be done."""

    reason: Text


class TaskAccepted(BaseModel):
    """What was asked for is in the log; lists of tasks follow within seconds."""

    task_id: str
    event_id: str | None = Field(description="None: it was so already, by something else than /v1.")
    is_new: bool = Field(description="False: it was so already, and nothing was added.")


class TaskRead(BaseModel):
    """An open task, as it stands in what is published."""

    task_id: str
    kind: str | None
    title: str | None
    contact_id: str | None
    booking_id: str | None
    assigned_to: str | None
    due_at: AwareDatetime | None
    snoozed_until: AwareDatetime | None
    timeframe: Timeframe = Field(description="By the business's clock.")
    priority_score: float
    reason: str = Field(description="Why it is where it is on the list.")


class TaskList(BaseModel):
    """Open tasks, the most urgent first."""

    tasks: list[TaskRead]
