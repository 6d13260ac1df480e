"""A salon with two stylists and a chair for each test of bookings, and its bookings over a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.files import read_as
from frontdesk.domains.bookings.availability import Availability
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.settings import PricedBusiness
from tests.clocks import SetClock

#: A Monday, 08:00 in Chicago.
NOW = datetime(2027, 3, 1, 14, tzinfo=UTC)
#: The next day, 10:00 in Chicago.
TEN = datetime(2027, 3, 2, 16, tzinfo=UTC)
ANA = ContactPayload(phone="+13125550123", name="Ana Ruiz")
BY = Request(by="desk@salon.example")
CUT = Wish(service_key="cut")
_EVERY_DAY = {
    day: [{"opens": "09:00", "closes": "17:00"}] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
}


def document(*, terms: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The salon's file; `terms` are those of the service `cut`."""
    cut_terms = {"needs": [{"skill": "hair"}], "notice": "2h", "every": "30m"} | dict(terms or {})
    return {
        "slug": "salon",
        "name": "Salon",
        "industry": "hair",
        "zone": "America/Chicago",
        "currency": "USD",
        "country": "US",
        "email": "desk@salon.example",
        "hours": _EVERY_DAY,
        "services": [
            {"key": "cut", "name": "Cut", "price": 40, "duration_minutes": 60, "booking": cut_terms},
            {
                "key": "colour",
                "name": "Colour",
                "price": "120.50",
                "duration_minutes": 90,
                "booking": {"needs": [{"people": ["bea"]}, {"rooms": ["basin"]}], "confirmed": False},
            },
            {"key": "wig", "name": "Wig", "price": 300, "duration_minutes": 30},
        ],
        "people": [
            {"key": "tess", "name": "Tess", "skills": ["hair"]},
            {"key": "bea", "name": "Bea", "skills": ["hair"]},
        ],
        "rooms": [{"key": "basin", "name": "Basin"}],
    } | changes


def salon(*, terms: Mapping[str, Any] | None = None, **changes: Any) -> PricedBusiness:
    return read_as(PricedBusiness, document(terms=terms, **changes), name="salon")


def bookings_of(engine: Engine, clock: SetClock) -> Bookings:
    ids = UuidV7Factory(clock)
    return Bookings(engine, log=EventLog(engine, ids=ids), clock=clock, ids=ids)


def waitlist_of(engine: Engine, clock: SetClock) -> Waitlist:
    ids = UuidV7Factory(clock)
    return Waitlist(engine, log=EventLog(engine, ids=ids), clock=clock, ids=ids)


def availability_of(engine: Engine, clock: SetClock) -> Availability:
    return Availability(engine, clock=clock)
