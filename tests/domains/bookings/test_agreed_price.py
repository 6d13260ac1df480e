"""A booking costs what was told for it, on both databases: until that is over, and then only if it is the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings.agreed_price import PriceInForce, verify
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.errors import OtherPriceError
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import AskedItem, PriceRequest
from frontdesk.domains.prices.code_uses import LoggedCodeUses
from frontdesk.domains.prices.errors import PriceChangedError, QuoteNotGenuineError
from frontdesk.domains.prices.quotes import ask, find_quote, quoted_by, told_event
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.settings import PricedBusiness
from frontdesk.domains.prices.snapshot import QuotedPrice, take_snapshot
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, bookings_of, salon

BO = ContactPayload(phone="+13125550177", name="Bo Lind")
WELCOME = {"code": "WELCOME", "name": "Welcome", "percent": 25, "uses": 1}
SALON = salon(tax_rate_percent=8, promo_codes=[WELCOME])
#: The same salon after its cut became dearer.
_CUT, *_OTHERS = SALON.services
DEARER = SALON.model_copy(update={"services": (_CUT.model_copy(update={"price": Decimal(45)}), *_OTHERS)})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def bookings(engine: Engine, clock: SetClock) -> Bookings:
    return bookings_of(engine, clock)


def told(
    log: EventLog, clock: SetClock, quote_id: str = "q1", *, starts_at: datetime = TEN, code: str | None = None
) -> QuotedPrice:
    """A price of a cut that somebody was told."""
    counter = LoggedCodeUses(log, tenant_id="salon", region="US")
    request = PriceRequest(items=(AskedItem(service_key="cut"),), starts_at=starts_at, promo_code=code)
    asked = ask(request, now=clock.now(), counter=counter, contact=ANA)
    quoted = take_snapshot(PriceRules.of(SALON), asked, quote_id=quote_id, tenant_id="salon", version=None)
    log.append([told_event(quoted, contact=ANA, now=clock.now())])
    return quoted


def told_long_ago(log: EventLog, clock: SetClock, *, starts_at: datetime) -> QuotedPrice:
    """A price that is over by now."""
    quoted = told(log, clock, "long-ago", starts_at=starts_at)
    clock.advance(minutes=31)
    return quoted


def book(
    bookings: Bookings, quoted: QuotedPrice | None, *, business: PricedBusiness = SALON, **changes: Any
) -> Known:
    asked: dict[str, Any] = {"starts_at": TEN, "contact": ANA, "request": BY, "told": quoted} | changes
    return bookings.create(business, CUT, **asked)


def count(log: EventLog, type_: str) -> int:
    return sum(event.type == type_ for event in log.read_after(0, limit=1000))


def test_a_price_that_was_told_holds_though_the_business_is_dearer_by_now(
    bookings: Bookings, log: EventLog, clock: SetClock
) -> None:
    quoted = told(log, clock)
    clock.advance(minutes=29)

    booking = book(bookings, quoted, business=DEARER).booking

    assert (booking.price_minor, booking.currency) == (4320, "USD")
    assert booking.quote == {"sha256": quoted.sha256, "snapshot": quoted.content}
    verify(booking.quote)


def test_one_that_is_over_is_told_anew_if_it_is_the_same(bookings: Bookings, log: EventLog, clock: SetClock) -> None:
    quoted = told(log, clock)
    clock.advance(minutes=31)

    booking = book(bookings, quoted).booking

    assert booking.price_minor == 4320
    assert booking.quote is not None
    anew = find_quote(log, tenant_id="salon", quote_id=booking.quote["snapshot"]["quote_id"])
    assert anew is not None
    assert anew.sha256 == booking.quote["sha256"] != quoted.sha256


def test_one_that_is_over_and_another_by_now_books_nothing_and_the_new_one_can_be_agreed_to(
    bookings: Bookings, log: EventLog, clock: SetClock
) -> None:
    quoted = told(log, clock)
    clock.advance(minutes=31)

    with pytest.raises(PriceChangedError) as refused:
        book(bookings, quoted, business=DEARER)

    assert count(log, "booking.created") == 0
    now: Any = refused.value.members["now"]
    assert now["quote"]["total_minor"] == 4860
    anew = find_quote(log, tenant_id="salon", quote_id=now["quote_id"])
    assert anew is not None
    assert book(bookings, quoted_by(anew), business=DEARER).booking.price_minor == 4860


def test_without_a_told_price_it_costs_what_it_costs_then(bookings: Bookings) -> None:
    booking = book(bookings, None, business=DEARER).booking

    assert booking.price_minor == 4860
    verify(booking.quote)


def test_without_all_that_a_price_depends_on_none_is_told(bookings: Bookings) -> None:
    travels = salon(surcharges=[{"key": "travel", "name": "Travel", "price": "0.5", "unit": "mile"}])
    far_cut = travels.services[0].model_copy(update={"radius_miles": 10})
    travels = travels.model_copy(update={"services": (far_cut, *travels.services[1:])})

    booking = book(bookings, None, business=travels).booking

    assert (booking.price_minor, booking.currency, booking.quote) == (None, None, None)


def test_the_price_of_another_start_is_refused(bookings: Bookings, log: EventLog, clock: SetClock) -> None:
    with pytest.raises(OtherPriceError, match="another start, 2027-03-02T17:00:00Z"):
        book(bookings, told(log, clock, starts_at=TEN + timedelta(hours=1)))


def test_what_is_moved_keeps_its_price_or_costs_what_was_told_for_the_other_time(
    bookings: Bookings, log: EventLog, clock: SetClock
) -> None:
    hour = timedelta(hours=1)
    booking_id = book(bookings, told(log, clock)).booking.booking_id
    dearer = PriceInForce(business=DEARER, told=told(log, clock, "q2", starts_at=TEN + 2 * hour))

    kept = bookings.reschedule(DEARER, booking_id, starts_at=TEN + hour, request=BY).booking
    with pytest.raises(OtherPriceError):
        bookings.reschedule(DEARER, booking_id, starts_at=TEN + 3 * hour, request=BY, at_price=dearer)
    assert bookings.find("salon", booking_id).booking == kept
    moved = bookings.reschedule(DEARER, booking_id, starts_at=TEN + 2 * hour, request=BY, at_price=dearer).booking

    assert kept.price_minor == moved.price_minor == 4320
    assert kept.quote is not None
    assert moved.quote is not None
    assert (kept.quote["snapshot"]["quote_id"], moved.quote["snapshot"]["quote_id"]) == ("q1", "q2")
    later = PriceInForce(business=DEARER, told=told_long_ago(log, clock, starts_at=TEN + 4 * hour))
    with pytest.raises(PriceChangedError) as refused:
        bookings.reschedule(DEARER, booking_id, starts_at=TEN + 4 * hour, request=BY, at_price=later)
    now: Any = refused.value.members["now"]
    assert find_quote(log, tenant_id="salon", quote_id=now["quote_id"]) is not None


def test_a_code_for_one_use_is_used_by_one_of_two_that_book_at_once(
    bookings: Bookings, log: EventLog, clock: SetClock
) -> None:
    ours, theirs = (told(log, clock, quote_id, starts_at=TEN, code="WELCOME") for quote_id in ("q1", "q2"))

    def outcome(asked: tuple[QuotedPrice, ContactPayload]) -> object:
        try:
            return book(bookings, asked[0], contact=asked[1]).booking.price_minor
        except PriceChangedError as refused:
            return refused.detail

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(outcome, [(ours, ANA), (theirs, BO)]))

    assert sorted(map(str, outcomes)) == ["3240", outcomes[outcomes[0] == 3240]]
    assert "there is none now" in str(outcomes)
    assert count(log, "promo_code.used") == count(log, "booking.created") == 1


def test_a_price_with_a_code_is_agreed_to_once(bookings: Bookings, log: EventLog, clock: SetClock) -> None:
    many = salon(tax_rate_percent=8, promo_codes=[WELCOME | {"uses": 9}])
    counter = LoggedCodeUses(log, tenant_id="salon", region="US")
    request = PriceRequest(items=(AskedItem(service_key="cut"),), promo_code="WELCOME")
    asked = ask(request, now=clock.now(), counter=counter)
    quoted = take_snapshot(PriceRules.of(many), asked, quote_id="q1", tenant_id="salon", version=None)

    assert book(bookings, quoted, business=many).booking.price_minor == 3240
    with pytest.raises(OtherPriceError, match="for another booking"):
        book(bookings, quoted, business=many, starts_at=TEN + timedelta(hours=2))

    assert count(log, "booking.created") == 1


def test_a_price_that_nobody_told_is_refused(bookings: Bookings, log: EventLog, clock: SetClock) -> None:
    quoted = told(log, clock)
    cheaper = {**quoted.content, "quote": {**dict(quoted.content["quote"]), "total_minor": 1}}  # type: ignore[call-overload]

    with pytest.raises(QuoteNotGenuineError):
        book(bookings, QuotedPrice(content=cheaper, sha256=quoted.sha256))
    with pytest.raises(QuoteNotGenuineError):
        verify({"snapshot": cheaper, "sha256": quoted.sha256})
