"""Bookings are decided in one transaction with their event and what they take, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import Engine, select

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings import projection
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Keeper, Request
from frontdesk.domains.bookings.errors import (
    HoldExpiredError,
    KeyReusedError,
    NotBookableError,
    SlotTakenError,
    TooManyHoldsError,
    UnknownBookingError,
    WrongStateError,
)
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.schema import claims
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.settings import PricedBusiness
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, availability_of, bookings_of, salon

HOUR = timedelta(hours=1)
COLOUR = Wish(service_key="colour")
SALON = salon()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def bookings(engine: Engine, clock: SetClock) -> Bookings:
    return bookings_of(engine, clock)


@pytest.fixture(autouse=True)
def _rows_are_what_the_log_says(engine: Engine) -> object:
    """After each test, whatever happened in it."""
    yield
    with engine.connect() as connection:
        assert projection.compare(connection) == []


def create(bookings: Bookings, wish: Wish = CUT, *, at: datetime = TEN, business: PricedBusiness = SALON) -> Known:
    return bookings.create(business, wish, starts_at=at, contact=ANA, request=BY)


def taken(engine: Engine) -> list[tuple[str, int, str]]:
    with engine.connect() as connection:
        query = select(claims.c.resource, claims.c.lane, claims.c.kind).order_by(claims.c.resource, claims.c.lane)
        return [(row.resource, row.lane, row.kind) for row in connection.execute(query)]


def told(log: EventLog) -> list[str]:
    return [event.type for event in log.read_after(0, limit=100)]


def test_a_free_time_is_booked_and_confirmed_at_once(bookings: Bookings, engine: Engine, log: EventLog) -> None:
    known = create(bookings)

    assert known.booking.status == "confirmed"
    assert (known.booking.staff, known.booking.price_minor, known.booking.currency) == ("Tess", 4000, "USD")
    assert known.booking.starts_at_local == "2027-03-02T10:00"
    assert taken(engine) == [("person:tess", 0, "confirmed")]
    created, confirmed = log.read_after(0, limit=10)
    assert (created.type, confirmed.type) == ("booking.created", "booking.confirmed")
    assert confirmed.causation_id == created.event_id
    assert created.subject_id == known.booking.booking_id
    assert orjson.loads(created.payload)["by"] == "desk@salon.example"
    assert bookings.find("salon", known.booking.booking_id) == known


def test_the_second_gets_the_other_person_and_the_third_is_refused(bookings: Bookings, engine: Engine) -> None:
    assert [create(bookings).booking.staff for _ in range(2)] == ["Tess", "Bea"]

    with pytest.raises(SlotTakenError) as raised:
        create(bookings)

    members = raised.value.members
    assert members["reason"] == "slot-taken"
    assert members["log_position"] == 4
    alternatives = members["alternatives"]
    assert isinstance(alternatives, list)
    assert [each["starts_at"] for each in alternatives[:2]] == ["2027-03-02T15:00:00Z", "2027-03-02T17:00:00Z"]
    for each in alternatives:
        assert create(bookings, at=datetime.fromisoformat(each["starts_at"])).booking.status == "confirmed"
    assert len(taken(engine)) == 2 + len(alternatives)


def test_a_service_takes_all_that_it_needs_or_nothing(bookings: Bookings, engine: Engine) -> None:
    known = create(bookings, COLOUR)

    assert known.booking.status == "pending"
    assert taken(engine) == [("person:bea", 0, "pending"), ("room:basin", 0, "pending")]
    with pytest.raises(SlotTakenError):
        create(bookings, COLOUR, at=TEN + HOUR)
    assert len(taken(engine)) == 2


@pytest.mark.parametrize(
    ("at", "rule", "first"),
    [
        pytest.param(NOW + HOUR, "minimum_notice", "2027-03-01T16:00:00Z", id="too soon"),
        pytest.param(NOW + timedelta(days=61), "horizon", "2027-03-01T16:00:00Z", id="too far ahead"),
        pytest.param(TEN.replace(hour=12), "outside_hours", "2027-03-02T15:00:00Z", id="before opening"),
        pytest.param(TEN.replace(hour=22, minute=30), "outside_hours", "2027-03-04T15:00:00Z", id="ends too late"),
        pytest.param(TEN.replace(minute=10), "start_time", "2027-03-02T16:30:00Z", id="between starts"),
        pytest.param(TEN.replace(microsecond=1), "start_time", "2027-03-02T16:30:00Z", id="a splinter of a second"),
        pytest.param(datetime(2027, 3, 3, 16, tzinfo=UTC), "exception", "2027-03-04T15:00:00Z", id="closed that day"),
        pytest.param(datetime(2027, 3, 5, 16, tzinfo=UTC), "daily_cap", "2027-03-08T15:00:00Z", id="full that day"),
    ],
)
def test_what_no_rule_allows_is_named_with_the_first_that_can_be_booked(
    bookings: Bookings, at: datetime, rule: str, first: str
) -> None:
    business = salon(terms={"daily_cap": 2}, exceptions=[{"day": "2027-03-03", "reason": "training"}])
    for hour in (20, 21):
        create(bookings, at=datetime(2027, 3, 5, hour, tzinfo=UTC), business=business)

    with pytest.raises(NotBookableError) as raised:
        create(bookings, at=at, business=business)

    assert raised.value.members == {"reason": "not-bookable", "rule": rule, "first_bookable_at": first}
    assert create(bookings, at=datetime.fromisoformat(first), business=business)


def test_what_is_not_booked_here_is_told(bookings: Bookings) -> None:
    with pytest.raises(NotBookableError, match="wig is not booked here; use one of cut, colour"):
        create(bookings, Wish(service_key="wig"))
    with pytest.raises(NotBookableError, match="shave is no service"):
        create(bookings, Wish(service_key="shave"))
    with pytest.raises(NotBookableError, match="tess does not do colour"):
        create(bookings, Wish(service_key="colour", person="tess"))


def test_a_person_can_be_chosen(bookings: Bookings) -> None:
    wish = Wish(service_key="cut", person="bea")

    assert create(bookings, wish).booking.staff == "Bea"
    with pytest.raises(SlotTakenError):
        create(bookings, wish)


def test_a_person_who_is_away_is_not_booked(bookings: Bookings) -> None:
    people = [
        {"key": "tess", "name": "Tess", "skills": ["hair"], "exceptions": [{"day": "2027-03-02"}]},
        {
            "key": "bea",
            "name": "Bea",
            "skills": ["hair"],
            "hours": {"tuesday": [{"opens": "10:00", "closes": "11:00"}]},
        },
    ]
    business = salon(people=people)

    assert create(bookings, business=business).booking.staff == "Bea"
    with pytest.raises(SlotTakenError):
        create(bookings, business=business)
    with pytest.raises(NotBookableError) as raised:
        create(bookings, Wish(service_key="cut", person="tess"), business=business)
    assert raised.value.members["rule"] == "exception"


def test_buffers_are_taken_and_add_up(bookings: Bookings, engine: Engine, clock: SetClock) -> None:
    business = salon(terms={"buffer_before": "15m", "buffer_after": "30m", "needs": [{"people": ["tess"]}]})
    create(bookings, business=business)

    free = availability_of(engine, clock).list_free(business, CUT, begins=TEN - 2 * HOUR, ends=TEN + 4 * HOUR).free

    # Before 10:00 only a cut that ends by 09:15 would leave its own half hour and the other's quarter.
    hours = [(datetime.fromtimestamp(each.starts, tz=UTC) - TEN) / HOUR for each in free]
    assert hours == [2.0, 2.5, 3.0, 3.5]


def test_capacity_is_lanes(bookings: Bookings, engine: Engine) -> None:
    business = salon(terms={"needs": [], "capacity": 3})

    for _ in range(3):
        create(bookings, business=business)
    with pytest.raises(SlotTakenError):
        create(bookings, business=business)

    assert taken(engine) == [("service:cut", lane, "confirmed") for lane in range(3)]


def test_lanes_of_a_larger_capacity_still_count(bookings: Bookings) -> None:
    for _ in range(3):
        create(bookings, business=salon(terms={"needs": [], "capacity": 3}))

    with pytest.raises(SlotTakenError):
        create(bookings, business=salon(terms={"needs": [], "capacity": 2}))


# What becomes of a booking


def test_a_pending_booking_is_confirmed_or_declined(bookings: Bookings, engine: Engine) -> None:
    first, second = create(bookings, COLOUR), create(bookings, COLOUR, at=TEN + 2 * HOUR)

    assert bookings.confirm(SALON, first.booking.booking_id, request=BY).booking.status == "confirmed"
    assert bookings.decline(SALON, second.booking.booking_id, request=BY).booking.status == "declined"

    assert taken(engine) == [("person:bea", 0, "confirmed"), ("room:basin", 0, "confirmed")]
    with pytest.raises(WrongStateError, match="the booking is confirmed; this needs one that is pending"):
        bookings.confirm(SALON, first.booking.booking_id, request=BY)


def test_a_cancelled_booking_frees_its_time(bookings: Bookings, log: EventLog) -> None:
    known = create(bookings, COLOUR)

    bookings.cancel(SALON, known.booking.booking_id, request=Request(by="ana", reason="ill"))

    assert create(bookings, COLOUR).booking.booking_id != known.booking.booking_id
    cancelled = log.read_after(0, limit=10)[1]
    assert {"by": "ana", "reason": "ill", "status": "cancelled"}.items() <= orjson.loads(cancelled.payload).items()


def test_a_booking_is_moved_and_keeps_what_it_has(bookings: Bookings, engine: Engine) -> None:
    known = create(bookings, COLOUR)

    moved = bookings.reschedule(SALON, known.booking.booking_id, starts_at=TEN + HOUR, request=BY).booking

    assert (moved.starts_at, moved.status, moved.contact) == (TEN + HOUR, "pending", ANA)
    assert len(taken(engine)) == 2
    with pytest.raises(WrongStateError, match="at this time already"):
        bookings.reschedule(SALON, known.booking.booking_id, starts_at=TEN + HOUR, request=BY)


def test_a_moved_booking_stays_with_whom_it_was(bookings: Bookings) -> None:
    booking_id = create(bookings, Wish(service_key="cut", person="bea")).booking.booking_id

    assert bookings.reschedule(SALON, booking_id, starts_at=TEN + HOUR, request=BY).booking.staff == "Bea"
    create(bookings, COLOUR, at=TEN + 3 * HOUR)
    assert bookings.reschedule(SALON, booking_id, starts_at=TEN + 3 * HOUR, request=BY).booking.staff == "Tess"
    asked = bookings.reschedule(SALON, booking_id, starts_at=TEN + HOUR, request=BY, person="bea")
    assert asked.booking.staff == "Bea"


def test_a_move_to_a_taken_time_leaves_it_where_it_is(bookings: Bookings) -> None:
    known = create(bookings, COLOUR)
    create(bookings, COLOUR, at=TEN + 2 * HOUR)

    with pytest.raises(SlotTakenError):
        bookings.reschedule(SALON, known.booking.booking_id, starts_at=TEN + HOUR, request=BY)

    assert bookings.find("salon", known.booking.booking_id) == known


def test_nobody_is_missed_before_it_begins(bookings: Bookings, clock: SetClock) -> None:
    booking_id = create(bookings).booking.booking_id
    with pytest.raises(WrongStateError, match="before it begins at 2027-03-02 16:00 UTC"):
        bookings.mark_no_show(SALON, booking_id, request=BY)

    clock.instant = TEN + HOUR

    assert bookings.mark_no_show(SALON, booking_id, request=BY).booking.status == "no_show"


@pytest.mark.parametrize("end", [Bookings.complete, Bookings.cancel])
def test_an_ending_is_taken_back(bookings: Bookings, end: Callable[..., Known], clock: SetClock) -> None:
    known = create(bookings)
    clock.instant = TEN - HOUR  # nearer than the notice: it was booked in time
    end(bookings, SALON, known.booking.booking_id, request=BY)

    reopened = bookings.reopen(SALON, known.booking.booking_id, request=BY).booking

    assert reopened == known.booking.changed(revision=reopened.revision)
    with pytest.raises(WrongStateError):
        bookings.reopen(SALON, known.booking.booking_id, request=BY)


def test_what_was_given_to_another_is_not_taken_back(bookings: Bookings) -> None:
    first = create(bookings, COLOUR)
    bookings.cancel(SALON, first.booking.booking_id, request=BY)
    create(bookings, COLOUR)

    with pytest.raises(SlotTakenError):
        bookings.reopen(SALON, first.booking.booking_id, request=BY)

    assert bookings.find("salon", first.booking.booking_id).booking.status == "cancelled"


def test_another_business_s_booking_is_not_found(bookings: Bookings) -> None:
    booking_id = create(bookings).booking.booking_id

    with pytest.raises(UnknownBookingError):
        bookings.find("bakery", booking_id)
    with pytest.raises(UnknownBookingError):
        bookings.cancel(salon(slug="bakery"), booking_id, request=BY)


def test_whom_it_is_for_and_where_can_change(bookings: Bookings, engine: Engine) -> None:
    before = create(bookings).booking
    booking_id = before.booking_id

    contact = {"phone": "+13125550199", "email": "ana@example.com"}
    after = bookings.update(SALON, booking_id, request=BY, contact=contact, location="At home").booking

    expected = ContactPayload(phone="+13125550199", email="ana@example.com", name="Ana Ruiz")
    expected_after = before.changed(status="confirmed", open_status="confirmed", contact=expected, location="At home")
    assert after == expected_after.changed(revision=after.revision)
    assert [row[0] for row in taken(engine)] == ["person:tess"]
    bookings.cancel(SALON, booking_id, request=BY)
    assert bookings.update(SALON, booking_id, request=BY, location="Nowhere").booking.status == "cancelled"
    with_guest = bookings.update(SALON, booking_id, request=BY, guest_name="Ben Ruiz").booking
    assert (with_guest.guest_name, with_guest.contact) == ("Ben Ruiz", expected)


# Slot holds


def test_a_held_time_is_booked_by_who_holds_it(bookings: Bookings, engine: Engine, log: EventLog) -> None:
    held = bookings.hold(SALON, COLOUR, starts_at=TEN, request=BY)
    assert held.booking.expires_at == NOW + timedelta(minutes=10)
    with pytest.raises(SlotTakenError):
        create(bookings, COLOUR)

    known = bookings.create(SALON, COLOUR, starts_at=TEN, contact=ANA, request=BY, hold_id=held.booking.booking_id)

    assert known.booking.booking_id == held.booking.booking_id
    assert [kind for _, _, kind in taken(engine)] == ["pending", "pending"]
    assert told(log) == ["slot_hold.placed", "booking.created"]
    with pytest.raises(WrongStateError, match="booked already"):
        bookings.create(SALON, COLOUR, starts_at=TEN, contact=ANA, request=BY, hold_id=held.booking.booking_id)


def test_a_hold_that_ran_out_frees_its_time_at_its_own_time(
    bookings: Bookings, clock: SetClock, log: EventLog, engine: Engine
) -> None:
    held = bookings.hold(SALON, COLOUR, starts_at=TEN, request=BY)
    clock.advance(minutes=10)

    free = availability_of(engine, clock).list_free(SALON, COLOUR, begins=TEN, ends=TEN + HOUR / 4).free
    assert len(free) == 1
    with pytest.raises(HoldExpiredError):
        bookings.create(SALON, COLOUR, starts_at=TEN, contact=ANA, request=BY, hold_id=held.booking.booking_id)
    create(bookings, COLOUR)

    assert told(log) == ["slot_hold.placed", "slot_hold.expired", "booking.created"]
    assert log.read_after(1, limit=1)[0].occurred_at == NOW + timedelta(minutes=10)


def test_a_hold_is_extended_once_and_released(bookings: Bookings, clock: SetClock) -> None:
    booking_id = bookings.hold(SALON, COLOUR, starts_at=TEN, request=BY).booking.booking_id
    clock.advance(minutes=9)

    assert bookings.extend(SALON, booking_id, request=BY).booking.expires_at == NOW + timedelta(minutes=19)
    with pytest.raises(WrongStateError, match="extended once"):
        bookings.extend(SALON, booking_id, request=BY)
    bookings.release(SALON, booking_id, request=BY)

    assert create(bookings, COLOUR)
    with pytest.raises(HoldExpiredError):
        bookings.release(SALON, booking_id, request=BY)


def test_a_hold_is_for_what_is_held(bookings: Bookings) -> None:
    booking_id = bookings.hold(SALON, COLOUR, starts_at=TEN, request=BY).booking.booking_id

    def book(wish: Wish, *, at: datetime = TEN) -> Known:
        return bookings.create(SALON, wish, starts_at=at, contact=ANA, request=BY, hold_id=booking_id)

    for wish, at in ((CUT, TEN), (COLOUR, TEN + HOUR), (Wish(service_key="colour", person="tess"), TEN)):
        with pytest.raises(WrongStateError, match="another service, person or time"):
            book(wish, at=at)
    assert book(Wish(service_key="colour", person="bea"))


def test_nobody_keeps_more_times_than_one_may(bookings: Bookings, clock: SetClock) -> None:
    def hold(hours: int, **of: str) -> Known:
        return bookings.hold(SALON, CUT, starts_at=TEN + hours * HOUR, request=BY, keeper=Keeper(**of))

    hold(0, browser="a", address="10.0.0.1")
    with pytest.raises(TooManyHoldsError):
        hold(1, browser="a", address="10.0.0.2")
    hold(1, browser="b", address="10.0.0.1")
    hold(2, browser="c", address="10.0.0.1")
    with pytest.raises(TooManyHoldsError):
        hold(3, browser="d", address="10.0.0.1")

    clock.advance(minutes=10)

    assert hold(3, browser="a", address="10.0.0.1")


# Repeated requests


def test_a_repeated_request_is_answered_as_it_was(bookings: Bookings, log: EventLog) -> None:
    request = Request(by="web", key="k1", content={"at": 1})

    def book() -> Known:
        return bookings.create(SALON, CUT, starts_at=TEN, contact=ANA, request=request)

    first = book()
    bookings.cancel(SALON, first.booking.booking_id, request=BY)

    assert book() == first
    assert told(log) == ["booking.created", "booking.confirmed", "booking.cancelled"]


def test_a_key_of_another_request_is_refused(bookings: Bookings) -> None:
    bookings.create(SALON, CUT, starts_at=TEN, contact=ANA, request=Request(by="web", key="k1", content={"at": 1}))

    with pytest.raises(KeyReusedError):
        bookings.create(
            SALON, CUT, starts_at=TEN, contact=ANA, request=Request(by="web", key="k1", content={"at": 2})
        )
