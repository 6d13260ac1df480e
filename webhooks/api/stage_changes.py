"""Bookings and people moved through a sales pipeline by hand: POST /v1/stage-changes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import ConfigDict, Field

from frontdesk.core.published import reader as published
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.values import Instant
from frontdesk.domains.rules.vocabulary import STAGE_CHANGED
from frontdesk.domains.sending.outbox.shapes import EventAccepted
from frontdesk.domains.staff.roles import Permission, Role
from frontdesk.domains.stages.facts import StageFact
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.api.requests import (
    IdempotencyKey,
    append_request,
    given_fields,
    one_of,
    request_id,
    signature,
    unprocessable,
)
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime


class StageChangeBody(StageFact):
    """A booking or a person came into a stage."""

    model_config = ConfigDict(extra="forbid")

    occurred_at: Instant | None = Field(default=None, description="When; left out: now.")


router = APIRouter(prefix="/v1", tags=["commands"])


@router.post("/stage-changes", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
async def change_stage(
    body: StageChangeBody,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: Annotated[Caller, allow(Permission.WORK)],
    runtime: RuntimeDep,
) -> EventAccepted:
    """Tell that a booking or a person came into a stage of one of the business's pipelines."""
    tenant_id = caller.tenant_id
    _check_stage(body, runtime.businesses.get(tenant_id))
    await asyncio.to_thread(_check_is_own, runtime, caller=caller, booking_id=body.booking_id)
    id_ = request_id(runtime, tenant_id=tenant_id, operation="stage-changes", idempotency_key=idempotency_key)
    payload = given_fields(body) | signature(caller, key="by")
    payload.pop("occurred_at", None)
    appended = await append_request(
        runtime,
        tenant_id=tenant_id,
        type_=STAGE_CHANGED,
        id_=id_,
        payload=payload,
        subject_id=body.booking_id or id_,
        occurred_at=body.occurred_at,
    )
    return EventAccepted(event_id=appended.event_id)


def _check_stage(body: StageFact, tenant: Tenant) -> None:
    pipelines = {pipeline.key: [stage.key for stage in pipeline.stages] for pipeline in tenant.pipelines}
    if body.pipeline not in pipelines:
        raise unprocessable(f"pipeline: there is none of that key; use {one_of(pipelines)}")
    stages = pipelines[body.pipeline]
    if body.stage not in stages:
        raise unprocessable(f"stage: pipeline {body.pipeline} has none of that key; use {one_of(stages)}")


def _check_is_own(runtime: Runtime, *, caller: Caller, booking_id: str | None) -> None:
    """Raise HTTPException with 403 unless the caller may move it: a tech moves own bookings only."""
    if caller.role is not Role.TECH:
        return
    if booking_id is None:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "a tech moves bookings; moving a person through a pipeline needs the role admin"
        )
    try:
        with published.opened(runtime.settings.analytics_path) as file:
            staff_name = file.staff_of_booking(caller.tenant_id, booking_id)
    except NothingPublishedError:
        staff_name = None  # nobody's, as far as is known
    if not staff_name or caller.account is None or not caller.account.is_meant_by(staff_name):
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            "a tech moves own bookings, and this one is not known as theirs; it needs the role admin",
        )
