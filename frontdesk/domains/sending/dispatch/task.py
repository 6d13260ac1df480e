"""Tasks: the outcome's event in the log is the task, so that there is nobody to call."""

from __future__ import annotations

from frontdesk.connectors.answers import Accepted, Answer, Doubt, LookUp, NotFound
from frontdesk.connectors.content import Task


class TaskDeliverer:
    """Tasks of any tenant."""

    def deliver(self, command_key: str, _: Task, /) -> Answer:
        """Accept it: the outbox's record and the event `task.created` are one transaction."""
        return Accepted(command_key)

    def look_up(self, _: Doubt[Task], /) -> LookUp:
        """Say that there is none: with the event, the command would have been recorded as sent."""
        return NotFound(is_final=True)
