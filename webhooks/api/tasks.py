"""Tasks over /v1: the list of what is to be done, and what people do about it, as events."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.published import reader as published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.values import FRONTDESK_SOURCE, Instant
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from frontdesk.domains.staff.roles import Permission, Role
from frontdesk.domains.tasks.facts import TASK_CANCELLED, TASK_COMPLETED, TASK_CREATED
from webhooks.api.requests import NO_NUL, IdempotencyKey, SignedBody, append_request, request_id
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MAX_TASKS = 1_000
_TaskId = Annotated[str, Path(pattern=NO_NUL, max_length=255, description="The task's id; it may have slashes.")]
_Worker = Annotated[Caller, allow(Permission.WORK)]
_CHANGE: dict[str, Any] = {
    "status_code": HTTPStatus.ACCEPTED,
    "responses": document_problems(401, 403, 404, 409, 422, 503),
}
_Ending = Literal["completed", "cancelled"]
_ENDINGS: dict[str, _Ending] = {"done": "completed", "cancelled": "cancelled"}
#: Who does a task: a colleague's e-mail address, name or id.
Assignee = Identifier
Timeframe = Literal["overdue", "today", "upcoming"]


class NamedContact(ContactPayload):
    """Who a task is about. Unlike in imports an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")


class CreateBody(SignedBody):
    """A task that a person makes."""

    title: Text
    kind: Identifier = "manual"
    due_at: Instant | None = None
    assigned_to: Assignee | None = None
    contact: NamedContact | None = None
    booking_id: Identifier | None = None


class CompleteBody(SignedBody):
    """A task is done."""


class SnoozeBody(SignedBody):
    """A task is out of sight until then."""

    until: Instant


class ReassignBody(SignedBody):
    """A task is somebody else's from now on."""

    assigned_to: Assignee


class CancelBody(SignedBody):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownTask:
    assigned_to: str | None
    ending: _Ending | None  #: None: it is open


router = APIRouter(prefix="/v1", tags=["tasks"])


@router.get("/tasks", responses=document_problems(401, 403, 422, 503))
def list_tasks(
    timeframe: Timeframe | None = None,
    *,
    assigned_to: Annotated[str | None, Query(min_length=1, max_length=255, pattern=NO_NUL)] = None,
    caller: Annotated[Caller, allow(Permission.WORK, audits="tasks.listed")],
    runtime: RuntimeDep,
) -> TaskList:
    """List open tasks, the most urgent first; a tech sees own ones and those of nobody."""
    with published.opened(runtime.settings.analytics_path) as file:
        rows = file.open_tasks(caller.tenant_id, timeframe=timeframe, assigned_to=assigned_to, limit=_MAX_TASKS)
    own = [row for row in rows if _is_own_task(caller, assigned_to=row["assigned_to"])]
    return TaskList(tasks=[TaskRead.model_validate(row) for row in own])


@router.post("/tasks", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
async def create_task(
    body: CreateBody, *, idempotency_key: IdempotencyKey = None, caller: _Worker, runtime: RuntimeDep
) -> TaskAccepted:
    """Make a task."""
    task_id = request_id(runtime, tenant_id=caller.tenant_id, operation="tasks", idempotency_key=idempotency_key)
    given = body.model_dump(mode="json", exclude_none=True, exclude={"by"})
    return await _append(
        runtime, caller=caller, verb="created", task_id=task_id, id_=task_id, by=body.by, payload=given
    )


@router.post("/tasks/{task_id:path}:complete", **_CHANGE)
async def complete_task(
    body: CompleteBody, *, task_id: _TaskId, caller: _Worker, runtime: RuntimeDep
) -> TaskAccepted:
    """Say that a task is done. Saying it twice is one event."""
    return await _end(runtime, caller=caller, ending="completed", task_id=task_id, by=body.by, payload={})


@router.post("/tasks/{task_id:path}:cancel", **_CHANGE)
async def cancel_task(body: CancelBody, *, task_id: _TaskId, caller: _Worker, runtime: RuntimeDep) -> TaskAccepted:
    """Say that a task is not to be done. Saying it twice is one event, with the first one's reason."""
    payload = {"reason": body.reason}
    return await _end(runtime, caller=caller, ending="cancelled", task_id=task_id, by=body.by, payload=payload)


@router.post("/tasks/{task_id:path}:snooze", **_CHANGE)
async def snooze_task(
    body: SnoozeBody,
    *,
    task_id: _TaskId,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
) -> TaskAccepted:
    """Put a task out of sight until an instant."""
    payload = {"snoozed_until": body.until.isoformat()}
    return await _change(
        runtime, caller=caller, verb="snoozed", task_id=task_id, key=idempotency_key, by=body.by, payload=payload
    )


@router.post("/tasks/{task_id:path}:reassign", **_CHANGE)
async def reassign_task(
    body: ReassignBody,
    *,
    task_id: _TaskId,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
) -> TaskAccepted:
    """Give a task to somebody else."""
    payload = {"assigned_to": body.assigned_to}
    return await _change(
        runtime, caller=caller, verb="reassigned", task_id=task_id, key=idempotency_key, by=body.by, payload=payload
    )


async def _append(
    runtime: Runtime, *, caller: Caller, verb: str, task_id: str, id_: str, by: str | None, payload: dict[str, Any]
) -> TaskAccepted:
    appended = await append_request(
        runtime,
        tenant_id=caller.tenant_id,
        type_=f"task.{verb}",
        id_=id_,
        payload={"task_id": task_id, **payload, "by": caller.named(by)},
        subject_id=task_id,
    )
    return TaskAccepted(task_id=task_id, event_id=appended.event_id, is_new=appended.is_new)


async def _change(
    runtime: Runtime,
    *,
    caller: Caller,
    verb: str,
    task_id: str,
    key: str | None,
    by: str | None,
    payload: dict[str, Any],
) -> TaskAccepted:
    """Append a change of an open task. Raises HTTPException: 403, 404, and 409 for one that is over."""
    known = await _find_own(runtime, caller=caller, task_id=task_id)
    if known.ending is not None:
        raise _over(known.ending)
    operation = f"tasks/{task_id}:{verb}"
    id_ = request_id(runtime, tenant_id=caller.tenant_id, operation=operation, idempotency_key=key)
    return await _append(runtime, caller=caller, verb=verb, task_id=task_id, id_=id_, by=by, payload=payload)


async def _end(
    runtime: Runtime, *, caller: Caller, ending: _Ending, task_id: str, by: str | None, payload: dict[str, Any]
) -> TaskAccepted:
    """Append the end of a task, once. Raises HTTPException: 403, 404, and 409 if it ended the other way."""
    known = await _find_own(runtime, caller=caller, task_id=task_id)
    if known.ending not in (None, ending):
        raise _over(known.ending)
    if known.ending is None:
        try:
            return await _append(
                runtime, caller=caller, verb=ending, task_id=task_id, id_=task_id, by=by, payload=payload
            )
        except HTTPException as error:
            # Somebody else said so at the same instant, in their own name: theirs is the event.
            if error.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
    events = await asyncio.to_thread(
        runtime.log.read_by_source_ids, caller.tenant_id, FRONTDESK_SOURCE, [f"task.{ending}:{task_id}"]
    )
    return TaskAccepted(task_id=task_id, event_id=events[0].event_id if events else None, is_new=False)


async def _find_own(runtime: Runtime, *, caller: Caller, task_id: str) -> _KnownTask:
    """Return a task that the caller may change. Raises HTTPException with 404 or 403."""
    known = await asyncio.to_thread(_find_task, runtime, tenant_id=caller.tenant_id, task_id=task_id)
    if known is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "no such task; GET /v1/tasks lists those that are open")
    if not _is_own_task(caller, assigned_to=known.assigned_to):
        raise HTTPException(HTTPStatus.FORBIDDEN, "this task is somebody else's; changing it needs the role admin")
    return known


def _is_own_task(caller: Caller, *, assigned_to: str | None) -> bool:
    """Return whether the caller may see and change a task: a tech those of themselves and of nobody."""
    if caller.role is not Role.TECH or not assigned_to:
        return True
    return caller.account is not None and caller.account.is_meant_by(assigned_to)


def _find_task(runtime: Runtime, *, tenant_id: str, task_id: str) -> _KnownTask | None:
    """Return what is known, None if there is no such task. The log overrules what is published: it is newer."""
    events = {
        event.type: event
        for event in runtime.log.read_by_source_ids(
            tenant_id,
            FRONTDESK_SOURCE,
            [f"{type_}:{task_id}" for type_ in (TASK_CREATED, TASK_COMPLETED, TASK_CANCELLED)],
        )
    }
    found = _find_published(runtime, tenant_id=tenant_id, task_id=task_id)
    if found is None and TASK_CREATED in events:
        found = _KnownTask(assigned_to=orjson.loads(events[TASK_CREATED].payload).get("assigned_to"), ending=None)
    if found is None:
        found = _find_command(runtime, tenant_id=tenant_id, task_id=task_id)
    if found is None:
        return None
    closed: list[_Ending] = ["completed"] if TASK_COMPLETED in events else []
    closed += ["cancelled"] if TASK_CANCELLED in events else []
    return _KnownTask(assigned_to=found.assigned_to, ending=closed[0] if closed else found.ending)


def _find_published(runtime: Runtime, *, tenant_id: str, task_id: str) -> _KnownTask | None:
    try:
        with published.opened(runtime.settings.analytics_path) as file:
            row = file.task(tenant_id, task_id)
    except NothingPublishedError:
        return None  # the log alone tells
    return None if row is None else _KnownTask(assigned_to=row["assigned_to"], ending=_ENDINGS.get(row["status"]))


def _find_command(runtime: Runtime, *, tenant_id: str, task_id: str) -> _KnownTask | None:
    # A rule's task has its command's key for an id.
    known = runtime.outbox.find(task_id)
    is_task = known is not None and known.tenant_id == tenant_id and known.channel is Channel.TASK
    if known is None or not is_task or known.state is not CommandState.SENT:
        return None
    return _KnownTask(assigned_to=known.payload.get("assigned_to"), ending=None)


def _over(ending: _Ending | None) -> HTTPException:
    return HTTPException(HTTPStatus.CONFLICT, f"the task is {ending} already; make a new one instead")
