"""Who waits is offered what is free, one after the other or several at once, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import Engine, delete, func, select

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.log.database import writing
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings import projection
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.errors import (
    EntryStateError,
    HoldExpiredError,
    KeyReusedError,
    NotBookableError,
    OfferExpiredError,
    SlotTakenError,
    TooManyEntriesError,
    UnknownEntryError,
    WindowError,
)
from frontdesk.domains.bookings.projection import BookingTables
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.schema import booking_states, claims, waitlist_entries
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.bookings.waitlist.entry import WaitlistEntry
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.settings import PricedBusiness
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, bookings_of, salon, waitlist_of

HOUR = timedelta(hours=1)
#: One chair, so one place.
NEEDS = [{"people": ["tess"]}]
SALON = salon(terms={"needs": NEEDS, "waitlist": {}})
#: Three are offered a time at once.
OPEN_SALON = salon(terms={"needs": NEEDS, "waitlist": {"offers": 3, "answer_within": "1h"}})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def bookings(engine: Engine, clock: SetClock) -> Bookings:
    return bookings_of(engine, clock)


@pytest.fixture
def waitlist(engine: Engine, clock: SetClock) -> Waitlist:
    return waitlist_of(engine, clock)


@pytest.fixture(autouse=True)
def _rows_are_what_the_log_says(engine: Engine) -> Iterator[None]:
    """After each test, whatever happened in it."""
    yield
    with engine.connect() as connection:
        assert projection.compare(connection) == []


class Desk:
    """Has people wait for ten o'clock, and says what they have."""

    def __init__(self, waitlist: Waitlist, bookings: Bookings, clock: SetClock, business: PricedBusiness) -> None:
        self.waitlist = waitlist
        self.bookings = bookings
        self.clock = clock
        self.business = business
        self.entries: dict[str, str] = {}

    def join(self, name: str, *, begins: datetime = TEN, ends: datetime = TEN + HOUR / 2) -> str:
        self.clock.advance(seconds=1)
        contact = ContactPayload(email=f"{name}@example.com", name=name)
        known = self.waitlist.join(
            self.business, CUT, starts_from=begins, starts_until=ends, contact=contact, request=BY
        )
        self.entries[name] = known.entry.entry_id
        return known.entry.entry_id

    def take(self, at: datetime = TEN) -> str:
        known = self.bookings.create(self.business, CUT, starts_at=at, contact=ANA, request=BY)
        return known.booking.booking_id

    def offers(self) -> int:
        return self.waitlist.make_offers(self.business)

    def entry(self, name: str) -> WaitlistEntry:
        return self.waitlist.find("salon", self.entries[name]).entry

    def offered(self) -> list[str]:
        return [name for name in self.entries if self.entry(name).status == "offered"]

    def accept(self, name: str, *, at: datetime = TEN) -> str:
        entry_id = self.entries[name]
        return self.waitlist.accept(self.business, entry_id, starts_at=at, request=BY).booking.status

    def decline(self, name: str, *, at: datetime = TEN) -> None:
        self.waitlist.decline(self.business, self.entries[name], starts_at=at, request=BY)


@pytest.fixture
def desk(waitlist: Waitlist, bookings: Bookings, clock: SetClock) -> Desk:
    return Desk(waitlist, bookings, clock, SALON)


@pytest.fixture
def open_desk(waitlist: Waitlist, bookings: Bookings, clock: SetClock) -> Desk:
    return Desk(waitlist, bookings, clock, OPEN_SALON)


def told(log: EventLog) -> list[str]:
    return [event.type for event in log.read_after(0, limit=1_000)]


def test_what_is_free_again_is_offered_to_who_joined_first(desk: Desk, log: EventLog) -> None:
    booking_id = desk.take()
    desk.join("ana")
    desk.join("ben")
    assert desk.offers() == 0

    desk.bookings.cancel(SALON, booking_id, request=BY)

    assert desk.offers() == 1
    assert desk.offers() == 0
    assert desk.offered() == ["ana"]
    offer = desk.entry("ana").standing_offer
    assert offer is not None
    assert (offer.starts_at, offer.starts_at_local, offer.is_held) == (TEN, "2027-03-02T10:00", True)
    assert offer.expires_at == desk.clock.now() + 2 * HOUR
    with pytest.raises(SlotTakenError):
        desk.take()
    placed, offered = log.read_after(0, limit=100)[-2:]
    assert (placed.type, offered.type) == ("slot_hold.placed", "waitlist.offered")
    assert offered.causation_id == placed.event_id
    content = orjson.loads(offered.payload)
    assert content["offer"]["booking_id"] == placed.subject_id
    assert content["contact"]["name"] == "ana"


def test_who_accepts_has_the_booking_that_was_held(desk: Desk, log: EventLog) -> None:
    desk.join("ana")
    desk.offers()
    offer = desk.entry("ana").offer
    assert offer is not None

    assert desk.accept("ana") == "confirmed"

    booking = desk.bookings.find("salon", offer.booking_id).booking
    assert (booking.starts_at, booking.price_minor, booking.staff) == (TEN, 4000, "Tess")
    assert booking.contact is not None
    assert booking.contact.name == "ana"
    assert desk.entry("ana").status == "accepted"
    assert told(log)[-3:] == ["booking.created", "booking.confirmed", "waitlist.accepted"]
    assert desk.offers() == 0


def test_who_declines_is_followed_by_the_next_and_asked_after_the_others(desk: Desk) -> None:
    for name in ("ana", "ben"):
        desk.join(name, ends=TEN + HOUR)  # 10:00 and 10:30
    eleven = desk.take(TEN + HOUR)
    desk.offers()
    assert desk.offered() == ["ana"]

    desk.decline("ana")
    desk.offers()

    assert desk.offered() == ["ben"]
    ben = desk.entry("ben").offer
    assert ben is not None
    assert ben.starts_at == TEN
    # Half past ten is another time, and ben is asked for it before ana.
    desk.decline("ben")
    desk.bookings.cancel(SALON, eleven, request=BY)
    desk.offers()
    assert desk.offered() == ["ana"]
    ana = desk.entry("ana").offer
    assert ana is not None
    assert ana.starts_at == TEN + HOUR / 2
    assert [each.how for each in desk.entry("ben").turned_down] == ["declined"]


def test_who_turned_a_time_down_comes_after_who_did_not(desk: Desk) -> None:
    desk.join("ana", ends=TEN + 3 * HOUR)
    desk.offers()
    desk.decline("ana")
    blocked = [desk.take(TEN + hours * HOUR) for hours in range(4)]
    desk.join("ben", ends=TEN + 3 * HOUR)
    assert desk.offers() == 0

    desk.bookings.cancel(SALON, blocked[1], request=BY)
    desk.offers()

    assert desk.offered() == ["ben"]


def test_an_offer_that_runs_out_goes_to_the_next_at_its_own_time(desk: Desk, log: EventLog) -> None:
    desk.join("ana")
    desk.join("ben")
    desk.offers()
    offer = desk.entry("ana").offer
    assert offer is not None

    desk.clock.advance(hours=2, minutes=5)
    assert desk.offers() == 2

    assert desk.offered() == ["ben"]
    expired = [event for event in log.read_after(0, limit=100) if event.type == "waitlist.expired"]
    assert [event.occurred_at for event in expired] == [offer.expires_at]
    with pytest.raises(OfferExpiredError) as refused:
        desk.accept("ana")
    assert refused.value.members["expired_at"] == offer.expires_at.isoformat()
    desk.clock.advance(hours=3)
    assert desk.offers() == 1  # ben's has run out, and nobody is left to ask for ten o'clock
    assert desk.offered() == []


def test_an_answer_that_comes_too_late_is_told_so_before_anybody_noticed(desk: Desk) -> None:
    desk.join("ana")
    desk.offers()
    desk.clock.advance(hours=2)

    with pytest.raises(OfferExpiredError):
        desk.accept("ana")
    with pytest.raises(OfferExpiredError):
        desk.decline("ana")


@pytest.mark.parametrize(
    ("hours_before", "notice", "expected"),
    [
        pytest.param(3, "1h", 2, id="two hours before its start"),
        pytest.param(5, "4h", 4, id="at the notice"),
        pytest.param(9, "1h", 7, id="after two hours"),
        pytest.param(2.2, "1h", None, id="too little time to answer"),
        pytest.param(4.1, "4h", None, id="too near to the notice"),
    ],
)
def test_an_offer_ends_well_before_its_start(
    desk: Desk, hours_before: float, notice: str, expected: float | None
) -> None:
    desk.business = salon(terms={"needs": NEEDS, "notice": notice, "waitlist": {}})
    desk.join("ana")
    desk.clock.instant = TEN - timedelta(hours=hours_before)

    desk.offers()

    offer = desk.entry("ana").offer
    ends_before = None if offer is None else (TEN - offer.expires_at) / HOUR
    assert ends_before == (None if expected is None else pytest.approx(expected))


def test_nobody_is_offered_what_is_taken_or_outside_what_they_wait_for(desk: Desk) -> None:
    desk.take()
    desk.join("ana")
    desk.join("ben", begins=TEN + HOUR, ends=TEN + HOUR + timedelta(minutes=30))

    desk.offers()

    assert desk.offered() == ["ben"]
    ben = desk.entry("ben").offer
    assert ben is not None
    assert ben.starts_at == TEN + HOUR


def test_two_places_are_offered_to_two(desk: Desk) -> None:
    desk.business = salon(terms={"waitlist": {}})
    for name in ("ana", "ben", "cem"):
        desk.join(name)

    desk.offers()

    assert desk.offered() == ["ana", "ben"]
    assert {offer.staff for name in desk.offered() if (offer := desk.entry(name).offer)} == {"Tess", "Bea"}


def test_who_leaves_frees_what_was_kept(desk: Desk) -> None:
    desk.join("ana")
    desk.join("ben")
    desk.offers()

    desk.waitlist.leave(SALON, desk.entries["ana"], request=BY)
    desk.offers()

    assert desk.entry("ana").status == "left"
    assert desk.offered() == ["ben"]
    with pytest.raises(EntryStateError, match="join anew"):
        desk.waitlist.leave(SALON, desk.entries["ana"], request=BY)


def test_what_staff_do_with_a_time_that_is_kept_is_followed(desk: Desk) -> None:
    desk.join("ana")
    desk.join("ben")
    desk.offers()
    kept = desk.entry("ana").offer
    assert kept is not None

    desk.bookings.release(SALON, kept.booking_id, request=BY)
    with pytest.raises(HoldExpiredError):
        desk.accept("ana")
    desk.offers()
    assert desk.offered() == ["ben"]
    assert [each.how for each in desk.entry("ana").turned_down] == ["withdrawn"]
    kept = desk.entry("ben").offer
    assert kept is not None
    desk.bookings.create(SALON, CUT, starts_at=TEN, contact=ANA, request=BY, hold_id=kept.booking_id)
    desk.offers()

    assert desk.entry("ben").status == "accepted"


def test_whose_time_is_over_waits_no_longer(desk: Desk) -> None:
    desk.take()
    desk.join("ana")
    desk.clock.instant = TEN + HOUR

    assert desk.offers() == 1

    assert desk.entry("ana").status == "left"
    assert desk.waitlist.waiting_businesses() == set()


def test_who_can_not_be_written_to_now_is_asked_later(desk: Desk) -> None:
    desk.join("ana")
    desk.join("ben")

    desk.waitlist.make_offers(SALON, can_ask=lambda entry: entry.contact.name != "ana")

    assert desk.offered() == ["ben"]


# Several at once


def test_several_are_offered_a_time_and_the_first_has_it(open_desk: Desk, engine: Engine) -> None:
    for name in ("ana", "ben", "cem", "dan"):
        open_desk.join(name)

    open_desk.offers()

    assert open_desk.offered() == ["ana", "ben", "cem"]
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(claims)).scalar() == 0
    assert open_desk.accept("ben") == "confirmed"
    with pytest.raises(SlotTakenError) as refused:
        open_desk.accept("ana")
    alternatives = refused.value.members["alternatives"]
    assert isinstance(alternatives, list)
    assert alternatives
    open_desk.offers()
    assert {name: open_desk.entry(name).status for name in ("ana", "ben", "cem", "dan")} == {
        "ana": "waiting",
        "ben": "accepted",
        "cem": "waiting",
        "dan": "waiting",
    }
    assert open_desk.entry("ana").turned_down == ()  # it was not they who did not want it


def test_of_those_who_are_offered_a_time_one_who_declines_is_followed_by_the_next(open_desk: Desk) -> None:
    for name in ("ana", "ben", "cem", "dan"):
        open_desk.join(name)
    open_desk.offers()

    open_desk.decline("ben")
    open_desk.offers()

    assert open_desk.offered() == ["ana", "cem", "dan"]


def _at_once(count: int, act: Callable[[int], object]) -> Counter[str]:
    def outcome(number: int) -> str:
        try:
            act(number)
        except FrontdeskError as refused:
            return type(refused).__name__
        return "accepted"

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(outcome, range(count)))


def _booked(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        states = connection.execute(
            select(func.count()).select_from(booking_states).where(booking_states.c.status == "confirmed")
        ).scalar()
        taken = connection.execute(select(func.count()).select_from(claims)).scalar()
    return states or 0, taken or 0


def test_of_fifty_who_accept_at_once_one_has_it(desk: Desk, engine: Engine, log: EventLog) -> None:
    desk.business = salon(terms={"needs": NEEDS, "waitlist": {"offers": 50}})
    names = [f"n{number}" for number in range(50)]
    for name in names:
        desk.join(name)
    assert desk.offers() == 50

    outcomes = _at_once(50, lambda number: desk.accept(names[number]))

    assert outcomes == {"accepted": 1, "SlotTakenError": 49}
    assert _booked(engine) == (1, 1)
    assert Counter(told(log))["booking.created"] == 1
    desk.offers()
    assert Counter(desk.entry(name).status for name in names) == {"accepted": 1, "waiting": 49}


def test_fifty_answers_of_one_book_once(desk: Desk, engine: Engine) -> None:
    desk.join("ana")
    desk.offers()

    outcomes = _at_once(50, lambda _: desk.accept("ana"))

    assert outcomes == {"accepted": 1, "EntryStateError": 49}
    assert _booked(engine) == (1, 1)


# What is refused


@pytest.mark.parametrize(
    ("begins", "ends", "match"),
    [
        pytest.param(TEN, TEN, "must be later than starts_from", id="nothing"),
        pytest.param(TEN, TEN - HOUR, "must be later than starts_from", id="reversed"),
        pytest.param(NOW - 2 * HOUR, NOW - HOUR, "is over", id="past"),
        pytest.param(TEN, TEN + timedelta(days=900), "within 731 days", id="too far ahead"),
    ],
)
def test_a_time_that_nobody_can_wait_for(desk: Desk, begins: datetime, ends: datetime, match: str) -> None:
    with pytest.raises(WindowError, match=match):
        desk.join("ana", begins=begins, ends=ends)


@pytest.mark.parametrize(
    ("wish", "rule"),
    [
        (Wish(service_key="beard"), "service"),
        (Wish(service_key="wig"), "service"),
        (Wish(service_key="colour"), "waitlist"),
        (Wish(service_key="cut", person="bea"), "person"),
    ],
)
def test_what_nobody_can_wait_for(waitlist: Waitlist, wish: Wish, rule: str) -> None:
    with pytest.raises(NotBookableError) as refused:
        waitlist.join(SALON, wish, starts_from=TEN, starts_until=TEN + HOUR, contact=ANA, request=BY)
    assert refused.value.members["rule"] == rule


def test_nobody_waits_for_more_times_than_one_may(waitlist: Waitlist) -> None:
    def join(phone: str) -> None:
        contact = ContactPayload(phone=phone)
        waitlist.join(SALON, CUT, starts_from=TEN, starts_until=TEN + HOUR, contact=contact, request=BY)

    for phone in ("+13125550142", "(312) 555-0142", "312.555.0142"):
        join(phone)
    with pytest.raises(TooManyEntriesError):
        join("3125550142")
    join("+13125550143")


def test_answers_to_what_was_not_offered(desk: Desk) -> None:
    with pytest.raises(UnknownEntryError, match="GET /v1/waitlist"):
        desk.waitlist.accept(SALON, "no-such", starts_at=TEN, request=BY)
    with pytest.raises(UnknownEntryError):
        desk.waitlist.find("bakery", desk.join("ana"))
    with pytest.raises(EntryStateError, match="no time is offered now"):
        desk.accept("ana")
    desk.offers()
    with pytest.raises(EntryStateError, match="another time is offered: 2027-03-02T16:00:00Z"):
        desk.accept("ana", at=TEN + HOUR)
    desk.accept("ana")
    with pytest.raises(EntryStateError, match="booked already"):
        desk.accept("ana")


def test_a_repeated_request_is_answered_as_it_was(desk: Desk, log: EventLog) -> None:
    def request(key: str, content: str = "same") -> Request:
        return Request(by="desk", key=key, content={"asked": content})

    def join(content: str = "same") -> str:
        known = desk.waitlist.join(
            SALON,
            CUT,
            starts_from=TEN,
            starts_until=TEN + HOUR,
            contact=ANA,
            request=request("k1", content),
        )
        return known.entry.entry_id

    entry_id = join()
    assert join() == entry_id
    with pytest.raises(KeyReusedError):
        join("other")
    desk.offers()
    accepted = [desk.waitlist.accept(SALON, entry_id, starts_at=TEN, request=request("k2")).booking for _ in range(2)]
    assert accepted[0] == accepted[1]
    assert Counter(told(log))["waitlist.accepted"] == 1


def test_who_waits_is_rebuilt_from_the_log(desk: Desk, engine: Engine) -> None:
    for name in ("ana", "ben"):
        desk.join(name)
    desk.offers()
    desk.decline("ana")
    desk.offers()
    desk.accept("ben")
    before = [desk.entry(name) for name in ("ana", "ben")]
    with writing(engine) as connection:
        connection.execute(delete(waitlist_entries))

    tables = BookingTables(engine)
    assert [each.table for each in tables.compare()] == ["waitlist_entries"]
    tables.rebuild()

    assert tables.compare() == []
    assert [desk.entry(name) for name in ("ana", "ben")] == before
