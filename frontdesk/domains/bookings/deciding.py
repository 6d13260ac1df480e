"""Decides on a business's bookings: one transaction, in which nobody else decides on them.

What is taken is looked at, events are appended, and the rows that follow from them are written, or nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import IntegrityError

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory, keyed_id
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import Appended, NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.agreed_price import Priced, PriceInForce, agree_on
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.booking import Booking, Place, as_utc, local_text
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

#: Slot holds that run at the same time for one network address, and for one browser.
MOST_HOLDS_OF_ADDRESS: Final = 3
MOST_HOLDS_OF_BROWSER: Final = 1

T = TypeVar("T")


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


class NotFreeError(Exception):
    """A start can't be had: the transaction ends before the refusal is put together."""

    def __init__(self, rule: Rule | None, wish: Wish, starts_at: datetime) -> None:
        super().__init__()
        self.rule = rule
        self.wish = wish
        self.starts_at = starts_at


class Deciding:
    """One transaction in which a business's bookings are decided on, and nobody else decides on them."""

    def __init__(
        self, connection: Connection, business: BookableBusiness, *, log: EventLog, ids: IdFactory, now: datetime
    ) -> None:
        self.now = now
        self.connection = connection
        self.business = business
        self._log = log
        self._ids = ids
        store.begin_deciding(connection, business.slug)

    def answered(
        self, types: tuple[str, ...], request: Request, *, read: Callable[[Row[Any]], T], purpose: str | None = None
    ) -> T | None:
        """Return what the same request was answered. Raises KeyReusedError if the key came with another.

        types: of the events that answer it. purpose: what the key is for, where that is not the first of them.
        """
        return find_answer(self.connection, self.business.slug, types, request, read=read, purpose=purpose)

    def free_expired(self) -> None:
        """End the slot holds that have run out: at their own time, whenever that is noticed."""
        for known in store.expired_holds(self.connection, self.business.slug, now=self.now):
            expired = known.booking
            self.write(
                HOLD_EXPIRED,
                expired.changed(status="expired"),
                id_=expired.booking_id,
                occurred_at=expired.expires_at,
                cause=known.event_id,
            )

    def check_holds(self, keeper: Keeper) -> tuple[str, ...]:
        """Return what tells who keeps a time. Raises TooManyHoldsError if as many are kept as one may have."""
        held_by = _digests(self.business.slug, keeper)
        live = store.live_holds(self.connection, self.business.slug, now=self.now) if held_by else []
        for digest in held_by:
            most = MOST_HOLDS_OF_ADDRESS if digest.startswith("address:") else MOST_HOLDS_OF_BROWSER
            if sum(digest in each.held_by for each in live) >= most:
                raise TooManyHoldsError(
                    "you keep as many times as one may; book one, or wait until one is free", reason="too-many-holds"
                )
        return held_by

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
        """Return a booking at a time that is free. Raises NotFreeError, NotBookableError."""
        business, start = self.business, seconds(starts_at)
        question = ask(self.connection, business, wish, window=Period(start, start + 1), now=self.now)
        found = Refused(Rule.START_TIME) if starts_at.microsecond else look_at(question, start)
        if isinstance(found, Refused):
            raise NotFreeError(found.rule, wish, starts_at)
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

    def agree(self, price: PriceInForce, booking: Booking) -> dict[str, Any]:
        """Return what a booking tells of its price; and use its promo code. Raises as commands.Bookings.create."""
        business = price.business
        priced = Priced(
            service_key=booking.service_key,
            starts_at=booking.starts_at,
            booking_id=booking.booking_id,
            contact=booking.contact,
        )
        counter = LoggedCodeUses(
            self._log.as_seen_within(self.connection), tenant_id=business.slug, region=business.country
        )
        agreed = agree_on(price, priced, counter=counter, now=self.now, new_quote_id=self._ids.new_event_id())
        if agreed is None:
            return {}
        appended = self._log.append_within(self.connection, agreed.events)
        if not all(each.is_new for each in appended):
            raise OtherPriceError(
                "the price was agreed to for another booking, and its promo code used; ask for one anew",
                reason="other-price",
            )
        return agreed.fields()

    def book(
        self,
        booking: Booking,
        *,
        told: Mapping[str, Any],
        price: PriceInForce,
        request: Request,
        request_id: str,
    ) -> Known:
        """Book a time that was placed or is held; confirmed at once where the service's terms say so.

        told: what is told of the customer and the place.
        Raises as commands.Bookings.create.
        """
        with_customer = booking.changed(**told)
        booked = with_customer.changed(
            status="pending",
            expires_at=None,
            held_by=(),
            is_extended=False,
            **self.agree(price, with_customer),
        )
        known = self.write("booking.created", booked, id_=request_id, request=request)
        _, terms = bookable_service(self.business, booking.service_key)
        if not terms.confirmed:
            return known
        confirmed = known.booking.changed(status="confirmed", open_status="confirmed")
        return self.write("booking.confirmed", confirmed, id_=request_id, request=request, cause=known.event_id)

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
        """Append what happened to a booking, and make the rows what it says."""
        booking = booking.changed(revision=booking.revision + 1)
        appended = self.append(
            type_,
            booking.payload(**_who(request)),
            subject_id=booking.booking_id,
            id_=id_,
            request=request,
            occurred_at=occurred_at,
            cause=cause,
        )
        self._put(booking, appended)
        return Known(booking=booking, event_id=appended.event_id, sequence=appended.sequence, changed_at=self.now)

    def append(
        self,
        type_: str,
        payload: Mapping[str, Any],
        *,
        subject_id: str,
        id_: str,
        request: Request | None = None,
        occurred_at: datetime | None = None,
        cause: str | None = None,
    ) -> Appended:
        """Append what happened; whoever calls makes the rows what it says."""
        content = orjson.dumps(payload)
        event = own_event(
            type_,
            content,
            tenant_id=self.business.slug,
            source_event_id=f"{type_}:{id_}",
            subject_id=subject_id,
            now=self.now,
            occurred_at=occurred_at,
            causation_id=cause,
            headers={} if request is None else {store.REQUEST_HEADER: _digest(request)},
        )
        [appended] = self._log.append_within(self.connection, [event])
        return appended

    def append_besides(self, events: Sequence[NewEvent]) -> None:
        """Append what else happened, which has no rows."""
        self._log.append_within(self.connection, events)

    def _put(self, booking: Booking, appended: Appended) -> None:
        try:
            put(self.connection, self.business.slug, booking, appended)
        except IntegrityError as error:
            # The database itself refuses what would be taken twice, whoever wrote the other.
            wish = Wish(service_key=booking.service_key, besides=booking.booking_id)
            raise NotFreeError(None, wish, booking.starts_at) from error

    def _find(self, booking_id: str) -> Booking:
        found = store.find_booking(self.connection, self.business.slug, booking_id)
        if found is None:
            raise unknown_booking(booking_id)
        return found.booking


class Decisions:
    """Opens the transactions in which bookings are decided on. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, log: EventLog, clock: Clock, ids: IdFactory) -> None:
        self.log = log
        self.clock = clock
        self.ids = ids
        self._engine = engine
        self._availability = Availability(engine, clock=clock)

    @contextmanager
    def deciding(self, business: BookableBusiness) -> Iterator[Deciding]:
        """Decide on a business's bookings in one transaction.

        Raises BookingsUnavailableError; for a start that can't be had SlotTakenError, NotBookableError.
        """
        try:
            with self._writing() as connection:
                yield Deciding(connection, business, log=self.log, ids=self.ids, now=self.clock.now())
        except NotFreeError as error:
            if error.rule is None:
                raise self._availability.taken(business, error.wish, starts_at=error.starts_at) from error
            raise self._availability.not_bookable(
                business, error.wish, starts_at=error.starts_at, rule=error.rule
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read what is decided. Raises BookingsUnavailableError."""
        with translated_errors(BookingsUnavailableError, what="the bookings"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def telling_changed_price(self, contact: Callable[[], ContactPayload | None]) -> Iterator[None]:
        """Where a price is another by now, have the log tell it: whoever books may agree to it."""
        try:
            yield
        except PriceChangedError as changed:
            if changed.now is not None:
                self.log.append([told_event(changed.now, contact=contact(), now=self.clock.now())])
            raise

    def request_id(self, tenant_id: str, purpose: str, request: Request) -> str:
        """Return the id of what is asked for: the same for the same key, else a new one."""
        return self.ids.new_event_id() if request.key is None else keyed_id(tenant_id, purpose, request.key)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated_errors(BookingsUnavailableError, what="the bookings"), writing(self._engine) as connection:
            yield connection


def find_answer(
    connection: Connection,
    tenant_id: str,
    types: tuple[str, ...],
    request: Request,
    *,
    read: Callable[[Row[Any]], T],
    purpose: str | None = None,
) -> T | None:
    """Return what the same request was answered, None if it never came. Arguments and errors as Deciding.answered."""
    if request.key is None:
        return None
    id_ = keyed_id(tenant_id, purpose or types[0], request.key)
    row = store.find_answer(connection, tenant_id, [f"{type_}:{id_}" for type_ in types])
    if row is None:
        return None
    if orjson.loads(row.headers).get(store.REQUEST_HEADER) != _digest(request):
        raise KeyReusedError("this Idempotency-Key came with another request before; give each request its own")
    return read(row)


def unknown_booking(booking_id: str) -> UnknownBookingError:
    """Return the refusal of an id that no booking of ours has."""
    return UnknownBookingError(f"{booking_id}: no booking that was made here; GET /v1/bookings lists them")


def _staff(business: BookableBusiness, places: tuple[Place, ...]) -> str | None:
    names = {f"person:{person.key}": person.name for person in business.people}
    return ", ".join(names[place.resource] for place in places if place.resource in names) or None


def _digests(tenant_id: str, keeper: Keeper) -> tuple[str, ...]:
    """Return what tells that the same address or browser asks again, and nothing else of it."""
    known = {"address": keeper.address, "browser": keeper.browser}
    return tuple(f"{kind}:{keyed_id(tenant_id, kind, value)}" for kind, value in known.items() if value)


def _digest(request: Request) -> str:
    return sha256(orjson.dumps(request.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _who(request: Request | None) -> dict[str, str | None]:
    return {} if request is None else {"by": request.by, "reason": request.reason}
