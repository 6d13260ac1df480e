"""Which offers have ended, and who could be offered what: read here, written by waitlist/commands.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.errors import NotBookableError
from frontdesk.domains.bookings.free_time import Free, free_starts
from frontdesk.domains.bookings.questions import Wish, ask, window_of
from frontdesk.domains.bookings.waitlist.entry import Offer, WaitlistEntry
from frontdesk.domains.bookings.waitlist.rows import KnownEntry
from frontdesk.domains.catalogue.booking_terms import BookingTerms, WaitlistTerms
from frontdesk.domains.catalogue.open_times import Period, instant, seconds
from frontdesk.domains.catalogue.settings import BookableBusiness

#: An offer ends so long before its start at the latest: who has it can still come, or another have the time.
_ENDS_BEFORE_START = timedelta(hours=2)
#: With less time than this to answer nobody is asked.
_SHORTEST_ANSWER = timedelta(minutes=15)
_SECOND = timedelta(seconds=1)

#: Tells whether somebody can be written to now.
CanAsk = Callable[[WaitlistEntry], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of an entry or its offer without anybody's asking, as an event says it."""

    type: str
    known: KnownEntry
    entry: WaitlistEntry  #: as it is after that
    occurred_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who waits, and the starts that could be offered to them, ascending."""

    known: KnownEntry
    terms: BookingTerms
    waitlist: WaitlistTerms
    starts: Iterator[Free]

    def expires_at(self, starts_at: datetime, *, now: datetime) -> datetime:
        """Return until when an offer of a start is to be answered."""
        return min(now + self.waitlist.answer_within, starts_at - last_answer_before(self.terms))


def last_answer_before(terms: BookingTerms) -> timedelta:
    """Return how long before its start an offer ends at the latest: nothing is booked after its notice."""
    return max(_ENDS_BEFORE_START, terms.notice)


class Openings:
    """What a waitlist of one business could offer, as of now; it reads within the caller's transaction."""

    def __init__(self, connection: Connection, business: BookableBusiness, *, now: datetime) -> None:
        self._connection = connection
        self._business = business
        self._now = now
        self._offered: list[_Offered] = []

    def endings(self, entries: Iterable[KnownEntry]) -> Iterator[Ending]:
        """Yield what has ended of open entries: offers that ran out or whose time is taken, times that are over."""
        for known in entries:
            ending = self._ending_of(known)
            if ending is not None:
                yield ending

    def candidates(self, entries: Sequence[KnownEntry], *, can_ask: CanAsk) -> Iterator[Candidate]:
        """Yield who waits and could be offered something, in the order in which they are asked.

        entries: all that are open. What is offered is to be told to `note`; a time may be taken by the one before.
        """
        self._offered = [
            _Offered.of(each.entry.service_key, offer)
            for each in entries
            if (offer := each.entry.standing_offer) is not None
        ]
        waiting = [each for each in entries if each.entry.status == "waiting" and can_ask(each.entry)]
        listings = self._list(waiting)
        for known in sorted(waiting, key=lambda each: each.entry.order):
            terms = self._terms(known.entry.service_key)
            if terms is not None and terms.waitlist is not None:
                free = listings[_asked(known.entry)]
                starts = self._starts(known.entry, free, most=terms.waitlist.offers)
                yield Candidate(known=known, terms=terms, waitlist=terms.waitlist, starts=starts)

    def note(self, service_key: str, offer: Offer) -> None:
        """Take account of an offer that was made meanwhile."""
        self._offered.append(_Offered.of(service_key, offer))

    def _starts(self, entry: WaitlistEntry, free: Sequence[Free], *, most: int) -> Iterator[Free]:
        for each in free:
            new = _Offered(entry.service_key, each.starts, each.ends)
            # What is kept for one is not free; of what is not, only so many are offered the same time.
            is_open = most == 1 or sum(other.overlaps(new) for other in self._offered) < most
            if is_open and entry.wants(instant(each.starts)):
                yield each

    def _list(self, waiting: Iterable[KnownEntry]) -> dict[tuple[str, str | None], tuple[Free, ...]]:
        """Return the free starts of each service and person that somebody waits for."""
        asked: defaultdict[tuple[str, str | None], list[WaitlistEntry]] = defaultdict(list)
        for known in waiting:
            asked[_asked(known.entry)].append(known.entry)
        return {wanted: self._list_of(wanted, entries) for wanted, entries in asked.items()}

    def _list_of(self, wanted: tuple[str, str | None], entries: Sequence[WaitlistEntry]) -> tuple[Free, ...]:
        service_key, person = wanted
        terms = self._terms(service_key)
        if terms is None or terms.waitlist is None:
            return ()
        lead = last_answer_before(terms) + min(terms.waitlist.answer_within, _SHORTEST_ANSWER)
        begins = max(self._now + lead, min(entry.starts_from for entry in entries))
        ends = min(self._now + terms.horizon + _SECOND, max(entry.starts_until for entry in entries))
        if begins >= ends:
            return ()
        return self._free(Wish(service_key=service_key, person=person), window_of(begins, ends))

    def _free(self, wish: Wish, window: Period) -> tuple[Free, ...]:
        """Return the free starts of a window; none of what can't be booked any more, such as by somebody who left."""
        try:
            return tuple(free_starts(ask(self._connection, self._business, wish, window=window, now=self._now)))
        except NotBookableError:
            return ()

    def _terms(self, service_key: str) -> BookingTerms | None:
        service = self._business.find_service(service_key)
        return None if service is None else service.booking

    def _ending_of(self, known: KnownEntry) -> Ending | None:
        offer = known.entry.standing_offer
        if offer is not None:
            return self._ending_of_held(known, offer) if offer.is_held else self._ending_of_open(known, offer)
        if known.entry.starts_until > self._now:
            return None
        return self._ending("left", known, known.entry.changed(status="left"), reason="its time is over")

    def _ending_of_held(self, known: KnownEntry, offer: Offer) -> Ending | None:
        found = store.find_booking(self._connection, self._business.slug, offer.booking_id)
        status = "expired" if found is None else found.booking.status
        if status == "released":
            # By staff, who want it for something else: it is not offered to the same one again.
            entry = known.entry.turned("withdrawn", offer)
            return self._ending("withdrawn", known, entry, reason="the time is not kept any more")
        if status not in ("held", "expired"):  # somebody has booked it by its hold
            return self._ending("accepted", known, known.entry.changed(status="accepted"))
        return self._ending_by_time(known, offer)

    def _ending_of_open(self, known: KnownEntry, offer: Offer) -> Ending | None:
        ended = self._ending_by_time(known, offer)
        if ended is not None:
            return ended
        start = seconds(offer.starts_at)
        if self._free(Wish(service_key=known.entry.service_key, person=known.entry.person), Period(start, start + 1)):
            return None
        entry = known.entry.changed(status="waiting")
        return self._ending("withdrawn", known, entry, reason="somebody else has the time")

    def _ending_by_time(self, known: KnownEntry, offer: Offer) -> Ending | None:
        if offer.expires_at > self._now:
            return None
        return self._ending("expired", known, known.entry.turned("expired", offer), occurred_at=offer.expires_at)

    def _ending(
        self,
        verb: str,
        known: KnownEntry,
        entry: WaitlistEntry,
        *,
        reason: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Ending:
        return Ending(
            type=f"waitlist.{verb}", known=known, entry=entry, occurred_at=occurred_at or self._now, reason=reason
        )


@dataclass(frozen=True, slots=True)
class _Offered:
    """A time that is offered to somebody."""

    service_key: str
    begins: int
    ends: int

    @classmethod
    def of(cls, service_key: str, offer: Offer) -> _Offered:
        return cls(service_key, seconds(offer.starts_at), seconds(offer.ends_at))

    def overlaps(self, other: _Offered) -> bool:
        return self.service_key == other.service_key and self.begins < other.ends and other.begins < self.ends


def _asked(entry: WaitlistEntry) -> tuple[str, str | None]:
    return entry.service_key, entry.person
