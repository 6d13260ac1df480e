"""Books, moves, cancels and accepts offers until it is killed, and says on its output what it was answered."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.log.database import open_engine
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.settings import PricedBusiness
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, bookings_of, salon, waitlist_of

_WEEKS = 8
_WISHES = (Wish(service_key="cut"), Wish(service_key="colour"))


def accept(waitlist: Waitlist, business: PricedBusiness, at: datetime, *, name: str) -> Known:
    """Wait for a time, be offered it if it is free, and book it."""
    contact = ContactPayload(email=f"{name}@example.com")
    until = at + timedelta(hours=1)
    entry = waitlist.join(business, CUT, starts_from=at, starts_until=until, contact=contact, request=BY).entry
    waitlist.make_offers(business)
    offer = waitlist.find(business.slug, entry.entry_id).entry.standing_offer
    starts_at = at if offer is None else offer.starts_at
    try:
        return waitlist.accept(business, entry.entry_id, starts_at=starts_at, request=BY)
    except FrontdeskError:
        waitlist.leave(business, entry.entry_id, request=BY)
        raise


def main(url: str, seed: int) -> None:
    """Go on until killed, on three threads; a line is an answer."""
    engine, clock, business = open_engine(url), SetClock(NOW), salon(terms={"waitlist": {}})
    bookings, waitlist = bookings_of(engine, clock), waitlist_of(engine, clock)

    def go_on(number: int) -> None:
        rng = Random(seed * 10 + number)
        own: list[str] = []
        while True:
            at = NOW + timedelta(
                days=rng.randint(1, 7 * _WEEKS), hours=rng.randint(1, 9), minutes=rng.choice([0, 30])
            )
            try:
                step = rng.random()
                if step < 0.2:
                    known = accept(waitlist, business, at, name=f"{seed}-{number}-{len(own)}-{step}")
                elif step < 0.7 or not own:
                    known = bookings.create(business, rng.choice(_WISHES), starts_at=at, contact=ANA, request=BY)
                    own.append(known.booking.booking_id)
                elif step < 0.85:
                    known = bookings.reschedule(business, rng.choice(own), starts_at=at, request=BY)
                else:
                    known = bookings.cancel(business, own.pop(rng.randrange(len(own))), request=BY)
            except FrontdeskError:
                continue
            sys.stdout.write(f"{known.sequence} {known.event_id} {known.booking.status}\n")
            sys.stdout.flush()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(go_on, range(3)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
