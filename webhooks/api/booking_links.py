"""Links over /v1: to a booking for its customer, and to a person's calendar for the programs that follow it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from frontdesk.core.tenant.fields import Key
from frontdesk.domains.bookings.calendar_links import CalendarLinks
from frontdesk.domains.bookings.links import SelfService
from frontdesk.domains.bookings.settings import PageBusiness
from frontdesk.domains.bookings.shapes import CalendarLinkMade, LinkBody, LinkMade
from frontdesk.domains.staff.roles import Permission, Role
from webhooks.api.bookings import ChangeDep, find_own, request_of
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

router = APIRouter(prefix="/v1", tags=["bookings"])


@router.post(
    "/bookings/{booking_id}:links",
    status_code=HTTPStatus.CREATED,
    responses=document_problems(401, 403, 404, 409, 422, 503),
)
def make_booking_link(body: LinkBody, *, asked: ChangeDep) -> LinkMade:
    """Make a link for the customer; it is told this once. With `revoke_older` those before lead nowhere any more."""
    runtime, caller = asked.runtime, asked.caller
    business = runtime.businesses.get(caller.tenant_id)
    if business.booking_page is None:
        raise HTTPException(
            HTTPStatus.CONFLICT, "the business has no booking page; give its file a section `booking_page` first"
        )
    known = find_own(asked.bookings, caller=caller, booking_id=asked.booking_id)
    if body.revoke_older:
        request = request_of(body, caller=caller, key=asked.key, booking_id=asked.booking_id)
        known = asked.bookings.revoke_links(business, asked.booking_id, request=request)
    links = SelfService(asked.bookings, log=runtime.log, clock=runtime.clock)
    token = links.make_link(business.slug, known.booking, by=caller.named(body.by))
    return LinkMade(url=f"{page_url(runtime, business)}/m/{token}", expires_at=known.booking.ends_at)


@router.post(
    "/people/{key}:calendar-link",
    status_code=HTTPStatus.CREATED,
    responses=document_problems(401, 403, 404, 422, 503),
)
def make_calendar_link(
    key: Annotated[Key, Path(description="The person's key in the business's file.")],
    *,
    caller: Annotated[Caller, allow(Permission.WORK)],
    runtime: RuntimeDep,
) -> CalendarLinkMade:
    """Make the link by which calendar programs follow a person's bookings; it takes the place of the one before."""
    business = runtime.businesses.get(caller.tenant_id)
    person = next((each for each in business.people if each.key == key), None)
    if person is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"key: {key} is nobody here; GET /v1/services lists people")
    account = caller.account
    if caller.role is Role.TECH and not (account is not None and account.is_meant_by(person.name)):
        raise HTTPException(HTTPStatus.FORBIDDEN, "this calendar is somebody else's; its link needs the role admin")
    runtime.callers.note(caller, "calendar.link_made", subject=key)
    links = CalendarLinks(runtime.log, clock=runtime.clock, ids=runtime.ids)
    token = links.make(business.slug, key, by=caller.name)
    return CalendarLinkMade(url=f"{runtime.settings.public_url.rstrip('/')}/calendars/{token}.ics")


def page_url(runtime: Runtime, business: PageBusiness) -> str:
    """Return where browsers reach a business's booking page."""
    page = business.booking_page
    root = runtime.settings.public_url.rstrip("/") if page is None or page.host is None else f"https://{page.host}"
    return f"{root}/b/{business.slug}"
