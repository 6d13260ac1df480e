"""What becomes of who waits for a time: they join, leave, are offered times, and accept or decline them.

Each is one transaction, as those of bookings are. A time that is offered to one alone is kept by a slot hold; what is
offered to several has whoever accepts first.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.agreed_price import PriceInForce
from frontdesk.domains.bookings.booking import Booking, as_utc
from frontdesk.domains.bookings.deciding import Deciding, Decisions, NotFreeError, Request
from frontdesk.domains.bookings.errors import (
    EntryStateError,
    NotBookableError,
    OfferExpiredError,
    TooManyEntriesError,
    UnknownEntryError,
    WindowError,
)
from frontdesk.domains.bookings.questions import Wish, ask, bookable_service
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.bookings.waitlist.entry import OPEN, EntryStatus, Offer, WaitlistEntry
from frontdesk.domains.bookings.waitlist.offers import CanAsk, Candidate, Ending, Openings
from frontdesk.domains.bookings.waitlist.rows import (
    KnownEntry,
    businesses_with_open_entries,
    entry_of,
    find_entry,
    list_entries,
    put_entry,
)
from frontdesk.domains.catalogue.open_times import Period, instant, seconds
from frontdesk.domains.catalogue.settings import BookableBusiness
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.identity.identifiers import identifiers_of
from frontdesk.domains.prices.settings import PricedBusiness
from frontdesk.domains.prices.snapshot import QuotedPrice

#: Times of one business that somebody can wait for at once.
MOST_ENTRIES_OF_CONTACT: Final = 3
#: Farther ahead nobody waits.
_FARTHEST: Final = timedelta(days=731)
#: Changes that one transaction makes when offers are made: others book in between.
_AT_ONCE: Final = 20
_CREATED: Final = ("booking.created", "booking.confirmed")


class Waitlist:
    """The waitlists of one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, log: EventLog, clock: Clock, ids: IdFactory) -> None:
        self._decisions = Decisions(engine, log=log, clock=clock, ids=ids)

    def join(
        self,
        business: BookableBusiness,
        wish: Wish,
        *,
        starts_from: datetime,
        starts_until: datetime,
        contact: ContactPayload,
        request: Request,
    ) -> KnownEntry:
        """Have somebody wait for a start from an instant on until another.

        Raises WindowError, NotBookableError, TooManyEntriesError, KeyReusedError, BookingsUnavailableError.
        """
        with self._decisions.deciding(business) as deciding:
            known = deciding.answered(("waitlist.joined",), request, read=entry_of)
            if known is not None:
                return known
            _check_window(starts_from, starts_until, now=deciding.now)
            _check_can_wait(deciding, wish)
            _check_count(deciding, contact)
            service, _ = bookable_service(business, wish.service_key)
            entry = WaitlistEntry(
                entry_id=self._decisions.ids.new_event_id(),
                status="waiting",
                service_key=service.key,
                service=service.name,
                person=wish.person,
                starts_from=as_utc(starts_from),
                starts_until=as_utc(starts_until),
                contact=contact,
                joined_at=deciding.now,
            )
            return self._write(deciding, "waitlist.joined", entry, request=request)

    def leave(self, business: BookableBusiness, entry_id: str, *, request: Request) -> KnownEntry:
        """Have somebody wait no longer; what was kept for them is free again.

        Raises UnknownEntryError, EntryStateError, KeyReusedError, BookingsUnavailableError.
        """
        with self._decisions.deciding(business) as deciding:
            known = deciding.answered(("waitlist.left",), request, read=entry_of)
            if known is not None:
                return known
            deciding.free_expired()
            entry = _find(deciding, entry_id)
            if entry.status not in OPEN:
                raise _other_state(entry)
            if entry.standing_offer is not None:
                offer = entry.standing_offer
                entry = self._decline(deciding, entry, offer, request=request, id_=offer.booking_id).entry
            return self._write(deciding, "waitlist.left", entry.changed(status="left"), request=request)

    def decline(
        self, business: BookableBusiness, entry_id: str, *, starts_at: datetime, request: Request
    ) -> KnownEntry:
        """Decline the start that is offered; the next is offered it. Raises as leave, and OfferExpiredError."""
        with self._decisions.deciding(business) as deciding:
            known = deciding.answered(("waitlist.declined",), request, read=entry_of)
            if known is not None:
                return known
            deciding.free_expired()
            entry = _find(deciding, entry_id)
            offer = _standing(entry, starts_at, now=deciding.now)
            return self._decline(deciding, entry, offer, request=request)

    def accept(
        self,
        business: PricedBusiness,
        entry_id: str,
        *,
        starts_at: datetime,
        request: Request,
        guest_name: str | None = None,
        location: str | None = None,
        told: QuotedPrice | None = None,
        version: Configuration | None = None,
    ) -> Known:
        """Book the start that is offered; return the booking.

        Raises as decline, SlotTakenError if another had it first, and for prices as Bookings.create.
        """
        decisions, purpose = self._decisions, "waitlist.accepted"
        changed_price = decisions.telling_changed_price(lambda: self.find(business.slug, entry_id).entry.contact)
        with changed_price, decisions.deciding(business) as deciding:
            known = deciding.answered(_CREATED, request, read=store.known_of, purpose=purpose)
            if known is not None:
                return known
            deciding.free_expired()
            entry = _find(deciding, entry_id)
            offer = _standing(entry, starts_at, now=deciding.now)
            id_ = decisions.request_id(business.slug, purpose, request)
            known = deciding.book(
                _kept(deciding, entry, offer),
                told={"contact": entry.contact, "guest_name": guest_name, "location": location},
                price=PriceInForce(business=business, version=version, told=told),
                request=request,
                request_id=id_,
            )
            accepted = entry.changed(status="accepted")
            self._write(deciding, purpose, accepted, id_=id_, request=request, cause=known.event_id)
            return known

    def make_offers(self, business: BookableBusiness, *, can_ask: CanAsk = lambda _: True) -> int:
        """End the offers that ran out, and make those that can be made; return how many entries that changed.

        can_ask: tells who can be written to now; the others are asked later. Raises BookingsUnavailableError.
        """
        changed = 0
        while self._is_due(business, can_ask=can_ask):
            with self._decisions.deciding(business) as deciding:
                deciding.free_expired()
                now_changed = self._end_offers(deciding) + self._offer(deciding, can_ask=can_ask)
            if not now_changed:
                break
            changed += now_changed
        return changed

    def find(self, tenant_id: str, entry_id: str) -> KnownEntry:
        """Return an entry. Raises UnknownEntryError, BookingsUnavailableError."""
        with self._decisions.reading() as connection:
            return _find_known(connection, tenant_id, entry_id)

    def search(
        self, tenant_id: str, *, statuses: Collection[EntryStatus] = OPEN, service_key: str | None, limit: int
    ) -> list[KnownEntry]:
        """Return entries by when they joined. Raises BookingsUnavailableError."""
        with self._decisions.reading() as connection:
            return list_entries(connection, tenant_id, statuses=statuses, service_key=service_key, limit=limit)

    def waiting_businesses(self) -> set[str]:
        """Return the slugs of the businesses for which somebody waits. Raises BookingsUnavailableError."""
        with self._decisions.reading() as connection:
            return businesses_with_open_entries(connection)

    def _is_due(self, business: BookableBusiness, *, can_ask: CanAsk) -> bool:
        """Tell whether there is something to write, without keeping anybody from booking meanwhile."""
        with self._decisions.reading() as connection:
            entries = list_entries(connection, business.slug)
            openings = Openings(connection, business, now=self._decisions.clock.now())
            if any(openings.endings(entries)):
                return True
            return any(any(candidate.starts) for candidate in openings.candidates(entries, can_ask=can_ask))

    def _end_offers(self, deciding: Deciding) -> int:
        openings = Openings(deciding.connection, deciding.business, now=deciding.now)
        endings = list(openings.endings(list_entries(deciding.connection, deciding.business.slug)))[:_AT_ONCE]
        for ending in endings:
            self._write_ending(deciding, ending)
        return len(endings)

    def _offer(self, deciding: Deciding, *, can_ask: CanAsk) -> int:
        openings = Openings(deciding.connection, deciding.business, now=deciding.now)
        entries, made = list_entries(deciding.connection, deciding.business.slug), 0
        for candidate in openings.candidates(entries, can_ask=can_ask):
            offer = self._make_offer(deciding, candidate)
            if offer is not None:
                openings.note(candidate.known.entry.service_key, offer)
                made += 1
            if made == _AT_ONCE:
                break
        return made

    def _make_offer(self, deciding: Deciding, candidate: Candidate) -> Offer | None:
        """Offer somebody the first start that is still free; return None if none is."""
        entry = candidate.known.entry
        wish = Wish(service_key=entry.service_key, person=entry.person)
        for free in candidate.starts:
            try:
                placed = deciding.place(
                    wish, starts_at=instant(free.starts), booking_id=self._decisions.ids.new_event_id()
                )
            except NotFreeError:
                continue  # who was asked before has it
            return self._write_offer(deciding, candidate, placed)
        return None

    def _write_offer(self, deciding: Deciding, candidate: Candidate, placed: Booking) -> Offer:
        is_held = candidate.waitlist.offers == 1
        offer = Offer(
            booking_id=placed.booking_id,
            starts_at=placed.starts_at,
            ends_at=placed.ends_at,
            starts_at_local=placed.starts_at_local,
            zone=placed.zone,
            staff=placed.staff if is_held else None,
            offered_at=deciding.now,
            expires_at=candidate.expires_at(placed.starts_at, now=deciding.now),
            is_held=is_held,
        )
        cause = candidate.known.event_id
        if is_held:
            # It is kept as long as it is offered, and no longer.
            held = placed.changed(status="held", expires_at=offer.expires_at, is_extended=True)
            cause = deciding.write("slot_hold.placed", held, id_=offer.booking_id, cause=cause).event_id
        entry = candidate.known.entry.changed(status="offered", offer=offer)
        self._write(deciding, "waitlist.offered", entry, id_=offer.booking_id, cause=cause)
        return offer

    def _decline(
        self, deciding: Deciding, entry: WaitlistEntry, offer: Offer, *, request: Request, id_: str | None = None
    ) -> KnownEntry:
        _release(deciding, offer)
        declined = entry.turned("declined", offer)
        return self._write(deciding, "waitlist.declined", declined, request=request, id_=id_)

    def _write_ending(self, deciding: Deciding, ending: Ending) -> None:
        offer = ending.known.entry.standing_offer
        self._write(
            deciding,
            ending.type,
            ending.entry,
            id_=ending.entry.entry_id if offer is None else offer.booking_id,
            occurred_at=ending.occurred_at,
            cause=ending.known.event_id,
            reason=ending.reason,
        )

    def _write(
        self,
        deciding: Deciding,
        type_: str,
        entry: WaitlistEntry,
        *,
        request: Request | None = None,
        id_: str | None = None,
        occurred_at: datetime | None = None,
        cause: str | None = None,
        reason: str | None = None,
    ) -> KnownEntry:
        """Append what happened to an entry, and make its row what it says. id_: None for that of the request."""
        tenant_id = deciding.business.slug
        if type_ != "waitlist.joined":
            entry = entry.changed(version=entry.version + 1)
        if id_ is None:
            assert request is not None  # noqa: S101 - what nobody asks for has an id
            id_ = self._decisions.request_id(tenant_id, type_, request)
        appended = deciding.append(
            type_,
            entry.payload(by=request.by if request else None, reason=request.reason if request else reason),
            subject_id=entry.entry_id,
            id_=id_,
            request=request,
            occurred_at=occurred_at,
            cause=cause,
        )
        put_entry(deciding.connection, tenant_id, entry, appended)
        return KnownEntry(
            entry=entry, event_id=appended.event_id, sequence=appended.sequence, changed_at=deciding.now
        )


def _check_window(starts_from: datetime, starts_until: datetime, *, now: datetime) -> None:
    if starts_until <= starts_from:
        raise WindowError("starts_until: must be later than starts_from", reason="window")
    if starts_until <= now:
        raise WindowError("starts_until: this time is over; wait for one that is to come", reason="window")
    if starts_until > now + _FARTHEST:
        raise WindowError(f"starts_until: must be within {_FARTHEST.days} days", reason="window")


def _check_can_wait(deciding: Deciding, wish: Wish) -> None:
    """Raise NotBookableError for a service that nobody can wait for, or a person who does not do it."""
    business = deciding.business
    start = seconds(deciding.now)
    ask(deciding.connection, business, wish, window=Period(start, start + 1), now=deciding.now)
    _, terms = bookable_service(business, wish.service_key)
    if terms.waitlist is None:
        raise NotBookableError(
            f"service_key: {wish.service_key} has no waitlist; book a time that is free",
            reason="not-bookable",
            rule="waitlist",
        )


def _check_count(deciding: Deciding, contact: ContactPayload) -> None:
    region = deciding.business.country
    own = set(identifiers_of(contact, region=region))
    entries = list_entries(deciding.connection, deciding.business.slug)
    known = sum(not own.isdisjoint(identifiers_of(each.entry.contact, region=region)) for each in entries)
    if known >= MOST_ENTRIES_OF_CONTACT:
        raise TooManyEntriesError(
            "you wait for as many times as one may; leave one of them first", reason="too-many-entries"
        )


def _find(deciding: Deciding, entry_id: str) -> WaitlistEntry:
    return _find_known(deciding.connection, deciding.business.slug, entry_id).entry


def _find_known(connection: Connection, tenant_id: str, entry_id: str) -> KnownEntry:
    found = find_entry(connection, tenant_id, entry_id)
    if found is None:
        raise UnknownEntryError(f"{entry_id}: no entry of a waitlist; GET /v1/waitlist lists them")
    return found


def _standing(entry: WaitlistEntry, starts_at: datetime, *, now: datetime) -> Offer:
    """Return the offer of a start that still stands. Raises OfferExpiredError, EntryStateError."""
    offer = entry.offer
    if offer is not None and entry.status == "offered" and offer.starts_at == starts_at:
        if offer.expires_at > now:
            return offer
        raise _expired(offer.expires_at)
    if any(each.how == "expired" and each.starts_at == starts_at for each in entry.turned_down):
        raise _expired(offer.expires_at if offer is not None and offer.starts_at == starts_at else None)
    raise _other_state(entry)


def _expired(expired_at: datetime | None) -> OfferExpiredError:
    return OfferExpiredError(
        "the offer was not answered in time; another is made when a time is free",
        reason="offer-expired",
        expired_at=None if expired_at is None else expired_at.isoformat(),
    )


def _other_state(entry: WaitlistEntry) -> EntryStateError:
    offer = entry.standing_offer
    stands = {
        "waiting": "no time is offered now; wait for the next offer",
        "offered": f"another time is offered: {offer.starts_at:%Y-%m-%dT%H:%M:%SZ}" if offer else "",
        "accepted": "a time is booked already",
        "left": "nobody waits any more; join anew",
    }
    return EntryStateError(stands[entry.status], reason="wrong-state", entry_status=entry.status)


def _kept(deciding: Deciding, entry: WaitlistEntry, offer: Offer) -> Booking:
    """Return what is to be booked: what is held, or a time that is free still. Raises NotFreeError."""
    if offer.is_held:
        return deciding.held(offer.booking_id)
    wish = Wish(service_key=entry.service_key, person=entry.person)
    return deciding.place(wish, starts_at=offer.starts_at, booking_id=offer.booking_id)


def _release(deciding: Deciding, offer: Offer | None) -> None:
    """Keep a time no longer, if it is kept."""
    if offer is None or not offer.is_held:
        return
    found = store.find_booking(deciding.connection, deciding.business.slug, offer.booking_id)
    if found is not None and found.booking.status == "held":
        released = found.booking.changed(status="released")
        deciding.write("slot_hold.released", released, id_=offer.booking_id, cause=found.event_id)
