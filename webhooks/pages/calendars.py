"""A person's bookings as a calendar that programs follow: the last thirty days, and all to come."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from frontdesk.domains.bookings.booking import OPEN
from frontdesk.domains.bookings.calendar_entries import staffs_entry
from frontdesk.domains.bookings.calendar_file import calendar_file
from frontdesk.domains.bookings.calendar_links import CalendarLinks
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.errors import UnknownLinkError
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.store import Known
from webhooks.dependencies import RuntimeDep
from webhooks.etags import etag_of, is_known
from webhooks.pages.booking.page_route import PageRoute
from webhooks.pages.booking.visit import count_request

#: How long a calendar shows what is over; and what was cancelled, so that every program takes it out.
_KEPT: Final = timedelta(days=30)
#: Farther ahead than any horizon.
_AHEAD: Final = timedelta(days=800)
_MOST: Final = 20_000
_ENDED: Final[tuple[Status, ...]] = ("cancelled", "declined")
_SHOWN: Final[tuple[Status, ...]] = (*sorted(OPEN), "completed", "no_show", *_ENDED)

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[Depends(count_request)])


@router.get("/calendars/{token}.ics")
def show_calendar(token: Annotated[str, Path(max_length=200)], *, request: Request, runtime: RuntimeDep) -> Response:
    """Give a person's bookings to who has the link."""
    tenant_id, person = CalendarLinks(runtime.log, clock=runtime.clock, ids=runtime.ids).find(token)
    business = runtime.tenants.get(tenant_id)
    names = {} if business is None else {each.key: each.name for each in business.people}
    if business is None or person not in names:
        raise UnknownLinkError("this link leads to no calendar any more: the person is gone")
    now = runtime.clock.now()
    bookings = Bookings(runtime.engine, log=runtime.log, clock=runtime.clock, ids=runtime.ids)
    found = bookings.search(tenant_id, begins=now - _KEPT, ends=now + _AHEAD, statuses=_SHOWN, limit=_MOST)

    def is_shown(known: Known) -> bool:
        is_lately = known.booking.status not in _ENDED or known.changed_at > now - _KEPT
        return person in known.booking.people and is_lately

    entries = [staffs_entry(known, tenant_id=tenant_id) for known in found if is_shown(known)]
    content = calendar_file(entries, name=f"{names[person]}, {business.name}")
    etag = etag_of(content)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
    if is_known(request, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
