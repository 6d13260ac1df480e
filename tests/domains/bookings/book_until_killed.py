"""Books, moves and cancels until it is killed, and says on its output what it was answered: run by a test."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.log.database import open_engine
from frontdesk.domains.bookings.questions import Wish
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, NOW, bookings_of, salon

_WEEKS = 8
_WISHES = (Wish(service_key="cut"), Wish(service_key="colour"))


def main(url: str, seed: int) -> None:
    """Go on until killed, on three threads; a line is an answer."""
    bookings, business = bookings_of(open_engine(url), SetClock(NOW)), salon()

    def go_on(number: int) -> None:
        rng = Random(seed * 10 + number)
        own: list[str] = []
        while True:
            at = NOW + timedelta(
                days=rng.randint(1, 7 * _WEEKS), hours=rng.randint(1, 9), minutes=rng.choice([0, 30])
            )
            try:
                step = rng.random()
                if step < 0.7 or not own:
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
