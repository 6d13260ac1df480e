"""What is done in a customer's name: look whether a time is free, tell a price, book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import orjson

from frontdesk.core.ids import keyed_id
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.booking import Booking
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.links import BY_CUSTOMER, NewLink, SelfService, new_link
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.settings import PageBusiness
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.prices.asked import AskedItem, PriceRequest
from frontdesk.domains.prices.errors import UnknownQuoteError
from frontdesk.domains.prices.quotes import compute, find_quote, quoted_by, told_event
from frontdesk.domains.prices.snapshot import QuotedPrice
from webhooks.pages.booking.details import Details
from webhooks.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a customer chose to book."""

    service: Service
    start: datetime
    person: str | None

    @property
    def wish(self) -> Wish:
        """What is asked of the calendar."""
        return Wish(service_key=self.service.key, person=self.person)


class BookingDesk:
    """Books at one business for those who come to its page."""

    def __init__(self, runtime: Runtime, *, business: PageBusiness, version: Configuration | None) -> None:
        self._runtime = runtime
        self._business = business
        self._version = version
        self.bookings = Bookings(runtime.engine, log=runtime.log, clock=runtime.clock, ids=runtime.ids)
        self.links = SelfService(self.bookings, log=runtime.log, clock=runtime.clock)

    def check(self, chosen: Chosen) -> None:
        """Raise SlotTakenError or NotBookableError if a time can't be had now."""
        availability = Availability(self._runtime.engine, clock=self._runtime.clock)
        availability.check(self._business, chosen.wish, starts_at=chosen.start)

    def tell_price(self, chosen: Chosen, details: Details, *, is_anew: bool = False) -> QuotedPrice:
        """Tell what it costs, as an event; the same form is told the same. is_anew: the one before holds no more.

        Raises NotPriceableError, PricesWrongError, EventLogUnavailableError.
        """
        runtime, slug = self._runtime, self._business.slug
        request = self._price_request(chosen, details)
        contact = details.contact(region=self._business.country)
        asked_for = orjson.dumps([request.model_dump(mode="json"), contact.model_dump(mode="json")])
        quote_id = (
            runtime.ids.new_event_id()
            if is_anew
            else keyed_id(slug, "prices", f"page:{details.key}:{sha256(asked_for).hexdigest()}")
        )
        told = find_quote(runtime.log, tenant_id=slug, quote_id=quote_id)
        if told is not None:
            return quoted_by(told)
        now = runtime.clock.now()
        quoted = compute(
            self._business,
            request,
            log=runtime.log,
            version=self._version,
            contact=contact,
            now=now,
            quote_id=quote_id,
        )
        [appended] = runtime.log.append([told_event(quoted, contact=contact, now=now)])
        # Of two at the same instant the first was told.
        first = None if appended.is_new else find_quote(runtime.log, tenant_id=slug, quote_id=quote_id)
        return quoted if first is None else quoted_by(first)

    def book(self, chosen: Chosen, details: Details, *, quote_id: str) -> str:
        """Book at a price that was told; return the token of a link to the booking.

        Raises UnknownQuoteError, and what Bookings.create raises.
        """
        business, runtime = self._business, self._runtime
        told = find_quote(runtime.log, tenant_id=business.slug, quote_id=quote_id)
        quoted = None if told is None else quoted_by(told)
        if quoted is None or quoted.read().asked.request != self._price_request(chosen, details):
            raise UnknownQuoteError("no such price was told for this")
        contact = details.contact(region=business.country)
        page = business.booking_page
        links: list[NewLink] = []

        def besides(booking: Booking) -> list[NewEvent]:
            links.append(new_link(business.slug, booking, by=BY_CUSTOMER, now=runtime.clock.now()))
            return [links[-1].event]

        known = self.bookings.create(
            business,
            chosen.wish,
            starts_at=chosen.start,
            contact=contact,
            request=Request(by=BY_CUSTOMER, key=f"page:{details.key}", content=self._content(chosen, details)),
            location=details.location or None,
            told=quoted,
            version=self._version,
            agreed_to=None if page is None else page.consent,
            besides=besides,
        )
        # Sent twice: it is booked already, by the first.
        return links[-1].token if links else self.links.make_link(business.slug, known.booking, by=BY_CUSTOMER)

    def _price_request(self, chosen: Chosen, details: Details) -> PriceRequest:
        return PriceRequest(
            items=(AskedItem(service_key=chosen.service.key),),
            starts_at=chosen.start,
            distance_miles=details.miles(),
            extras=details.extras,
            promo_code=details.promo_code or None,
        )

    def _content(self, chosen: Chosen, details: Details) -> dict[str, object]:
        contact = details.contact(region=self._business.country)
        return {
            "price": self._price_request(chosen, details).model_dump(mode="json"),
            "person": chosen.person,
            "contact": contact.model_dump(mode="json", exclude_none=True),
            "location": details.location,
        }
