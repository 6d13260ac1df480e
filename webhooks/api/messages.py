"""Messages over /v1: those that were exchanged, those to send, and that a contact's message needs no reply."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from frontdesk.core.published import reader as published
from frontdesk.domains.sending.facts import MESSAGE_READ, MESSAGE_REQUESTED, MessageText
from frontdesk.domains.sending.outbox.commands import Channel, manual_command_key
from frontdesk.domains.sending.outbox.shapes import MessageAccepted
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.api.requests import (
    NO_NUL,
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

_MessageId = Annotated[
    str, Path(pattern=NO_NUL, max_length=255, description="The message's id; it may have slashes.")
]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_NUL)]
_MOST_LISTED = 200
_Sender = Annotated[Caller, allow(Permission.SEND)]


class MessageBody(MessageText):
    """A text or e-mail to one person: an own text, or one of the business's templates."""

    model_config = ConfigDict(extra="forbid")


class MessageRead(BaseModel):
    """A message as published."""

    message_key: str = Field(description="Its place in the list: `before` takes it.")
    message_id: str
    contact_id: str | None
    booking_id: str | None
    channel: str
    direction: str
    status: str | None
    body: str | None
    from_address: str | None
    to_address: str | None
    error_code: str | None
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None
    failed_at: AwareDatetime | None


class MessageList(BaseModel):
    """Some messages, newest first."""

    messages: list[MessageRead]
    next_before: str | None = Field(description="The `before` that goes on from here; None: there are no more.")


class MessageSettled(BaseModel):
    """What a contact wrote needs no reply."""

    message_id: str
    is_new: bool = Field(description="False: somebody said so before.")


router = APIRouter(prefix="/v1", tags=["commands"])


@router.get("/messages", responses=document_problems(401, 403, 422, 503))
def list_messages(
    contact_id: Annotated[_Name | None, Query(description="Left out: of all contacts.")] = None,
    *,
    before: Annotated[_Name | None, Query(description="Messages before the one with this message_key.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 50,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="messages.listed")],
    runtime: RuntimeDep,
) -> MessageList:
    """List messages, both ways, newest first."""
    with published.opened(runtime.settings.analytics_path) as file:
        last = None if before is None else file.message_of_key(caller.tenant_id, before)
        if before is not None and last is None:
            raise unprocessable("before: there is no message of this message_key; begin without it")
        position = None if last is None else (last["created_at"], last["message_key"])
        rows = file.messages(caller.tenant_id, contact_id=contact_id, before=position, limit=limit + 1)
    messages = [MessageRead.model_validate(row) for row in rows[:limit]]
    return MessageList(messages=messages, next_before=messages[-1].message_key if len(rows) > limit else None)


@router.get("/messages/{message_key:path}", responses=document_problems(401, 403, 404, 422, 503))
def read_message(
    message_key: Annotated[str, Path(pattern=NO_NUL, max_length=255)],
    *,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="message.read")],
    runtime: RuntimeDep,
) -> MessageRead:
    """Read one message."""
    with published.opened(runtime.settings.analytics_path) as file:
        row = file.message_of_key(caller.tenant_id, message_key)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no message of this message_key")
    return MessageRead.model_validate(row)


@router.post("/messages", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
async def send_message(
    body: MessageBody, *, idempotency_key: IdempotencyKey = None, caller: _Sender, runtime: RuntimeDep
) -> MessageAccepted:
    """Ask for a text or e-mail to one person. Their consent, hours and limits hold for it as for any other."""
    tenant_id = caller.tenant_id
    _check_message(body, runtime.businesses.get(tenant_id))
    message_id = request_id(runtime, tenant_id=tenant_id, operation="messages", idempotency_key=idempotency_key)
    appended = await append_request(
        runtime,
        tenant_id=tenant_id,
        type_=MESSAGE_REQUESTED,
        id_=message_id,
        payload={"message_id": message_id, **given_fields(body), **signature(caller, key="requested_by")},
        subject_id=message_id,
    )
    command_type = f"send_{body.channel}"
    return MessageAccepted(
        event_id=appended.event_id,
        message_id=message_id,
        command_key=manual_command_key(tenant_id, command_type=command_type, message_id=message_id),
    )


@router.post(
    "/messages/{message_id:path}:no-reply-needed",
    status_code=HTTPStatus.ACCEPTED,
    responses=document_problems(401, 403, 404, 422, 503),
)
async def need_no_reply(message_id: _MessageId, *, caller: _Sender, runtime: RuntimeDep) -> MessageSettled:
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
            type_=MESSAGE_READ,
            id_=message_id,
            payload=payload | signature(caller, key="by"),
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


def _check_message(body: MessageText, tenant: Tenant) -> None:
    if tenant.delivery.provider_of(Channel(body.channel)) is None:
        raise unprocessable(f"{tenant.slug} has no provider for {body.channel}; its file's key delivery names it")
    if body.template is not None:
        templates = tenant.all_templates()
        known = templates.sms if body.channel == "sms" else templates.email
        if body.template not in known:
            raise unprocessable(f"template: there is none of that name for {body.channel}; use {one_of(known)}")
