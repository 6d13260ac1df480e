"""Bookings that are made here are what the models know of bookings: their state, service, price and person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from frontdesk.domains.bookings.commands import Bookings, Request
from frontdesk.domains.bookings.projection import BookingTables
from frontdesk.domains.bookings.questions import Wish
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
        " price_minor, staff_name, count_reschedules from marts.fct_bookings"
    )
    assert sorted(rows) == sorted(
        [
            (kept, "confirmed", "xray", "X-ray", False, 9500, "Tom Okafor", 0),
            (moved, "confirmed", "ultrasound", "Ultrasound", True, 18000, "Priya Nair", 1),
            (gone, "confirmed", "ct", "CT scan", False, 35000, "Tom Okafor", 0),
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

    assert home.query("select booking_id, service_key, service_name from marts.fct_bookings order by 1") == [
        ("t1", "ct", "ct SCAN"),
        ("t2", None, "Haircut"),
        ("w1", "mri", "Magnet scan"),
    ]
    # Facts alone take no time here.
    assert BookingTables(home.engine).compare() == []
