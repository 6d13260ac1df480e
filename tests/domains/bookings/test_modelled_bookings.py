"""Bookings that are made here are what the models know of bookings: their state, service, price and person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.errors import SlotTakenError
from frontdesk.domains.bookings.projection import BookingTables
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.schema import outside_times
from frontdesk.domains.identity.facts import ContactPayload
from tests.clocks import SetClock
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import NOW, Home, HomeFactory

#: A Monday, 10:00 in Perth.
TEN = datetime.fromisoformat("2026-11-30T10:00:00+08:00")
HOUR = timedelta(hours=1)
ANA = ContactPayload(phone="+61400000001", name="Ana Lee")


def test_what_becomes_of_bookings_made_here(home: Home) -> None:
    clock = SetClock(NOW)
    bookings = Bookings(home.engine, log=home.log, clock=clock, ids=home.ids)
    clinic = home.tenants[TENANT]

    def book(service_key: str, hours: int, **more: Any) -> str:
        clock.advance(minutes=1)
        known = bookings.create(
            clinic,
            Wish(service_key=service_key),
            starts_at=TEN + hours * HOUR,
            contact=ANA,
            request=Request(by="Bea"),
            **more,
        )
        return known.booking.booking_id

    with home.modeller().opened() as modeller:
        kept, moved, gone = book("xray", 0), book("ultrasound", 1), book("ct", 2)
        modeller.follow_to_end()
        clock.advance(minutes=1)
        bookings.reschedule(clinic, moved, starts_at=TEN + 3 * HOUR, request=Request(by="Bea"))
        bookings.cancel(clinic, gone, request=Request(by="Bea", reason="ill"))
        modeller.follow_to_end()
        clock.advance(minutes=1)
        bookings.complete(clinic, kept, request=Request(by="Bea"))
        modeller.follow_to_end()
        clock.advance(minutes=1)
        bookings.reopen(clinic, kept, request=Request(by="Bea"))
        bookings.reopen(clinic, gone, request=Request(by="Bea"))
        modeller.follow_to_end()

    rows = home.query(
        "select booking_id, status, service_key, service_name, starts_at = timestamptz '2026-11-30 05:00:00+00',"
        " price_minor, list_price_minor, staff_name, count_reschedules from marts.fct_bookings"
    )
    assert sorted(rows) == sorted(
        [
            (kept, "confirmed", "xray", "X-ray", False, 9500, None, "Tom Okafor", 0),
            (moved, "confirmed", "ultrasound", "Ultrasound", True, 18000, None, "Priya Nair", 1),
            (gone, "confirmed", "ct", "CT scan", False, 35000, None, "Tom Okafor", 0),
        ]
    )
    assert home.query("select count(*), max(count_bookings) from marts.dim_contacts where is_identified") == [(1, 3)]
    assert home.modeller().verify() == []
    assert BookingTables(home.engine).compare() == []


def test_services_are_known_by_key_whoever_tells_of_them(homes: HomeFactory) -> None:
    home = homes.new_home()
    service_id = home.tenants[TENANT].services[2].provider_ids["wix"]
    slot = {"serviceId": service_id, "startDate": "2026-12-01T10:00:00", "timezone": "Australia/Perth"}
    entity = {"id": "w1", "status": "CONFIRMED", "bookedEntity": {"title": "Magnet scan", "slot": slot}}
    payload = {"event": {"id": "e1", "createdEvent": {"entity": entity}}}
    renamed = {"booking_id": "t1", "service": "ct SCAN"}
    home.follow_in_batches(
        [
            [
                fact("wix.bookings.v2.booking_created", payload, event_id="e1", source="wix"),
                fact("booking.created", renamed, event_id="t1", source="till"),
                fact("booking.created", {"booking_id": "t2", "service": "Haircut"}, event_id="t2", source="till"),
            ]
        ]
    )

    columns = "booking_id, service_key, service_name, price_minor, list_price_minor"
    assert home.query(f"select {columns} from marts.fct_bookings order by 1") == [
        ("t1", "ct", "ct SCAN", None, 35000),
        ("t2", None, "Haircut", None, None),
        ("w1", "mri", "Magnet scan", None, 42000),
    ]
    assert BookingTables(home.engine).compare() == []


def test_what_is_booked_elsewhere_is_taken_here_once_it_is_modelled(home: Home) -> None:
    bookings = Bookings(home.engine, log=home.log, clock=SetClock(NOW), ids=home.ids)

    def book() -> str:
        wish, request = Wish(service_key="mri"), Request(by="Bea")
        known = bookings.create(home.tenants[TENANT], wish, starts_at=TEN, contact=ANA, request=request)
        return known.booking.booking_id

    there = {"booking_id": "t1", "service": "MRI", "starts_at": TEN.isoformat(), "contact": {"phone": "+61400000009"}}
    with home.modeller().opened() as modeller:
        home.log.append([fact("booking.created", there, event_id="t1", source="till")])
        modeller.follow_to_end()
        with pytest.raises(SlotTakenError):
            book()
        home.log.append([fact("booking.cancelled", {"booking_id": "t1"}, event_id="t2", source="till")])
        modeller.follow_to_end()
        ours = book()
        modeller.follow_to_end()
        home.log.append([fact("booking.created", {**there, "booking_id": "t3"}, event_id="t3", source="till")])
        modeller.follow_to_end()
        modeller.follow_to_end()

    assert home.query("select kind, booking_id from marts.fct_tasks") == [("booking_conflict", ours)]
    assert home.modeller().verify() == []


def test_who_opens_the_warehouse_takes_account_of_what_is_booked_elsewhere(home: Home) -> None:
    there = {"booking_id": "t1", "service": "MRI", "starts_at": TEN.isoformat()}
    with home.modeller().opened() as modeller:
        home.log.append([fact("booking.created", there, event_id="t1", source="till")])
        modeller.follow_to_end()
    with home.engine.begin() as connection:
        connection.execute(delete(outside_times))
    with home.modeller().opened(), home.engine.connect() as connection:
        assert connection.execute(select(outside_times.c.booking_id)).scalars().all() != []
