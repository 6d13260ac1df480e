"""Contacts over /v1: who they are as published, and what callers tell of them, as events."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.published import reader as published
from frontdesk.domains.staff.roles import Permission
from webhooks.api.requests import (
    NO_NUL,
    IdempotencyKey,
    SignedBody,
    append_request,
    request_id,
    unprocessable,
)
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MOST_LISTED = 200
_ContactId = Annotated[str, Path(pattern=NO_NUL, max_length=255, description="The contact's id.")]
_Worker = Annotated[Caller, allow(Permission.WORK)]
_TELL: dict[str, Any] = {
    "status_code": HTTPStatus.ACCEPTED,
    "responses": document_problems(401, 403, 404, 409, 422, 503),
}


class ContactRead(BaseModel):
    """A person or company, as published."""

    contact_id: str
    display_name: str
    first_name: str | None
    last_name: str | None
    company: str | None
    phone: str | None = Field(description="E.164.")
    email: str | None
    count_bookings: int
    count_bookings_completed: int
    count_messages: int
    amount_paid_minor: int | None = Field(description="What they paid, in minor units; None in several currencies.")
    currency: str | None
    first_seen_at: AwareDatetime
    last_seen_at: AwareDatetime


class ContactList(BaseModel):
    """Some contacts by their id."""

    contacts: list[ContactRead]
    next_after: str | None = Field(description="The `after` that goes on from here; None: there are no more.")


class CreateContactBody(SignedBody):
    """Somebody new, or somebody known of whom this is told. Who they are follows from phone, e-mail and id."""

    external_id: Identifier | None = Field(default=None, description="The person's id in the calling system.")
    phone: Identifier | None = None
    email: Identifier | None = None
    name: Text | None = None
    company: Text | None = None

    @model_validator(mode="after")
    def _says_who(self) -> CreateContactBody:
        if not (self.external_id or self.phone or self.email):
            raise ValueError("say who it is: phone, email or external_id")
        return self


class UpdateContactBody(SignedBody):
    """What is another now of a contact; what is left out stays.

    A new number is a new person until somebody decides: POST /v1/identity-decisions.
    """

    email: Identifier | None = None
    name: Text | None = None
    company: Text | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateContactBody:
        if not self.model_dump(exclude_none=True, exclude={"by"}):
            raise ValueError("say what is another now: email, name or company")
        return self


class ContactAccepted(BaseModel):
    """What was told is in the log; contacts follow within seconds."""

    event_id: str


router = APIRouter(prefix="/v1", tags=["contacts"])


@router.get("/contacts", responses=document_problems(401, 403, 422, 503))
def list_contacts(
    search: Annotated[
        str | None,
        Query(min_length=1, max_length=255, pattern=NO_NUL, description="An id, number, address or name."),
    ] = None,
    *,
    after: Annotated[str, Query(max_length=255, pattern=r"^[^\x00]*$", description="Contacts after this id.")] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 50,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="contacts.listed")],
    runtime: RuntimeDep,
) -> ContactList:
    """List contacts by their id; with `search`, those alone that it means."""
    with published.opened(runtime.settings.analytics_path) as file:
        ids = None
        if search is not None:
            ids = [row["contact_id"] for row in file.find_contacts(caller.tenant_id, search)]
        rows = file.contacts(caller.tenant_id, ids=ids, after=after, limit=limit + 1)
    contacts = [ContactRead.model_validate(row) for row in rows[:limit]]
    return ContactList(contacts=contacts, next_after=contacts[-1].contact_id if len(rows) > limit else None)


@router.get("/contacts/{contact_id}", responses=document_problems(401, 403, 404, 422, 503))
def read_contact(
    contact_id: _ContactId,
    *,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="contact.read")],
    runtime: RuntimeDep,
) -> ContactRead:
    """Read one contact."""
    return ContactRead.model_validate(_find(runtime, tenant_id=caller.tenant_id, contact_id=contact_id))


@router.post("/contacts", **_TELL)
async def create_contact(
    body: CreateContactBody, *, idempotency_key: IdempotencyKey = None, caller: _Worker, runtime: RuntimeDep
) -> ContactAccepted:
    """Tell of somebody. Whether they are new follows from what is known: docs/staff.md says who is one person."""
    return await _tell(
        runtime, verb="created", contact=_told(body), by=body.by, caller=caller, idempotency_key=idempotency_key
    )


@router.patch("/contacts/{contact_id}", **_TELL)
async def update_contact(
    body: UpdateContactBody,
    *,
    contact_id: _ContactId,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
) -> ContactAccepted:
    """Tell of a contact what is another now."""
    known = await asyncio.to_thread(_find, runtime, tenant_id=caller.tenant_id, contact_id=contact_id)
    changes = _told(body)
    reached = {name: known[name] for name in ("phone", "email") if known[name] and name not in changes}
    if not reached:
        raise unprocessable(
            "nothing would tell whose this is: the contact has no phone number, and no e-mail address but that which "
            "changes; POST /v1/identity-decisions says that both addresses are one person's"
        )
    return await _tell(
        runtime,
        verb="updated",
        contact=reached | changes,
        by=body.by,
        caller=caller,
        idempotency_key=idempotency_key,
    )


async def _tell(
    runtime: Runtime,
    *,
    verb: str,
    contact: dict[str, Any],
    by: str | None,
    caller: Caller,
    idempotency_key: str | None,
) -> ContactAccepted:
    operation = f"contacts.{verb}"
    id_ = request_id(runtime, tenant_id=caller.tenant_id, operation=operation, idempotency_key=idempotency_key)
    appended = await append_request(
        runtime,
        tenant_id=caller.tenant_id,
        type_=f"contact.{verb}",
        id_=id_,
        payload={"contact": contact, "by": caller.named(by)},
        subject_id=id_,
    )
    return ContactAccepted(event_id=appended.event_id)


def _told(body: SignedBody) -> dict[str, Any]:
    return body.model_dump(mode="json", exclude_none=True, exclude={"by"})


def _find(runtime: Runtime, *, tenant_id: str, contact_id: str) -> published.Row:
    with published.opened(runtime.settings.analytics_path) as file:
        row = next(iter(file.contacts(tenant_id, ids=[contact_id], after="", limit=1)), None)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no contact of this id")
    return row
