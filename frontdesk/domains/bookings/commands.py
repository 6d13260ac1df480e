"""What people do with bookings: hold, create, confirm, decline, reschedule, cancel, complete, no-show, reopen.

Each is one transaction: what is taken is looked at, the event is appended, and the rows that follow from it are
written, or nothing is. A request with an idempotency key that came before is answered as it was then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.agreed_price import PriceInForce, verify
from frontdesk.domains.bookings.booking import OPEN, Booking
from frontdesk.domains.bookings.deciding import Deciding, Decisions, Keeper, Request, find_answer, unknown_booking
from frontdesk.domains.bookings.errors import WrongStateError
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.catalogue.settings import BookableBusiness
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.settings import PricedBusiness
from frontdesk.domains.prices.snapshot import QuotedPrice

NOBODY: Final = Keeper()

#: Looks at a booking that is about to be changed, and at the present; raises what refuses the change.
Check = Callable[[Booking, datetime], None]
#: Tells what else happens with a booking that is made, in its transaction.
Besides = Callable[[Booking], Sequence[NewEvent]]


def _nothing_else(_booking: Booking) -> Sequence[NewEvent]:
    return ()


def _always(_booking: Booking, _now: datetime) -> None:
    pass


class Bookings:
    """The bookings of one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, log: EventLog, clock: Clock, ids: IdFactory) -> None:
        self._decisions = Decisions(engine, log=log, clock=clock, ids=ids)

    def hold(
        self,
        business: BookableBusiness,
        wish: Wish,
        *,
        starts_at: datetime,
        request: Request,
        keeper: Keeper = NOBODY,
        lasts: timedelta | None = None,
    ) -> Known:
        """Keep a time for who is about to book it. `lasts`: None for as long as the business says.

        Raises SlotTakenError, NotBookableError, TooManyHoldsError, KeyReusedError, BookingsUnavailableError.
        """

        def decide(deciding: Deciding) -> Booking:
            held_by = deciding.check_holds(keeper)
            booking = deciding.place(wish, starts_at=starts_at, booking_id=self._decisions.ids.new_event_id())
            expires_at = deciding.now + (lasts or business.slot_hold)
            return booking.changed(status="held", expires_at=expires_at, held_by=held_by)

        return self._do(business, "slot_hold.placed", request, decide)

    def extend(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Keep a time for as long again as a business keeps one: once. Raises as confirm, and HoldExpiredError."""

        def decide(deciding: Deciding) -> Booking:
            held = deciding.held(booking_id)
            if held.is_extended:
                raise WrongStateError("a hold is extended once; book it, or hold it anew", reason="wrong-state")
            return held.changed(expires_at=deciding.now + business.slot_hold, is_extended=True)

        return self._do(business, "slot_hold.extended", request, decide)

    def release(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Keep a time no longer. Raises as extend."""
        return self._do(
            business,
            "slot_hold.released",
            request,
            lambda deciding: deciding.held(booking_id).changed(status="released"),
        )

    def create(
        self,
        business: PricedBusiness,
        wish: Wish,
        *,
        starts_at: datetime,
        contact: ContactPayload,
        request: Request,
        hold_id: str | None = None,
        guest_name: str | None = None,
        location: str | None = None,
        told: QuotedPrice | None = None,
        version: Configuration | None = None,
        agreed_to: str | None = None,
        besides: Besides = _nothing_else,
    ) -> Known:
        """Book a time: the one that is held, or one that is free. Confirmed at once where the service's terms say so.

        `told`: the price that whoever books was told; None for what it costs now. `version`: of the business's file.
        `agreed_to`: what whoever books agreed to. `besides`: what else is appended, once, in the same transaction.
        Raises what hold raises, HoldExpiredError for a hold that ran out or was released, and for prices
        OtherPriceError, PriceChangedError, QuoteNotGenuineError, PricesWrongError.
        """

        types, decisions = ("booking.created", "booking.confirmed"), self._decisions
        with decisions.telling_changed_price(lambda: contact), decisions.deciding(business) as deciding:
            known = deciding.answered(types, request, read=store.known_of)
            if known is not None:
                return known
            deciding.free_expired()
            if hold_id is None:
                booking = deciding.place(wish, starts_at=starts_at, booking_id=decisions.ids.new_event_id())
            else:
                booking = deciding.held(hold_id, wish=wish, starts_at=starts_at)
            deciding.append_besides(besides(booking))
            said = {"guest_name": guest_name, "location": location, "agreed_to": agreed_to}
            return deciding.book(
                booking,
                told={"contact": contact, **said},
                price=PriceInForce(business=business, version=version, told=told),
                request=request,
                request_id=decisions.request_id(business.slug, types[0], request),
            )

    def confirm(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Confirm what is pending, at the price that was agreed to.

        Raises UnknownBookingError, WrongStateError, KeyReusedError, QuoteNotGenuineError, BookingsUnavailableError.
        """

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, _PENDING)
            verify(booking.quote)
            return booking.changed(status="confirmed", open_status="confirmed")

        return self._do(business, "booking.confirmed", request, decide)

    def decline(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Decline what is pending; its time is free again. Raises as confirm."""
        return self._change(business, booking_id, request=request, allowed=_PENDING, to="declined")

    def cancel(
        self, business: BookableBusiness, booking_id: str, *, request: Request, check: Check = _always
    ) -> Known:
        """Cancel what is to come; its time is free again. Raises as confirm, and what the check raises."""

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN)
            check(booking, deciding.now)
            return booking.changed(status="cancelled")

        return self._do(business, "booking.cancelled", request, decide)

    def complete(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Say that it was done. Raises as confirm."""
        return self._change(business, booking_id, request=request, allowed=OPEN, to="completed")

    def mark_no_show(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Say that nobody came. Raises as confirm, and WrongStateError before it begins."""

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN)
            if deciding.now < booking.starts_at:
                raise WrongStateError(
                    f"nobody can have missed it before it begins at {booking.starts_at:%Y-%m-%d %H:%M} UTC",
                    reason="wrong-state",
                    booking_status=booking.status,
                )
            return booking.changed(status="no_show")

        return self._do(business, "booking.no_show", request, decide)

    def reschedule(
        self,
        business: BookableBusiness,
        booking_id: str,
        *,
        starts_at: datetime,
        request: Request,
        person: str | None = None,
        at_price: PriceInForce | None = None,
        check: Check = _always,
    ) -> Known:
        """Move it to another time, with whom it was if they are free; if that is taken, it stays where it is.

        at_price: the price that was told for the other time; None: it stays as it was agreed. Links that led to it
        lead there no more. Raises as create, and as confirm, and what the check raises.
        """

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN)
            check(booking, deciding.now)
            own = tuple(place.resource for place in booking.places)
            wish = Wish(service_key=booking.service_key, person=person, besides=booking_id, prefers=own)
            placed = deciding.place(wish, starts_at=starts_at, booking_id=booking_id)
            if placed.starts_at == booking.starts_at and placed.places == booking.places:
                raise WrongStateError(
                    "it is at this time already", reason="wrong-state", booking_status=booking.status
                )
            changes = {name: getattr(placed, name) for name in _OF_TIME}
            moved = booking.changed(link_generation=booking.link_generation + 1, **changes)
            return moved if at_price is None else moved.changed(**deciding.agree(at_price, moved))

        with self._decisions.telling_changed_price(lambda: self.find(business.slug, booking_id).booking.contact):
            return self._do(business, "booking.rescheduled", request, decide)

    def update(
        self,
        business: BookableBusiness,
        booking_id: str,
        *,
        request: Request,
        contact: Mapping[str, Any] | None = None,
        guest_name: str | None = None,
        location: str | None = None,
    ) -> Known:
        """Change what a booking tells of its customer, such as their number, who comes, or where it is.

        contact: the fields that are others now. Its time stays: reschedule moves it. Raises as confirm.
        """

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN | _ENDED)
            known = {} if booking.contact is None else booking.contact.model_dump(exclude_none=True)
            return booking.changed(
                contact=ContactPayload.model_validate(known | dict(contact)) if contact else booking.contact,
                guest_name=booking.guest_name if guest_name is None else guest_name,
                location=booking.location if location is None else location,
            )

        return self._do(business, "booking.updated", request, decide)

    def revoke_links(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Let no link that was made until now lead to a booking any more. Raises as confirm."""

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN | _ENDED)
            return booking.changed(link_generation=booking.link_generation + 1)

        return self._do(business, "booking.updated", request, decide)

    def reopen(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Take an ending back: it is pending or confirmed as before, at its time and place.

        Notice and caps do not count again. Raises SlotTakenError if its time was given away, and as confirm.
        """

        def decide(deciding: Deciding) -> Booking:
            booking = deciding.standing(booking_id, _ENDED)
            return booking.changed(status=booking.open_status)

        return self._do(business, "booking.reopened", request, decide)

    def find_answer(self, tenant_id: str, type_: str, request: Request) -> Known | None:
        """Return what the same request was answered before, None if it never came.

        type_: of the fact that it makes. Raises KeyReusedError, BookingsUnavailableError.
        """
        with self._decisions.reading() as connection:
            return find_answer(connection, tenant_id, (type_,), request, read=store.known_of)

    def find(self, tenant_id: str, booking_id: str) -> Known:
        """Return a booking. Raises UnknownBookingError, BookingsUnavailableError."""
        with self._decisions.reading() as connection:
            found = store.find_booking(connection, tenant_id, booking_id)
        if found is None:
            raise unknown_booking(booking_id)
        return found

    def search(
        self, tenant_id: str, *, begins: datetime, ends: datetime, statuses: Sequence[Status], limit: int
    ) -> list[Known]:
        """Return the bookings that start in a time, ascending. Raises BookingsUnavailableError."""
        with self._decisions.reading() as connection:
            return store.list_bookings(
                connection, tenant_id, begins=begins, ends=ends, statuses=statuses, limit=limit
            )

    def _change(
        self,
        business: BookableBusiness,
        booking_id: str,
        *,
        request: Request,
        allowed: frozenset[Status],
        to: Status,
    ) -> Known:
        def decide(deciding: Deciding) -> Booking:
            return deciding.standing(booking_id, allowed).changed(status=to)

        return self._do(business, f"booking.{to}", request, decide)

    def _do(
        self,
        business: BookableBusiness,
        type_: str,
        request: Request,
        decide: Callable[[Deciding], Booking],
    ) -> Known:
        """Decide and write in one transaction."""
        with self._decisions.deciding(business) as deciding:
            known = deciding.answered((type_,), request, read=store.known_of)
            if known is not None:
                return known
            deciding.free_expired()
            booking = decide(deciding)
            id_ = self._decisions.request_id(business.slug, type_, request)
            return deciding.write(type_, booking, id_=id_, request=request)


#: What a booking takes with it when it is moved.
_OF_TIME = ("starts_at", "ends_at", "taken_from", "taken_until", "zone", "starts_at_local", "places", "staff")
_PENDING: frozenset[Status] = frozenset({"pending"})
_ENDED: frozenset[Status] = frozenset({"declined", "cancelled", "completed", "no_show"})
