"""The waitlist over /v1: who waits for a time, and what they say to one that is offered."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from frontdesk.core.plain_text import Identifier
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.shapes import (
    AcceptBody,
    BookingRead,
    DeclineBody,
    JoinBody,
    LeaveBody,
    WaitlistEntryRead,
    WaitlistRead,
)
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.bookings.waitlist.entry import OPEN, EntryStatus
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.api.bookings import find_told, request_of
from webhooks.api.requests import NO_NUL, IdempotencyKey
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MOST_LISTED = 1_000
_Id = Annotated[str, Path(pattern=NO_NUL, max_length=255, description="The entry's id.")]
_Worker = Annotated[Caller, allow(Permission.WORK)]
_INSTANT = {"type": "string", "format": "date-time"}
#: What refusals have for a program to go on with.
_MEMBERS: dict[int, dict[str, Any]] = {
    409: {
        "alternatives": {"type": "array", "items": {"type": "object"}, "description": "Times that are free."},
        "entry_status": {"type": "string", "description": "How the entry stands that can't be changed so."},
    },
    410: {"expired_at": {"anyOf": [_INSTANT, {"type": "null"}]}},
    422: {"rule": {"type": "string", "description": "Which rule forbids it, such as service."}},
}
_JOIN: dict[str, Any] = {
    "status_code": HTTPStatus.CREATED,
    "responses": document_problems(401, 403, 422, 429, 503, members=_MEMBERS),
}
_LEAVE: dict[str, Any] = {"responses": document_problems(401, 403, 404, 409, 422, 503, members=_MEMBERS)}
_ANSWER: dict[str, Any] = {"responses": document_problems(401, 403, 404, 409, 410, 422, 503, members=_MEMBERS)}

router = APIRouter(prefix="/v1", tags=["waitlist"])


async def get_waitlist(runtime: RuntimeDep) -> Waitlist:
    """Return the waitlists of all businesses."""
    return Waitlist(runtime.engine, log=runtime.log, clock=runtime.clock, ids=runtime.ids)


_WaitlistDep = Annotated[Waitlist, Depends(get_waitlist)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a caller says to an entry of a waitlist."""

    waitlist: Waitlist
    runtime: Runtime
    caller: Caller
    entry_id: str
    key: str | None

    @property
    def business(self) -> Tenant:
        """The caller's business."""
        return self.runtime.businesses.get(self.caller.tenant_id)

    def request(self, body: BaseModel) -> Request:
        """Return who asks, and for what."""
        return request_of(body, caller=self.caller, key=self.key, entry_id=self.entry_id)


async def get_answer(
    entry_id: _Id,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
    waitlist: _WaitlistDep,
) -> _Answer:
    """Return what a route that answers for an entry needs to do it."""
    return _Answer(waitlist=waitlist, runtime=runtime, caller=caller, entry_id=entry_id, key=idempotency_key)


_AnswerDep = Annotated[_Answer, Depends(get_answer)]


@router.post("/waitlist", **_JOIN)
def join_waitlist(
    body: JoinBody,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
    waitlist: _WaitlistDep,
) -> WaitlistEntryRead:
    """Have somebody wait for a time of a service; they are offered one once it is free."""
    known = waitlist.join(
        runtime.businesses.get(caller.tenant_id),
        Wish(service_key=body.service_key, person=body.person),
        starts_from=body.starts_from,
        starts_until=body.starts_until,
        contact=body.contact,
        request=request_of(body, caller=caller, key=idempotency_key),
    )
    return WaitlistEntryRead.of(known)


@router.get("/waitlist", responses=document_problems(401, 403, 422, 503))
def list_waitlist(
    *,
    service_key: Annotated[Identifier | None, Query(description="Left out: of all services.")] = None,
    status: Annotated[list[EntryStatus] | None, Query(description="Left out: who still waits.")] = None,
    caller: Annotated[Caller, allow(Permission.WORK, audits="waitlist.listed")],
    waitlist: _WaitlistDep,
) -> WaitlistRead:
    """List who waits, in the order in which they are asked."""
    found = waitlist.search(caller.tenant_id, statuses=status or OPEN, service_key=service_key, limit=_MOST_LISTED)
    ordered = sorted(found, key=lambda known: known.entry.order)
    return WaitlistRead(entries=[WaitlistEntryRead.of(known) for known in ordered])


@router.get("/waitlist/{entry_id}", responses=document_problems(401, 403, 404, 422, 503))
def read_waitlist_entry(
    entry_id: _Id,
    *,
    caller: Annotated[Caller, allow(Permission.WORK, audits="waitlist.read")],
    waitlist: _WaitlistDep,
) -> WaitlistEntryRead:
    """Read who waits, and what they are offered."""
    return WaitlistEntryRead.of(waitlist.find(caller.tenant_id, entry_id))


@router.post("/waitlist/{entry_id}:leave", **_LEAVE)
def leave_waitlist(body: LeaveBody, *, answer: _AnswerDep) -> WaitlistEntryRead:
    """Take an entry off the waitlist; a time that is kept for it is free again."""
    known = answer.waitlist.leave(answer.business, answer.entry_id, request=answer.request(body))
    return WaitlistEntryRead.of(known)


@router.post("/waitlist/{entry_id}:accept", **_ANSWER)
def accept_offer(body: AcceptBody, *, answer: _AnswerDep) -> BookingRead:
    """Book the time that is offered. 409 with alternatives if somebody else was first, 410 if it was to be sooner."""
    runtime, tenant_id = answer.runtime, answer.caller.tenant_id
    business, version = runtime.businesses.in_force(tenant_id)
    known = answer.waitlist.accept(
        business,
        answer.entry_id,
        starts_at=body.starts_at,
        request=answer.request(body),
        guest_name=body.guest_name,
        location=body.location,
        told=None if body.quote_id is None else find_told(runtime, tenant_id, body.quote_id),
        version=version,
    )
    return BookingRead.of(known)


@router.post("/waitlist/{entry_id}:decline", **_ANSWER)
def decline_offer(body: DeclineBody, *, answer: _AnswerDep) -> WaitlistEntryRead:
    """Decline the time that is offered; whoever is next is offered it."""
    known = answer.waitlist.decline(
        answer.business, answer.entry_id, starts_at=body.starts_at, request=answer.request(body)
    )
    return WaitlistEntryRead.of(known)
