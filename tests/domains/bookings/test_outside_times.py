"""Bookings from elsewhere take up time here, on both databases; where one of ours has it already, staff are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, select

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.errors import SlotTakenError
from frontdesk.domains.bookings.outside_times import OutsideBooking, OutsideTimes
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.schema import outside_times
from frontdesk.domains.catalogue.open_times import seconds
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, availability_of, bookings_of, salon

SALON = salon()
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def bookings(engine: Engine, clock: SetClock) -> Bookings:
    return bookings_of(engine, clock)


@pytest.fixture
def outside(engine: Engine, log: EventLog, clock: SetClock) -> OutsideTimes:
    return OutsideTimes(engine, log=log, clock=clock)


def booking(booking_id: str = "wix-1", *, starts_at: datetime = TEN, **changes: Any) -> OutsideBooking:
    told: dict[str, Any] = {
        "service_key": "cut",
        "service_name": "Haircut",
        "staff_name": None,
        "ends_at": starts_at + HOUR,
    }
    return OutsideBooking(booking_id=booking_id, source="wix", starts_at=starts_at, event_id="e", **(told | changes))


def taken(engine: Engine) -> list[tuple[Any, ...]]:
    columns = outside_times.c
    query = select(columns.booking_id, columns.resource, columns.lane).order_by(columns.booking_id, columns.resource)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def book(bookings: Bookings, wish: Wish = CUT, at: datetime = TEN) -> str:
    return bookings.create(SALON, wish, starts_at=at, contact=ANA, request=BY).booking.booking_id


def tasks(log: EventLog) -> list[dict[str, Any]]:
    return [orjson.loads(event.payload) for event in log.read_after(0, limit=100) if event.type == "task.created"]


def test_it_takes_one_who_would_do_and_then_the_other(
    outside: OutsideTimes, bookings: Bookings, engine: Engine, log: EventLog, clock: SetClock
) -> None:
    outside.replace(SALON, [booking("wix-1")])
    assert taken(engine) == [("wix-1", "person:tess", 0)]
    assert bookings.find("salon", book(bookings)).booking.staff == "Bea"

    later = TEN + 2 * HOUR
    outside.replace(
        SALON, [booking("wix-2", starts_at=later), booking("wix-3", starts_at=later)], of={"wix-2", "wix-3"}
    )
    with pytest.raises(SlotTakenError):
        book(bookings, at=later)
    listed = availability_of(engine, clock).list_free(SALON, CUT, begins=TEN, ends=TEN + 4 * HOUR)
    assert seconds(later) not in [free.starts for free in listed.free]
    assert tasks(log) == []


@pytest.mark.parametrize("name", ["bea", "BEA ", "Bea"])
def test_it_takes_who_is_named(name: str, outside: OutsideTimes, engine: Engine) -> None:
    outside.replace(SALON, [booking(staff_name=name), booking("wix-2", service_key=None, staff_name="Tess")])

    assert taken(engine) == [("wix-1", "person:bea", 0), ("wix-2", "person:tess", 0)]


def test_where_ours_has_the_time_it_is_taken_all_the_same_and_staff_are_told_once(
    outside: OutsideTimes, bookings: Bookings, engine: Engine, log: EventLog
) -> None:
    ours = {book(bookings), book(bookings)}

    outside.replace(SALON, [booking(starts_at=TEN + HOUR / 2)])
    outside.replace(SALON, [booking(starts_at=TEN + HOUR / 2)])

    assert taken(engine) == [("wix-1", "person:tess", 0)]
    [task] = tasks(log)
    assert task["booking_id"] in ours
    assert task["kind"] == "booking_conflict"
    assert task["title"] == (
        "Cut of 2027-03-02 10:00 is booked here, and Haircut at the same time in wix."
        " Move one of the two, or tell them."
    )


def test_what_moves_or_ends_elsewhere_gives_its_time_back(
    outside: OutsideTimes, bookings: Bookings, engine: Engine
) -> None:
    both = [booking("wix-1"), booking("wix-2")]
    outside.replace(SALON, both)
    with pytest.raises(SlotTakenError):
        book(bookings)

    assert outside.replace(SALON, [booking("wix-1", starts_at=TEN + 3 * HOUR)], of={"wix-1", "wix-2"}) == 2

    book(bookings), book(bookings)
    assert [row[0] for row in taken(engine)] == ["wix-1"]
    assert outside.replace(SALON, []) == 1
    assert taken(engine) == []


def test_one_of_ours_takes_what_it_claims_and_nothing_besides(
    outside: OutsideTimes, bookings: Bookings, engine: Engine, log: EventLog
) -> None:
    outside.replace(SALON, [booking(book(bookings))])

    assert taken(engine) == []
    assert tasks(log) == []


def test_without_an_end_it_takes_as_long_as_the_service(outside: OutsideTimes, bookings: Bookings) -> None:
    outside.replace(SALON, [booking("wix-1", ends_at=None), booking("wix-2", ends_at=None)])

    with pytest.raises(SlotTakenError):
        book(bookings, at=TEN + HOUR / 2)
    book(bookings, at=TEN + HOUR)


def test_whose_time_nobody_knows_takes_nobody_s(outside: OutsideTimes, engine: Engine) -> None:
    outside.replace(SALON, [booking(service_key=None), booking("wix-2", service_key="wig", staff_name="Zoe")])

    assert taken(engine) == []
