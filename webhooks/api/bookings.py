"""Bookings over /v1: times kept, bookings made, read and changed; each change is an event or a plain refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel

from frontdesk.core.values import Instant
from frontdesk.domains.bookings.agreed_price import PriceInForce
from frontdesk.domains.bookings.booking import TAKING
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Keeper, Request
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.shapes import (
    BookingList,
    BookingRead,
    ChangeBody,
    CreateBody,
    HoldBody,
    RescheduleBody,
    UpdateBody,
)
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.catalogue.settings import BookableBusiness
from frontdesk.domains.prices.errors import UnknownQuoteError
from frontdesk.domains.prices.quotes import find_quote, quoted_by
from frontdesk.domains.prices.snapshot import QuotedPrice
from frontdesk.domains.staff.roles import Permission, Role
from webhooks.api.requests import NO_NUL, IdempotencyKey, given_fields, unprocessable
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MOST_LISTED = 1_000
_WIDEST = timedelta(days=400)
_MONTH = timedelta(days=31)
#: What is listed where nothing else is asked for: what is and was, without slot holds and what came to nothing.
_LISTED: tuple[Status, ...] = tuple(sorted(TAKING - {"held"}))
_Id = Annotated[str, Path(pattern=NO_NUL, max_length=255, description="The booking's id.")]
_Worker = Annotated[Caller, allow(Permission.WORK)]
_INSTANT = {"type": "string", "format": "date-time"}
_TIME = {"type": "object", "properties": {"starts_at": _INSTANT, "ends_at": _INSTANT}}
#: What refusals have for a program to go on with.
_MEMBERS: dict[int, dict[str, Any]] = {
    409: {
        "alternatives": {"type": "array", "items": _TIME, "description": "The nearest times that are free."},
        "log_position": {"type": "integer", "description": "As of which event of the log they are."},
        "booking_status": {"type": "string", "description": "How the booking stands that can't be changed so."},
        "quoted": {"type": "object", "description": "The price that was told, as its snapshot says."},
        "now": {"anyOf": [{"type": "object"}, {"type": "null"}], "description": "The price by now, told anew."},
    },
    410: {"expired_at": {"anyOf": [_INSTANT, {"type": "null"}]}},
    422: {
        "rule": {"type": "string", "description": "Which rule forbids it, such as minimum_notice."},
        "first_bookable_at": {
            "anyOf": [_INSTANT, {"type": "null"}],
            "description": "The first start that can be had.",
        },
    },
}
_CHANGE: dict[str, Any] = {"responses": document_problems(401, 403, 404, 409, 422, 503, members=_MEMBERS)}
_HOLD_CHANGE: dict[str, Any] = {"responses": document_problems(401, 403, 404, 409, 410, 422, 503, members=_MEMBERS)}
_CREATE: dict[str, Any] = {"status_code": HTTPStatus.CREATED} | _HOLD_CHANGE
_HOLD: dict[str, Any] = {
    "status_code": HTTPStatus.CREATED,
    "responses": document_problems(401, 403, 409, 422, 429, 503, members=_MEMBERS),
}

router = APIRouter(prefix="/v1", tags=["bookings"])


async def get_bookings(runtime: RuntimeDep) -> Bookings:
    """Return the bookings of all businesses."""
    return Bookings(runtime.engine, log=runtime.log, clock=runtime.clock, ids=runtime.ids)


_BookingsDep = Annotated[Bookings, Depends(get_bookings)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A change of one booking that a caller asks for."""

    bookings: Bookings
    runtime: Runtime
    caller: Caller
    booking_id: str
    key: str | None

    def make(self, change: Callable[..., Known], body: BaseModel) -> BookingRead:
        """Return the booking as it is changed. Raises what find_own and the change raise."""
        find_own(self.bookings, caller=self.caller, booking_id=self.booking_id)
        request = request_of(body, caller=self.caller, key=self.key, booking_id=self.booking_id)
        business = self.runtime.businesses.get(self.caller.tenant_id)
        return BookingRead.of(change(business, self.booking_id, request=request))


async def get_change(
    booking_id: _Id,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
    bookings: _BookingsDep,
) -> _Change:
    """Return what a route that changes a booking needs to do it."""
    return _Change(bookings=bookings, runtime=runtime, caller=caller, booking_id=booking_id, key=idempotency_key)


#: A change of the booking that the address names.
ChangeDep = Annotated[_Change, Depends(get_change)]


@router.get("/bookings", responses=document_problems(401, 403, 422, 503))
def list_bookings(
    *,
    begins: Annotated[Instant | None, Query(alias="from", description="Left out: now.")] = None,
    ends: Annotated[Instant | None, Query(alias="to", description="Left out: a month later.")] = None,
    status: Annotated[list[Status] | None, Query(description="Left out: all but those that came to nothing.")] = None,
    caller: Annotated[Caller, allow(Permission.WORK, audits="bookings.listed")],
    runtime: RuntimeDep,
    bookings: _BookingsDep,
) -> BookingList:
    """List bookings that were made here, by their start; a tech sees own ones."""
    begins = begins or runtime.clock.now()
    ends = ends or begins + _MONTH
    if not begins < ends <= begins + _WIDEST:
        raise unprocessable(f"to: must be later than from, by {_WIDEST.days} days at most")
    found = bookings.search(
        caller.tenant_id, begins=begins, ends=ends, statuses=status or _LISTED, limit=_MOST_LISTED
    )
    return BookingList(bookings=[BookingRead.of(known) for known in found if _is_own(caller, known)])


@router.post("/bookings", **_CREATE)
def create_booking(
    body: CreateBody,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
    bookings: _BookingsDep,
) -> BookingRead:
    """Book a time. 409 with alternatives if somebody else has it, 422 with the rule if nobody can.

    With a `quote_id` it costs what was told: until that expires, whatever the prices are by now; after that 409 with
    both prices, if they differ.
    """
    business, version = runtime.businesses.in_force(caller.tenant_id)
    known = bookings.create(
        business,
        Wish(service_key=body.service_key, person=body.person),
        starts_at=body.starts_at,
        contact=body.contact,
        request=request_of(body, caller=caller, key=idempotency_key),
        hold_id=body.hold_id,
        guest_name=body.guest_name,
        location=body.location,
        told=None if body.quote_id is None else find_told(runtime, caller.tenant_id, body.quote_id),
        version=version,
    )
    return BookingRead.of(known)


@router.post("/bookings:hold", **_HOLD)
def hold_slot(
    body: HoldBody,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: _Worker,
    runtime: RuntimeDep,
    bookings: _BookingsDep,
) -> BookingRead:
    """Keep a time for who is about to book it; its booking_id is the hold_id to book it by."""
    known = bookings.hold(
        runtime.businesses.get(caller.tenant_id),
        Wish(service_key=body.service_key, person=body.person),
        starts_at=body.starts_at,
        request=request_of(body, caller=caller, key=idempotency_key),
        keeper=Keeper(address=body.customer_address, browser=body.browser_token),
    )
    return BookingRead.of(known)


@router.get("/bookings/{booking_id}", responses=document_problems(401, 403, 404, 422, 503))
def read_booking(
    booking_id: _Id,
    *,
    caller: Annotated[Caller, allow(Permission.WORK, audits="booking.read")],
    bookings: _BookingsDep,
) -> BookingRead:
    """Read a booking that was made here."""
    return BookingRead.of(find_own(bookings, caller=caller, booking_id=booking_id))


@router.patch("/bookings/{booking_id}", **_CHANGE)
def update_booking(body: UpdateBody, *, asked: ChangeDep) -> BookingRead:
    """Change what a booking tells of its customer, or where it is."""

    def update(business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        contact = None if body.contact is None else body.contact.model_dump(exclude_none=True)
        return asked.bookings.update(
            business,
            booking_id,
            request=request,
            contact=contact,
            guest_name=body.guest_name,
            location=body.location,
        )

    return asked.make(update, body)


@router.post("/bookings/{booking_id}:extend", **_HOLD_CHANGE)
def extend_hold(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Keep a time as long again, once."""
    return asked.make(asked.bookings.extend, body)


@router.post("/bookings/{booking_id}:release", **_HOLD_CHANGE)
def release_hold(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Keep a time no longer."""
    return asked.make(asked.bookings.release, body)


@router.post("/bookings/{booking_id}:confirm", **_CHANGE)
def confirm_booking(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Confirm what is pending."""
    return asked.make(asked.bookings.confirm, body)


@router.post("/bookings/{booking_id}:decline", **_CHANGE)
def decline_booking(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Decline what is pending; its time is free again."""
    return asked.make(asked.bookings.decline, body)


@router.post("/bookings/{booking_id}:reschedule", **_CHANGE)
def reschedule_booking(body: RescheduleBody, *, asked: ChangeDep) -> BookingRead:
    """Move a booking; if the other time is taken, it stays where it is.

    Its price stays too, unless a `quote_id` says which price was told for the other time.
    """

    def move(business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        return asked.bookings.reschedule(
            business,
            booking_id,
            starts_at=body.starts_at,
            request=request,
            person=body.person,
            at_price=None if body.quote_id is None else _price_told(asked, body.quote_id),
        )

    return asked.make(move, body)


@router.post("/bookings/{booking_id}:cancel", **_CHANGE)
def cancel_booking(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Cancel a booking; its time is free again."""
    return asked.make(asked.bookings.cancel, body)


@router.post("/bookings/{booking_id}:complete", **_CHANGE)
def complete_booking(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Say that it was done."""
    return asked.make(asked.bookings.complete, body)


@router.post("/bookings/{booking_id}:no-show", **_CHANGE)
def mark_no_show(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Say that nobody came, once it has begun."""
    return asked.make(asked.bookings.mark_no_show, body)


@router.post("/bookings/{booking_id}:reopen", **_CHANGE)
def reopen_booking(body: ChangeBody, *, asked: ChangeDep) -> BookingRead:
    """Take an ending back: declined, cancelled, completed or no-show."""
    return asked.make(asked.bookings.reopen, body)


def _price_told(asked: _Change, quote_id: str) -> PriceInForce:
    tenant_id = asked.caller.tenant_id
    business, version = asked.runtime.businesses.in_force(tenant_id)
    return PriceInForce(business=business, version=version, told=find_told(asked.runtime, tenant_id, quote_id))


def find_told(runtime: Runtime, tenant_id: str, quote_id: str) -> QuotedPrice:
    """Return the price that was told under an id. Raises UnknownQuoteError."""
    fact = find_quote(runtime.log, tenant_id=tenant_id, quote_id=quote_id)
    if fact is None:
        raise UnknownQuoteError("quote_id: no price of this id was told; POST /v1/prices:quote tells one")
    return quoted_by(fact)


def request_of(body: Any, *, caller: Caller, key: str | None, **ids: str) -> Request:
    """Return who asks and for what; ids: of what the request is about."""
    content = given_fields(body) | ids
    return Request(by=caller.named(body.by), reason=body.reason, key=key, content=content)


def find_own(bookings: Bookings, *, caller: Caller, booking_id: str) -> Known:
    """Return a booking that the caller may see and change. Raises UnknownBookingError, HTTPException with 403."""
    known = bookings.find(caller.tenant_id, booking_id)
    if not _is_own(caller, known):
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "this booking is somebody else's; seeing and changing it needs the role admin"
        )
    return known


def _is_own(caller: Caller, known: Known) -> bool:
    """Tell whether the caller may see and change a booking: a tech own ones, and those that are nobody's."""
    if caller.role is not Role.TECH or known.booking.staff is None:
        return True
    account = caller.account
    return account is not None and any(map(account.is_meant_by, known.booking.staff.split(", ")))
