"""Tasks over /v1: the list of what is to be done, and what people do about it, as events."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from frontdesk.core.published import reader as published
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.staff.roles import Permission
from webhooks.api.callers import Caller, Callers
from webhooks.api.known_tasks import Ending, KnownTask, find_task
from webhooks.api.own_work import OwnWork, is_own_task
from webhooks.api.requests import NO_NUL, IdempotencyKey, append_request, request_id
from webhooks.api.task_shapes import (
    CancelBody,
    CompleteBody,
    CreateBody,
    ReassignBody,
    SnoozeBody,
    TaskAccepted,
    TaskList,
    TaskRead,
    Timeframe,
)
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MAX_TASKS = 1_000
_TaskId = Annotated[str, Path(pattern=NO_NUL, max_length=255, description="The task's id; it may have slashes.")]
_CHANGE_PROBLEMS = (401, 403, 404, 409, 422, 503)


def tasks_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes of tasks; each is about the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["tasks"])
    working = Depends(callers.allow(Permission.WORK))
    listing = Depends(callers.allow(Permission.WORK, audits="tasks.listed"))
    desk = _TaskDesk(runtime)

    @router.get("/tasks", responses=document_problems(401, 403, 422, 503))
    def list_tasks(
        timeframe: Timeframe | None = None,
        assigned_to: Annotated[str | None, Query(min_length=1, max_length=255, pattern=NO_NUL)] = None,
        caller: Caller = listing,
    ) -> TaskList:
        """List open tasks, the most urgent first; a tech sees own ones and those of nobody."""
        with published.opened(runtime.settings.analytics_path) as file:
            rows = file.open_tasks(caller.tenant_id, timeframe=timeframe, assigned_to=assigned_to, limit=_MAX_TASKS)
        own = [row for row in rows if is_own_task(caller, assigned_to=row["assigned_to"])]
        return TaskList(tasks=[TaskRead.model_validate(row) for row in own])

    @router.post("/tasks", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
    async def create_task(
        body: CreateBody, idempotency_key: IdempotencyKey = None, caller: Caller = working
    ) -> TaskAccepted:
        """Make a task."""
        tenant_id = caller.tenant_id
        task_id = request_id(runtime, tenant_id=tenant_id, operation="tasks", idempotency_key=idempotency_key)
        given = body.model_dump(mode="json", exclude_none=True, exclude={"by"})
        return await desk.append(caller, "created", task_id, id_=task_id, by=body.by, payload=given)

    _add_changes(router, desk, working=working)
    return router


def _add_changes(router: APIRouter, desk: _TaskDesk, *, working: Any) -> None:
    accepted: dict[str, Any] = {"status_code": HTTPStatus.ACCEPTED, "responses": document_problems(*_CHANGE_PROBLEMS)}

    @router.post("/tasks/{task_id:path}:complete", **accepted)
    async def complete_task(body: CompleteBody, task_id: _TaskId, caller: Caller = working) -> TaskAccepted:
        """Say that a task is done. Saying it twice is one event."""
        return await desk.end(caller, "completed", task_id, by=body.by, payload={})

    @router.post("/tasks/{task_id:path}:cancel", **accepted)
    async def cancel_task(body: CancelBody, task_id: _TaskId, caller: Caller = working) -> TaskAccepted:
        """Say that a task is not to be done. Saying it twice is one event, with the first one's reason."""
        return await desk.end(caller, "cancelled", task_id, by=body.by, payload={"reason": body.reason})

    @router.post("/tasks/{task_id:path}:snooze", **accepted)
    async def snooze_task(
        body: SnoozeBody, task_id: _TaskId, idempotency_key: IdempotencyKey = None, caller: Caller = working
    ) -> TaskAccepted:
        """Put a task out of sight until an instant."""
        payload = {"snoozed_until": body.until.isoformat()}
        return await desk.change(caller, "snoozed", task_id, key=idempotency_key, by=body.by, payload=payload)

    @router.post("/tasks/{task_id:path}:reassign", **accepted)
    async def reassign_task(
        body: ReassignBody, task_id: _TaskId, idempotency_key: IdempotencyKey = None, caller: Caller = working
    ) -> TaskAccepted:
        """Give a task to somebody else."""
        payload = {"assigned_to": body.assigned_to}
        return await desk.change(caller, "reassigned", task_id, key=idempotency_key, by=body.by, payload=payload)


class _TaskDesk:
    """Checks what is asked for against what is known of the task, and appends it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._own_work = OwnWork(runtime)

    async def append(
        self, caller: Caller, verb: str, task_id: str, *, id_: str, by: str | None, payload: dict[str, Any]
    ) -> TaskAccepted:
        """Append an event of the task."""
        appended = await append_request(
            self._runtime,
            tenant_id=caller.tenant_id,
            type_=f"task.{verb}",
            id_=id_,
            payload={"task_id": task_id, **payload, "by": caller.named(by)},
            subject_id=task_id,
        )
        return TaskAccepted(task_id=task_id, event_id=appended.event_id, is_new=appended.is_new)

    async def change(
        self, caller: Caller, verb: str, task_id: str, *, key: str | None, by: str | None, payload: dict[str, Any]
    ) -> TaskAccepted:
        """Append a change of an open task. Raises HTTPException: 403, 404, and 409 for one that is over."""
        known = await self._find(caller, task_id)
        if known.ending is not None:
            raise _over(known.ending)
        operation = f"tasks/{task_id}:{verb}"
        id_ = request_id(self._runtime, tenant_id=caller.tenant_id, operation=operation, idempotency_key=key)
        return await self.append(caller, verb, task_id, id_=id_, by=by, payload=payload)

    async def end(
        self, caller: Caller, ending: Ending, task_id: str, *, by: str | None, payload: dict[str, Any]
    ) -> TaskAccepted:
        """Append the end of a task, once. Raises HTTPException: 403, 404, and 409 where it ended the other way."""
        known = await self._find(caller, task_id)
        if known.ending not in (None, ending):
            raise _over(known.ending)
        if known.ending is None:
            try:
                return await self.append(caller, ending, task_id, id_=task_id, by=by, payload=payload)
            except HTTPException as error:
                # Somebody else said so at the same instant, in their own name: theirs is the event.
                if error.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise
        told = await asyncio.to_thread(
            self._runtime.log.read_by_source_ids, caller.tenant_id, FRONTDESK_SOURCE, [f"task.{ending}:{task_id}"]
        )
        return TaskAccepted(task_id=task_id, event_id=told[0].event_id if told else None, is_new=False)

    async def _find(self, caller: Caller, task_id: str) -> KnownTask:
        known = await asyncio.to_thread(find_task, self._runtime, tenant_id=caller.tenant_id, task_id=task_id)
        if known is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such task; GET /v1/tasks lists those that are open")
        self._own_work.check_task(caller, assigned_to=known.assigned_to)
        return known


def _over(ending: Ending | None) -> HTTPException:
    return HTTPException(HTTPStatus.CONFLICT, f"the task is {ending} already; make a new one instead")
