"""What people do with bookings: hold, create, confirm, decline, reschedule, cancel, complete, no-show, reopen.

Each is one transaction: what is taken is looked at, the event is appended, and the rows that follow from it are
written, or nothing is. A request with an idempotency key that came before is answered as it was then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory, keyed_id
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import Appended, NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.agreed_price import Priced, PriceInForce, agree_on, verify
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.booking import OPEN, Booking, Place, as_utc, local_text
from frontdesk.domains.bookings.errors import (
    BookingsUnavailableError,
    HoldExpiredError,
    KeyReusedError,
    OtherPriceError,
    TooManyHoldsError,
    UnknownBookingError,
    WrongStateError,
)
from frontdesk.domains.bookings.facts import HOLD_EXPIRED, Status
from frontdesk.domains.bookings.free_time import Refused, Rule, look_at
from frontdesk.domains.bookings.projection import put
from frontdesk.domains.bookings.questions import Wish, ask, bookable_service
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.catalogue.open_times import Period, instant, seconds
from frontdesk.domains.catalogue.settings import BookableBusiness
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.code_uses import LoggedCodeUses
from frontdesk.domains.prices.errors import PriceChangedError
from frontdesk.domains.prices.quotes import told_event
from frontdesk.domains.prices.settings import PricedBusiness
from frontdesk.domains.prices.snapshot import QuotedPrice

#: Slot holds that run at the same time for one network address, and for one browser.
MOST_HOLDS_OF_ADDRESS: Final = 3
MOST_HOLDS_OF_BROWSER: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, why, and by which key a repetition of it is known."""

    by: str
    reason: str | None = None
    key: str | None = None  #: None: it is never repeated
    content: Mapping[str, Any] | None = None  #: what is asked for: the same key must come with the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """For whom a time is kept; None where that is not limited."""

    address: str | None = None
    browser: str | None = None


NOBODY: Final = Keeper()


class _NotFreeError(Exception):
    """A start can't be had: the transaction ends before the refusal is put together."""

    def __init__(self, rule: Rule | None, wish: Wish, starts_at: datetime) -> None:
        super().__init__()
        self.rule = rule
        self.wish = wish
        self.starts_at = starts_at


class Bookings:
    """The bookings of one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, log: EventLog, clock: Clock, ids: IdFactory) -> None:
        self._engine = engine
        self._log = log
        self._clock = clock
        self._ids = ids
        self._availability = Availability(engine, clock=clock)

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

        def decide(deciding: _Deciding) -> Booking:
            held_by = _digests(business.slug, keeper)
            deciding.check_holds(held_by)
            booking = deciding.place(wish, starts_at=starts_at, booking_id=self._ids.new_event_id())
            expires_at = deciding.now + (lasts or business.slot_hold)
            return booking.changed(status="held", expires_at=expires_at, held_by=held_by)

        return self._do(business, "slot_hold.placed", request, decide)

    def extend(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Keep a time for as long again as a business keeps one: once. Raises as confirm, and HoldExpiredError."""

        def decide(deciding: _Deciding) -> Booking:
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
    ) -> Known:
        """Book a time: the one that is held, or one that is free. Confirmed at once where the service's terms say so.

        `told`: the price that whoever books was told; None for what it costs now. `version`: of the business's file.
        Raises what hold raises, HoldExpiredError for a hold that ran out or was released, and for prices
        OtherPriceError, PriceChangedError, QuoteNotGenuineError, PricesWrongError.
        """

        def decide(deciding: _Deciding) -> Booking:
            if hold_id is None:
                booking = deciding.place(wish, starts_at=starts_at, booking_id=self._ids.new_event_id())
            else:
                booking = deciding.held(hold_id, wish=wish, starts_at=starts_at)
            price = deciding.agree(
                PriceInForce(business=business, version=version, told=told),
                Priced(
                    service_key=wish.service_key,
                    starts_at=starts_at,
                    booking_id=booking.booking_id,
                    contact=contact,
                ),
                new_quote_id=self._ids.new_event_id(),
            )
            more = {"contact": contact, "guest_name": guest_name, "location": location, **price}
            return booking.changed(status="pending", expires_at=None, held_by=(), is_extended=False, **more)

        _, terms = bookable_service(business, wish.service_key)
        following = ("booking.confirmed",) if terms.confirmed else ()
        with self._telling_changed_price(lambda: contact):
            return self._do(business, "booking.created", request, decide, following=following)

    @contextmanager
    def _telling_changed_price(self, contact: Callable[[], ContactPayload | None]) -> Iterator[None]:
        """Where a price is another by now, have the log tell it: whoever books may agree to it."""
        try:
            yield
        except PriceChangedError as changed:
            if changed.now is not None:
                self._log.append([told_event(changed.now, contact=contact(), now=self._clock.now())])
            raise

    def confirm(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Confirm what is pending, at the price that was agreed to.

        Raises UnknownBookingError, WrongStateError, KeyReusedError, QuoteNotGenuineError, BookingsUnavailableError.
        """

        def decide(deciding: _Deciding) -> Booking:
            booking = deciding.standing(booking_id, _PENDING)
            verify(booking.quote)
            return booking.changed(status="confirmed", open_status="confirmed")

        return self._do(business, "booking.confirmed", request, decide)

    def decline(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Decline what is pending; its time is free again. Raises as confirm."""
        return self._change(business, booking_id, request=request, allowed=_PENDING, to="declined")

    def cancel(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Cancel what is to come; its time is free again. Raises as confirm."""
        return self._change(business, booking_id, request=request, allowed=OPEN, to="cancelled")

    def complete(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Say that it was done. Raises as confirm."""
        return self._change(business, booking_id, request=request, allowed=OPEN, to="completed")

    def mark_no_show(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Say that nobody came. Raises as confirm, and WrongStateError before it begins."""

        def decide(deciding: _Deciding) -> Booking:
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
    ) -> Known:
        """Move it to another time, with whom it was if they are free; if that is taken, it stays where it is.

        at_price: the price that was told for the other time; None: it stays as it was agreed. Raises as create, and
        as confirm.
        """

        def decide(deciding: _Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN)
            own = tuple(place.resource for place in booking.places)
            wish = Wish(service_key=booking.service_key, person=person, besides=booking_id, prefers=own)
            placed = deciding.place(wish, starts_at=starts_at, booking_id=booking_id)
            if placed.starts_at == booking.starts_at and placed.places == booking.places:
                raise WrongStateError(
                    "it is at this time already", reason="wrong-state", booking_status=booking.status
                )
            moved = {name: getattr(placed, name) for name in _OF_TIME}
            if at_price is None:
                return booking.changed(**moved)
            priced = Priced(
                service_key=booking.service_key,
                starts_at=starts_at,
                booking_id=booking_id,
                contact=booking.contact,
            )
            return booking.changed(**moved, **deciding.agree(at_price, priced, new_quote_id=self._ids.new_event_id()))

        with self._telling_changed_price(lambda: self.find(business.slug, booking_id).booking.contact):
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

        def decide(deciding: _Deciding) -> Booking:
            booking = deciding.standing(booking_id, OPEN | _ENDED)
            known = {} if booking.contact is None else booking.contact.model_dump(exclude_none=True)
            return booking.changed(
                contact=ContactPayload.model_validate(known | dict(contact)) if contact else booking.contact,
                guest_name=booking.guest_name if guest_name is None else guest_name,
                location=booking.location if location is None else location,
            )

        return self._do(business, "booking.updated", request, decide)

    def reopen(self, business: BookableBusiness, booking_id: str, *, request: Request) -> Known:
        """Take an ending back: it is pending or confirmed as before, at its time and place.

        Notice and caps do not count again. Raises SlotTakenError if its time was given away, and as confirm.
        """

        def decide(deciding: _Deciding) -> Booking:
            booking = deciding.standing(booking_id, _ENDED)
            return booking.changed(status=booking.open_status)

        return self._do(business, "booking.reopened", request, decide)

    def find(self, tenant_id: str, booking_id: str) -> Known:
        """Return a booking. Raises UnknownBookingError, BookingsUnavailableError."""
        with self._reading() as connection:
            found = store.find_booking(connection, tenant_id, booking_id)
        if found is None:
            raise _unknown(booking_id)
        return found

    def search(
        self, tenant_id: str, *, begins: datetime, ends: datetime, statuses: Sequence[Status], limit: int
    ) -> list[Known]:
        """Return the bookings that start in a time, ascending. Raises BookingsUnavailableError."""
        with self._reading() as connection:
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
        def decide(deciding: _Deciding) -> Booking:
            return deciding.standing(booking_id, allowed).changed(status=to)

        return self._do(business, f"booking.{to}", request, decide)

    def _do(
        self,
        business: BookableBusiness,
        type_: str,
        request: Request,
        decide: Callable[[_Deciding], Booking],
        *,
        following: tuple[str, ...] = (),
    ) -> Known:
        """Decide and write in one transaction. `following`: of what is created, confirmed at once."""
        try:
            with self._writing() as connection:
                deciding = _Deciding(connection, business, log=self._log, now=self._clock.now())
                known = deciding.answered((type_, *following), request)
                if known is not None:
                    return known
                deciding.free_expired()
                booking = decide(deciding)
                id_ = self._request_id(business.slug, type_, request)
                known = deciding.write(type_, booking, id_=id_, request=request)
                for each in following:
                    confirmed = booking.changed(status="confirmed", open_status="confirmed")
                    known = deciding.write(each, confirmed, id_=id_, request=request, cause=known.event_id)
                return known
        except _NotFreeError as error:
            if error.rule is None:
                raise self._availability.taken(business, error.wish, starts_at=error.starts_at) from error
            raise self._availability.not_bookable(
                business, error.wish, starts_at=error.starts_at, rule=error.rule
            ) from error

    def _request_id(self, tenant_id: str, type_: str, request: Request) -> str:
        return self._ids.new_event_id() if request.key is None else keyed_id(tenant_id, type_, request.key)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated_errors(BookingsUnavailableError, what="the bookings"), writing(self._engine) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(BookingsUnavailableError, what="the bookings"), self._engine.connect() as connection:
            yield connection


#: What a booking takes with it when it is moved.
_OF_TIME = ("starts_at", "ends_at", "taken_from", "taken_until", "zone", "starts_at_local", "places", "staff")
_PENDING: frozenset[Status] = frozenset({"pending"})
_ENDED: frozenset[Status] = frozenset({"declined", "cancelled", "completed", "no_show"})


class _Deciding:
    """One transaction in which a business's bookings are decided on, and nobody else decides on them."""

    def __init__(self, connection: Connection, business: BookableBusiness, *, log: EventLog, now: datetime) -> None:
        self.now = now
        self._connection = connection
        self._business = business
        self._log = log
        store.begin_deciding(connection, business.slug)

    def answered(self, types: tuple[str, ...], request: Request) -> Known | None:
        """Return what the same request was answered. Raises KeyReusedError if the key came with another."""
        if request.key is None:
            return None
        id_ = keyed_id(self._business.slug, types[0], request.key)
        found = store.find_answer(self._connection, self._business.slug, [f"{type_}:{id_}" for type_ in types])
        if found is None:
            return None
        if found.request_sha256 != _digest(request):
            raise KeyReusedError("this Idempotency-Key came with another request before; give each request its own")
        return found.known

    def free_expired(self) -> None:
        """End the slot holds that have run out: at their own time, whenever that is noticed."""
        for known in store.expired_holds(self._connection, self._business.slug, now=self.now):
            expired = known.booking
            self.write(
                HOLD_EXPIRED,
                expired.changed(status="expired"),
                id_=expired.booking_id,
                occurred_at=expired.expires_at,
                cause=known.event_id,
            )

    def check_holds(self, held_by: tuple[str, ...]) -> None:
        """Raise TooManyHoldsError if as many times are kept for who asks as one may have."""
        live = store.live_holds(self._connection, self._business.slug, now=self.now) if held_by else []
        for digest in held_by:
            most = MOST_HOLDS_OF_ADDRESS if digest.startswith("address:") else MOST_HOLDS_OF_BROWSER
            if sum(digest in each.held_by for each in live) >= most:
                raise TooManyHoldsError(
                    "you keep as many times as one may; book one, or wait until one is free", reason="too-many-holds"
                )

    def held(self, booking_id: str, *, wish: Wish | None = None, starts_at: datetime | None = None) -> Booking:
        """Return a slot hold that runs. Raises HoldExpiredError if it ran out, and UnknownBookingError."""
        found = self._find(booking_id)
        if found.status != "held":
            if found.status in ("expired", "released"):
                raise HoldExpiredError(
                    "the time is not kept any more; hold it again if it is still free",
                    reason="hold-expired",
                    expired_at=None if found.expires_at is None else found.expires_at.isoformat(),
                )
            raise WrongStateError("it is booked already", reason="wrong-state", booking_status=found.status)
        is_other = wish is not None and wish.service_key != found.service_key
        is_other |= wish is not None and wish.person is not None and wish.person not in found.people
        if is_other or (starts_at is not None and starts_at != found.starts_at):
            raise WrongStateError(
                "the hold is for another service, person or time; book what is held, or hold anew",
                reason="wrong-state",
                booking_status=found.status,
            )
        return found

    def standing(self, booking_id: str, allowed: frozenset[Status]) -> Booking:
        """Return a booking that stands as is asked. Raises WrongStateError, UnknownBookingError."""
        found = self._find(booking_id)
        if found.status not in allowed:
            wanted = " or ".join(sorted(allowed)).replace("_", "-")
            raise WrongStateError(
                f"the booking is {found.status.replace('_', '-')}; this needs one that is {wanted}",
                reason="wrong-state",
                booking_status=found.status,
            )
        return found

    def place(self, wish: Wish, *, starts_at: datetime, booking_id: str) -> Booking:
        """Return a booking at a time that is free. Raises _NotFreeError, NotBookableError."""
        business, start = self._business, seconds(starts_at)
        question = ask(self._connection, business, wish, window=Period(start, start + 1), now=self.now)
        found = Refused(Rule.START_TIME) if starts_at.microsecond else look_at(question, start)
        if isinstance(found, Refused):
            raise _NotFreeError(found.rule, wish, starts_at)
        service, _ = bookable_service(business, wish.service_key)
        places = tuple(Place(resource=place.resource, lane=place.lane) for place in found.places)
        return Booking(
            booking_id=booking_id,
            status="pending",
            service_key=service.key,
            service=service.name,
            starts_at=instant(found.starts),
            ends_at=instant(found.ends),
            taken_from=instant(found.starts - question.before),
            taken_until=instant(found.ends + question.after),
            zone=business.zone,
            starts_at_local=local_text(as_utc(starts_at), business.zone),
            places=places,
            staff=_staff(business, places),
        )

    def agree(self, price: PriceInForce, priced: Priced, *, new_quote_id: str) -> dict[str, Any]:
        """Return what a booking tells of its price; its promo code is used by it. Raises as create."""
        business = price.business
        counter = LoggedCodeUses(
            self._log.as_seen_within(self._connection), tenant_id=business.slug, region=business.country
        )
        agreed = agree_on(price, priced, counter=counter, now=self.now, new_quote_id=new_quote_id)
        if agreed is None:
            return {}
        appended = self._log.append_within(self._connection, agreed.events)
        if not all(each.is_new for each in appended):
            raise OtherPriceError(
                "the price was agreed to for another booking, and its promo code used; ask for one anew",
                reason="other-price",
            )
        return agreed.fields()

    def write(
        self,
        type_: str,
        booking: Booking,
        *,
        id_: str,
        request: Request | None = None,
        occurred_at: datetime | None = None,
        cause: str | None = None,
    ) -> Known:
        """Append what happened, and make the rows what it says."""
        who = {} if request is None else {"by": request.by, "reason": request.reason}
        content = orjson.dumps(booking.payload(**who))
        event = NewEvent(
            tenant_id=self._business.slug,
            source=FRONTDESK_SOURCE,
            source_event_id=f"{type_}:{id_}",
            type=type_,
            occurred_at=occurred_at or self.now,
            received_at=self.now,
            body=content,
            payload=content,
            subject_id=booking.booking_id,
            causation_id=cause,
            headers={} if request is None else {store.REQUEST_HEADER: _digest(request)},
            origin=Origin.COMMAND,
        )
        [appended] = self._log.append_within(self._connection, [event])
        self._put(booking, appended)
        return Known(booking=booking, event_id=appended.event_id, sequence=appended.sequence, changed_at=self.now)

    def _put(self, booking: Booking, appended: Appended) -> None:
        try:
            put(self._connection, self._business.slug, booking, appended)
        except IntegrityError as error:
            # The database itself refuses what would be taken twice, whoever wrote the other.
            wish = Wish(service_key=booking.service_key, besides=booking.booking_id)
            raise _NotFreeError(None, wish, booking.starts_at) from error

    def _find(self, booking_id: str) -> Booking:
        found = store.find_booking(self._connection, self._business.slug, booking_id)
        if found is None:
            raise _unknown(booking_id)
        return found.booking


def _staff(business: BookableBusiness, places: tuple[Place, ...]) -> str | None:
    names = {f"person:{person.key}": person.name for person in business.people}
    return ", ".join(names[place.resource] for place in places if place.resource in names) or None


def _digests(tenant_id: str, keeper: Keeper) -> tuple[str, ...]:
    """Return what tells that the same address or browser asks again, and nothing else of it."""
    known = {"address": keeper.address, "browser": keeper.browser}
    return tuple(f"{kind}:{keyed_id(tenant_id, kind, value)}" for kind, value in known.items() if value)


def _digest(request: Request) -> str:
    return sha256(orjson.dumps(request.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _unknown(booking_id: str) -> UnknownBookingError:
    return UnknownBookingError(f"{booking_id}: no booking that was made here; GET /v1/bookings lists them")
