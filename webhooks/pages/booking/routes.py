"""The pages on which a customer books: the service, the time, the details, the price, and then it is booked.

To look is GET and changes nothing; to be told a price and to book is POST. No page needs a script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.money import to_minor_units
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.errors import KeyReusedError, NotBookableError, OtherPriceError, SlotTakenError
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.prices.errors import (
    NotPriceableError,
    PriceChangedError,
    QuoteNotGenuineError,
    UnknownQuoteError,
)
from frontdesk.domains.prices.snapshot import QuotedPrice
from webhooks.dependencies import RuntimeDep
from webhooks.pages.booking.booking_desk import BookingDesk, Chosen
from webhooks.pages.booking.choices import list_times, people_of, read_day, read_start, read_zone, zone_names
from webhooks.pages.booking.details import Details, asks_how_far, asks_where, extras_of, read_details
from webhooks.pages.booking.page_route import HostPageRoute, PageRoute
from webhooks.pages.booking.rendering import show
from webhooks.pages.booking.showing import Offer, alternatives_of, price_table
from webhooks.pages.booking.visit import FormDep, HostVisitDep, NoPageError, Visit, VisitDep, count_request
from webhooks.pages.booking.words import length_of, moment_words, refusal_words, zone_words
from webhooks.pages.forms import Fields
from webhooks.runtime import Runtime

router = APIRouter(
    route_class=PageRoute,
    # Pages for people; programs have /v1.
    include_in_schema=False,
    dependencies=[Depends(count_request)],
)
_NO_ERRORS: Mapping[str, str] = {}


def show_services_by_host(request: Request, *, visit: HostVisitDep) -> Response:
    """Show the services of the business whose own host is asked."""
    return _services_page(visit, request)


router.add_api_route("/", show_services_by_host, route_class_override=HostPageRoute)


@router.get("/b/{slug}")
@router.get("/b/{slug}/embed")
def show_services(request: Request, *, visit: VisitDep) -> Response:
    """Show what can be booked."""
    return _services_page(visit, request)


def _services_page(visit: Visit, request: Request) -> Response:
    offers = [
        Offer(
            key=service.key,
            name=service.name,
            description=service.description,
            length=length_of(service.duration_minutes),
            price_minor=to_minor_units(service.price, visit.business.currency),
        )
        for service in visit.services
    ]
    return show(visit, "services", request=request, offers=offers)


@router.get("/b/{slug}/times")
def show_times(request: Request, *, visit: VisitDep, runtime: RuntimeDep) -> Response:
    """Show when a service is free, in a zone that can be chosen."""
    fields = Fields.of(request.query_params.multi_items())
    service = visit.find_service(fields.first("service"))
    errors: dict[str, str] = {}
    people = people_of(visit.business, service)
    person = fields.first("with")
    if person and person not in {each.value for each in people}:
        errors["with"] = "Nobody of this name does this. Choose one of the list."
        person = ""
    zone = read_zone(fields.first("zone"), business=visit.business)
    if zone is None:
        errors["zone"] = "There is no such time zone. Choose one of the list."
        zone = ZoneInfo(visit.business.zone)
    first_day = read_day(fields.first("from"))
    if first_day is None and fields.first("from"):
        errors["from"] = "This is no day. Write it as 2027-03-02, or clear it."
    times = list_times(
        Availability(runtime.engine, clock=runtime.clock),
        visit.business,
        Wish(service_key=service.key, person=person or None),
        zone=zone,
        first_day=first_day,
        clock=runtime.clock,
    )
    return show(
        visit,
        "times",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        request=None if errors else request,
        service=service,
        length=length_of(service.duration_minutes),
        people=people,
        person=person,
        zone=zone,
        zones=zone_names(),
        zone_name=zone_words(runtime.clock.now(), zone),
        times=times,
        errors=errors,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """What customers chose, and what is asked to go on with it."""

    visit: Visit
    runtime: Runtime
    fields: Fields

    @property
    def service(self) -> Service:
        return self.visit.find_service(self.fields.first("service"))

    @property
    def zone(self) -> ZoneInfo:
        """The chosen zone; one that there is not was told before, and changes no instant."""
        zone = read_zone(self.fields.first("zone"), business=self.visit.business)
        return zone or ZoneInfo(self.visit.business.zone)

    @property
    def desk(self) -> BookingDesk:
        return BookingDesk(self.runtime, business=self.visit.business, version=self.visit.version)

    def chosen(self) -> Chosen:
        """Return the service, person and time. Raises NoPageError for what no page of ours offers."""
        start = read_start(self.fields.first("start"))
        if start is None:
            raise NoPageError("no time was chosen; go back and choose one")
        people = {each.value for each in people_of(self.visit.business, self.service)}
        person = self.fields.first("with")
        return Chosen(service=self.service, start=start, person=person if person in people else None)

    def details(self) -> tuple[Details, Mapping[str, str]]:
        """Return what was typed, and what is wrong with it."""
        return read_details(self.fields, business=self.visit.business, service=self.service)

    def times_path(self) -> str:
        """Return where another time is chosen."""
        fields = self.fields
        return self.visit.path(
            "times", service=fields.first("service"), zone=fields.first("zone"), **{"with": fields.first("with")}
        )


async def _looking(request: Request, *, visit: VisitDep, runtime: RuntimeDep) -> _Step:
    return _Step(visit, runtime, Fields.of(request.query_params.multi_items()))


async def _sending(*, visit: VisitDep, runtime: RuntimeDep, form: FormDep) -> _Step:
    return _Step(visit, runtime, form)


_LookDep = Annotated[_Step, Depends(_looking)]
_SendDep = Annotated[_Step, Depends(_sending)]


@router.get("/b/{slug}/details")
def ask_details(step: _LookDep) -> Response:
    """Ask who comes, if the time is free."""
    chosen = step.chosen()
    try:
        step.desk.check(chosen)
    except (SlotTakenError, NotBookableError) as error:
        return _other_times(step, error)
    return _details_page(step, chosen, Details(), _NO_ERRORS)


@router.post("/b/{slug}/details")
def change_details(step: _SendDep) -> Response:
    """Show what was typed again, to change it."""
    details, _ = step.details()
    return _details_page(step, step.chosen(), details, _NO_ERRORS)


@router.post("/b/{slug}/price")
def tell_price(step: _SendDep) -> Response:
    """Tell the price, to be agreed to; or what is wrong with the details."""
    chosen = step.chosen()
    details, errors = step.details()
    if errors:
        return _details_page(step, chosen, details, errors)
    try:
        step.desk.check(chosen)
        quoted = step.desk.tell_price(chosen, details)
    except (SlotTakenError, NotBookableError) as error:
        return _other_times(step, error)
    except NotPriceableError as error:
        return _details_page(step, chosen, details, _price_errors(error))
    return _review_page(step, chosen, details, quoted)


@router.post("/b/{slug}/book")
def book(step: _SendDep) -> Response:
    """Book at the price that was told; a form that is sent twice books once."""
    chosen = step.chosen()
    details, errors = step.details()
    if errors:
        return _details_page(step, chosen, details, errors)
    try:
        token = step.desk.book(chosen, details, quote_id=step.fields.first("quote_id"))
    except FrontdeskError as error:
        return _not_booked(step, chosen, details, error)
    return RedirectResponse(step.visit.path("m", token), HTTPStatus.SEE_OTHER)


def _not_booked(step: _Step, chosen: Chosen, details: Details, error: FrontdeskError) -> Response:
    """Show what can be done instead of what was refused. Raises what nothing can be done about here."""
    if isinstance(error, SlotTakenError | NotBookableError):
        return _other_times(step, error)
    if isinstance(error, PriceChangedError) and error.now is not None:
        return _review_page(step, chosen, details, error.now, has_changed=True)
    if isinstance(error, PriceChangedError | UnknownQuoteError | OtherPriceError | QuoteNotGenuineError):
        return _price_again(step, chosen, details)
    if isinstance(error, KeyReusedError):
        return show(step.visit, "sent_before", status=HTTPStatus.CONFLICT)
    raise error


def _price_again(step: _Step, chosen: Chosen, details: Details) -> Response:
    """Tell the price anew where the one that is named is none that can be agreed to."""
    try:
        quoted = step.desk.tell_price(chosen, details, is_anew=True)
    except NotPriceableError as error:
        return _details_page(step, chosen, details, _price_errors(error))
    return _review_page(step, chosen, details, quoted, has_changed=True)


def _price_errors(error: NotPriceableError) -> Mapping[str, str]:
    """Return why there is no price, by the field that can change it."""
    if error.reason == "promo-code-unknown":
        return {"promo_code": "We know no promo code of this name. Correct it, or clear it."}
    if error.reason.startswith("promo-code"):
        return {"promo_code": "This promo code can't be used for this, or not any more. Clear it to go on."}
    if error.reason == "distance-unknown":
        return {"distance_miles": "Enter how many miles it is from us; the price depends on it."}
    return {"form": "We can't tell a price for this. Change what you chose, or call us."}


def _details_page(step: _Step, chosen: Chosen, details: Details, errors: Mapping[str, str]) -> Response:
    business, service = step.visit.business, chosen.service
    return show(
        step.visit,
        "details",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        details=details,
        errors=errors,
        key=details.key or step.runtime.ids.new_event_id(),
        extras=extras_of(business, service),
        asks_where=asks_where(service),
        asks_how_far=asks_how_far(business, service),
        has_codes=bool(business.promo_codes),
        **_shown_choice(step, chosen),
    )


def _review_page(
    step: _Step, chosen: Chosen, details: Details, quoted: QuotedPrice, *, has_changed: bool = False
) -> Response:
    snapshot = quoted.read()
    return show(
        step.visit,
        "review",
        status=HTTPStatus.CONFLICT if has_changed else HTTPStatus.OK,
        details=details,
        price=price_table(snapshot.quote),
        quote_id=snapshot.quote_id,
        holds_until=moment_words(snapshot.expires_at, step.zone),
        has_changed=has_changed,
        is_confirmed_at_once=chosen.service.booking is None or chosen.service.booking.confirmed,
        **_shown_choice(step, chosen),
    )


def _other_times(step: _Step, error: FrontdeskError) -> Response:
    """Show why a time can't be had, and those near it that can; what was typed goes on."""
    details, _ = step.details()
    start = read_start(step.fields.first("start"))
    return show(
        step.visit,
        "other_times",
        status=error.http_status,
        sentence=refusal_words(error, step.service),
        wanted=None if start is None else moment_words(start, step.zone),
        alternatives=alternatives_of(error, zone=step.zone),
        details=details if details.key else None,
        service=step.service,
        person=step.fields.first("with"),
        zone=step.zone,
        zone_name=zone_words(start or step.runtime.clock.now(), step.zone),
        times_path=step.times_path(),
    )


def _shown_choice(step: _Step, chosen: Chosen) -> dict[str, Any]:
    own, start = ZoneInfo(step.visit.business.zone), chosen.start
    here = moment_words(start, own)
    names = {each.value: each.label for each in people_of(step.visit.business, chosen.service)}
    return {
        "service": chosen.service,
        "length": length_of(chosen.service.duration_minutes),
        "start": step.fields.first("start"),
        "person": chosen.person or "",
        "person_name": names.get(chosen.person or ""),
        "zone": step.zone,
        "when": moment_words(start, step.zone),
        "zone_name": zone_words(start, step.zone),
        "when_here": None if here == moment_words(start, step.zone) else f"{here}, {zone_words(start, own)}",
        "times_path": step.times_path(),
    }
