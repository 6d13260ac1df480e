"""What staff asks for by hand: messages, that one needs no reply, and changes of stage."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field

from frontdesk.core.published import reader as published
from frontdesk.core.values import Instant
from frontdesk.domains.sending.facts import MessageText
from frontdesk.domains.sending.outbox.commands import Channel, manual_command_key
from frontdesk.domains.sending.outbox.shapes import EventAccepted, MessageAccepted
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.stages.facts import StageFact
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.api.callers import Caller, Callers
from webhooks.api.own_work import OwnWork
from webhooks.api.requests import NO_NUL, IdempotencyKey, append_request, request_id
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MessageId = Annotated[
    str, Path(pattern=NO_NUL, max_length=255, description="The message's id; it may have slashes.")
]


class MessageBody(MessageText):
    """A text or e-mail to one person: an own text, or one of the business's templates."""

    model_config = ConfigDict(extra="forbid")


class StageChangeBody(StageFact):
    """A booking or a person came into a stage."""

    model_config = ConfigDict(extra="forbid")

    occurred_at: Instant | None = Field(default=None, description="When; left out: now.")


class MessageSettled(BaseModel):
    """What a contact wrote needs no reply."""

    message_id: str
    is_new: bool = Field(description="False: somebody said so before.")


def commands_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes by which staff acts; each acts for the caller's tenant only, in the caller's name."""
    router = APIRouter(prefix="/v1", tags=["commands"])
    sending = Depends(callers.allow(Permission.SEND))

    @router.post("/messages", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
    async def send_message(
        body: MessageBody, idempotency_key: IdempotencyKey = None, caller: Caller = sending
    ) -> MessageAccepted:
        """Ask for a text or e-mail to one person. Their consent, hours and limits hold for it as for any other."""
        tenant_id = caller.tenant_id
        _check_message(body, runtime.tenants[tenant_id])
        message_id = request_id(runtime, tenant_id=tenant_id, operation="messages", idempotency_key=idempotency_key)
        appended = await append_request(
            runtime,
            tenant_id=tenant_id,
            type_="message.requested",
            id_=message_id,
            payload={"message_id": message_id, **_given(body), **_signed(caller, "requested_by")},
            subject_id=message_id,
        )
        command_type = f"send_{body.channel}"
        return MessageAccepted(
            event_id=appended.event_id,
            message_id=message_id,
            command_key=manual_command_key(tenant_id, command_type=command_type, message_id=message_id),
        )

    _add_readings(router, runtime, sending=sending)
    _add_stage_changes(router, runtime, working=Depends(callers.allow(Permission.WORK)))
    return router


def _add_readings(router: APIRouter, runtime: Runtime, *, sending: Any) -> None:
    @router.post(
        "/messages/{message_id:path}:no-reply-needed",
        status_code=HTTPStatus.ACCEPTED,
        responses=document_problems(401, 403, 404, 422, 503),
    )
    async def need_no_reply(message_id: _MessageId, caller: Caller = sending) -> MessageSettled:
        """Say that what a contact wrote needs no reply. Saying it twice is one event, with the first one's name."""
        tenant_id = caller.tenant_id
        known = await asyncio.to_thread(_find_message, runtime, tenant_id=tenant_id, message_id=message_id)
        if known is None or known["direction"] != "inbound":
            raise HTTPException(HTTPStatus.NOT_FOUND, "no contact wrote a message of this id")
        reached = {name: known[name] for name in ("phone", "email") if known[name]}
        payload: dict[str, Any] = {"message_id": message_id, "channel": known["channel"]}
        payload |= {"contact": reached} if reached else {}
        try:
            appended = await append_request(
                runtime,
                tenant_id=tenant_id,
                type_="message.read",
                id_=message_id,
                payload=payload | _signed(caller, "by"),
                subject_id=message_id,
            )
        except HTTPException as error:
            # Somebody else said so before, in their own name: theirs is the event.
            if error.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            return MessageSettled(message_id=message_id, is_new=False)
        return MessageSettled(message_id=message_id, is_new=appended.is_new)


def _find_message(runtime: Runtime, *, tenant_id: str, message_id: str) -> published.Row | None:
    with published.opened(runtime.settings.analytics_path) as file:
        return file.message(tenant_id, message_id)


def _add_stage_changes(router: APIRouter, runtime: Runtime, *, working: Any) -> None:
    own_work = OwnWork(runtime)

    @router.post("/stage-changes", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
    async def change_stage(
        body: StageChangeBody, idempotency_key: IdempotencyKey = None, caller: Caller = working
    ) -> EventAccepted:
        """Tell that a booking or a person came into a stage of one of the business's pipelines."""
        tenant_id = caller.tenant_id
        _check_stage(body, runtime.tenants[tenant_id])
        await asyncio.to_thread(own_work.check_stage_change, caller, booking_id=body.booking_id)
        id_ = request_id(runtime, tenant_id=tenant_id, operation="stage-changes", idempotency_key=idempotency_key)
        payload = _given(body) | _signed(caller, "by")
        payload.pop("occurred_at", None)
        appended = await append_request(
            runtime,
            tenant_id=tenant_id,
            type_="stage.changed",
            id_=id_,
            payload=payload,
            subject_id=body.booking_id or id_,
            occurred_at=body.occurred_at,
        )
        return EventAccepted(event_id=appended.event_id)


def _signed(caller: Caller, key: str) -> dict[str, str]:
    """Return who asks, of a signed-in person; a program's body says so itself, or nothing."""
    return {} if caller.account is None else {key: caller.name}


def _given(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(mode="json", exclude_none=True)


def _check_message(body: MessageText, tenant: Tenant) -> None:
    if tenant.delivery.provider_of(Channel(body.channel)) is None:
        raise _unusable(f"{tenant.slug} has no provider for {body.channel}; its file's key delivery names it")
    if body.template is not None:
        templates = tenant.all_templates()
        known = templates.sms if body.channel == "sms" else templates.email
        if body.template not in known:
            raise _unusable(f"template: there is none of that name for {body.channel}; use {_one_of(known)}")


def _check_stage(body: StageFact, tenant: Tenant) -> None:
    pipelines = {pipeline.key: [stage.key for stage in pipeline.stages] for pipeline in tenant.pipelines}
    if body.pipeline not in pipelines:
        raise _unusable(f"pipeline: there is none of that key; use {_one_of(pipelines)}")
    stages = pipelines[body.pipeline]
    if body.stage not in stages:
        raise _unusable(f"stage: pipeline {body.pipeline} has none of that key; use {_one_of(stages)}")


def _one_of(names: Any) -> str:
    return f"one of {', '.join(sorted(names))}"


def _unusable(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
