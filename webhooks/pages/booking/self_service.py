"""What a customer does by the link to a booking: see it, take it into a calendar, move it, cancel it.

GET shows and POST acts, so nothing happens because a mail program looks at where a link leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.money import format_minor_units
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.booking import Booking
from frontdesk.domains.bookings.calendar_entries import customers_entry
from frontdesk.domains.bookings.calendar_file import calendar_file
from frontdesk.domains.bookings.errors import (
    NotBookableError,
    SlotTakenError,
    TooLateToChangeError,
    WrongStateError,
)
from frontdesk.domains.bookings.links import BY_CUSTOMER, why_fixed
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.prices.snapshot import QuotedPrice
from webhooks.dependencies import RuntimeDep
from webhooks.pages.booking.booking_desk import BookingDesk
from webhooks.pages.booking.choices import list_times, read_day, read_start, read_zone, start_value, zone_names
from webhooks.pages.booking.page_route import PageRoute
from webhooks.pages.booking.rendering import show
from webhooks.pages.booking.showing import alternatives_of, price_table
from webhooks.pages.booking.visit import LinkFormDep, NoPageError, Visit, VisitDep, count_request
from webhooks.pages.booking.words import moment_words, notice_words, refusal_words, zone_words
from webhooks.pages.forms import Fields
from webhooks.runtime import Runtime

#: What stands above a booking, by its status.
_HEADS: Mapping[str, str] = {
    "pending": "We have your request",
    "confirmed": "You are booked",
    "declined": "We could not take this booking",
    "cancelled": "This booking is cancelled",
    "completed": "This appointment was kept",
    "no_show": "This appointment was missed",
}
_HEADERS = {"X-Robots-Tag": "noindex"}
_LONGEST_REASON = 300

router = APIRouter(
    prefix="/b/{slug}/m/{token}",
    route_class=PageRoute,
    include_in_schema=False,
    dependencies=[Depends(count_request)],
)


class Held:
    """A booking, seen by who holds a link to it."""

    def __init__(self, visit: Visit, runtime: Runtime, token: str) -> None:
        self.visit = visit
        self.runtime = runtime
        self.token = token
        self.desk = BookingDesk(runtime, business=visit.business, version=visit.version)

    def known(self) -> Known:
        """Return the booking. Raises UnknownLinkError."""
        return self.desk.links.find(self.visit.business.slug, self.token)

    def path(self, *steps: str, **query: str | None) -> str:
        """Return the address of a step of this link."""
        return self.visit.path("m", self.token, *steps, **query)

    def refusal(self, booking: Booking) -> str | None:
        """Return why the booking can't be changed here; None if it can."""
        return why_fixed(self.visit.business, booking, now=self.runtime.clock.now())


async def _get_held(token: Annotated[str, Path(max_length=200)], *, visit: VisitDep, runtime: RuntimeDep) -> Held:
    return Held(visit, runtime, token)


_HeldDep = Annotated[Held, Depends(_get_held)]


@router.get("")
def show_booking(request: Request, *, held: _HeldDep) -> Response:
    """Show the booking, and what can be done about it."""
    return _booking_page(held, held.known(), zone=_zone_of(request, held))


@router.get("/calendar.ics")
def show_calendar_file(held: _HeldDep) -> Response:
    """Give the booking as a file for calendars."""
    known, business = held.known(), held.visit.business
    content = calendar_file([customers_entry(known, business=business)], name=business.name)
    return Response(
        content,
        media_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="appointment.ics"',
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, no-store",
        },
    )


@router.get("/times")
def show_times(request: Request, *, held: _HeldDep) -> Response:
    """Show to which times the booking can be moved."""
    known, fields = held.known(), Fields.of(request.query_params.multi_items())
    booking = known.booking
    if held.refusal(booking) is not None:
        return _booking_page(held, known, zone=_zone_of(request, held))
    zone, first_day = _zone_of(request, held), read_day(fields.first("from"))
    errors = {}
    if first_day is None and fields.first("from"):
        errors["from"] = "This is no day. Write it as 2027-03-02, or clear it."
    times = list_times(
        Availability(held.runtime.engine, clock=held.runtime.clock),
        held.visit.business,
        _wish(booking),
        zone=zone,
        first_day=first_day,
        clock=held.runtime.clock,
    )
    return show(
        held.visit,
        "move_times",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        headers=_HEADERS,
        held=held,
        booking=booking,
        zone=zone,
        zones=zone_names(),
        zone_name=zone_words(held.runtime.clock.now(), zone),
        times=times,
        errors=errors,
    )


@router.get("/move")
def ask_to_move(request: Request, *, held: _HeldDep) -> Response:
    """Show from when to when the booking would be moved."""
    known = held.known()
    if held.refusal(known.booking) is not None:
        return _booking_page(held, known, zone=_zone_of(request, held))
    fields = Fields.of(request.query_params.multi_items())
    start, zone = read_start(fields.first("start")), _zone_of(request, held)
    if start is None:
        raise NoPageError("no time was chosen; go back and choose one")
    return show(
        held.visit,
        "move",
        headers=_HEADERS,
        held=held,
        booking=known.booking,
        before=moment_words(known.booking.starts_at, zone),
        after=moment_words(start, zone),
        start=start_value(start),
        zone=zone,
        zone_name=zone_words(start, zone),
        key=held.runtime.ids.new_event_id(),
    )


@router.post("/move")
def move(held: _HeldDep, *, form: LinkFormDep) -> Response:
    """Move the booking; the link to it is a new one then."""
    start = read_start(form.first("start"))
    if start is None:
        raise NoPageError("no time was chosen; go back and choose one")
    business = held.visit.business
    try:
        known = held.desk.links.move(business, held.token, starts_at=start, key=form.first("key")[:64])
    except (SlotTakenError, NotBookableError) as error:
        return _not_moved(held, error, form)
    except (TooLateToChangeError, WrongStateError):
        return _booking_page(held, held.known(), zone=_zone_in(form, held), status=HTTPStatus.CONFLICT)
    token = held.desk.links.make_link(business.slug, known.booking, by=BY_CUSTOMER)
    return RedirectResponse(held.visit.path("m", token, zone=form.first("zone")), HTTPStatus.SEE_OTHER)


@router.post("/cancel")
def cancel(held: _HeldDep, *, form: LinkFormDep) -> Response:
    """Cancel the booking."""
    reason = " ".join(form.first("reason").replace("\x00", "").split())[:_LONGEST_REASON]
    try:
        held.desk.links.cancel(held.visit.business, held.token, reason=reason or None, key=form.first("key")[:64])
    except (TooLateToChangeError, WrongStateError):
        return _booking_page(held, held.known(), zone=_zone_in(form, held), status=HTTPStatus.CONFLICT)
    return RedirectResponse(held.path(zone=form.first("zone")), HTTPStatus.SEE_OTHER)


def _booking_page(held: Held, known: Known, *, zone: ZoneInfo, status: int = HTTPStatus.OK) -> Response:
    booking, business = known.booking, held.visit.business
    own = ZoneInfo(business.zone)
    when, here = moment_words(booking.starts_at, zone), moment_words(booking.starts_at, own)
    refusal = held.refusal(booking)
    quote = booking.quote
    price = None
    if quote is not None:
        price = price_table(QuotedPrice(content=quote["snapshot"], sha256=quote["sha256"]).read().quote)
    return show(
        held.visit,
        "booking",
        status=status,
        headers=_HEADERS,
        held=held,
        booking=booking,
        head=_HEADS[booking.status],
        when=when,
        zone=zone,
        zone_name=zone_words(booking.starts_at, zone),
        when_here=None if when == here else f"{here}, {zone_words(booking.starts_at, own)}",
        price=price,
        price_words=_price_words(booking),
        refusal=refusal,
        notice=_notice(business.find_service(booking.service_key)),
        key=held.runtime.ids.new_event_id(),
    )


def _not_moved(held: Held, error: FrontdeskError, form: Fields) -> Response:
    known, zone = held.known(), _zone_in(form, held)
    service = held.visit.business.find_service(known.booking.service_key)
    if service is None:
        raise error
    return show(
        held.visit,
        "not_moved",
        status=error.http_status,
        headers=_HEADERS,
        held=held,
        booking=known.booking,
        before=moment_words(known.booking.starts_at, zone),
        sentence=refusal_words(error, service),
        alternatives=alternatives_of(error, zone=zone),
        zone=zone,
        zone_name=zone_words(known.booking.starts_at, zone),
    )


def _wish(booking: Booking) -> Wish:
    """Return what is asked of the calendar for another time of a booking, as moving it asks."""
    own = tuple(place.resource for place in booking.places)
    return Wish(service_key=booking.service_key, besides=booking.booking_id, prefers=own)


def _zone_of(request: Request, held: Held) -> ZoneInfo:
    return _zone_in(Fields.of(request.query_params.multi_items()), held)


def _zone_in(fields: Fields, held: Held) -> ZoneInfo:
    business = held.visit.business
    return read_zone(fields.first("zone"), business=business) or ZoneInfo(business.zone)


def _price_words(booking: Booking) -> str | None:
    if booking.price_minor is None or booking.currency is None:
        return None
    return format_minor_units(booking.price_minor, booking.currency)


def _notice(service: Service | None) -> str | None:
    terms = None if service is None else service.booking
    return notice_words(terms.notice_of_change) if terms is not None and terms.notice_of_change else None
