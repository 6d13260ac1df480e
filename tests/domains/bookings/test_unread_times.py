"""Times of bookings that place nothing are listed for people, whichever provider or record told them."""

from __future__ import annotations

from datetime import UTC, datetime

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home

TOLD = datetime(2026, 11, 20, 1, tzinfo=UTC)


def wix(name: str, start: object, end: object) -> NewEvent:
    body = {"bookingId": name, "phone": "0491 570 156", "startDate": start, "endDate": end}
    return fact("wix.booking_confirmed", body, event_id=f"{name}-told", at=TOLD, source="wix")


def record(name: str, start: str, end: str) -> NewEvent:
    payload = {"booking_id": name, "contact": {"phone": "+61491570156"}, "starts_at": start, "ends_at": end}
    return fact("booking.created", payload, event_id=f"{name}-told", at=TOLD, source="acuity")


def test_what_places_nothing_is_listed_live_as_rebuilt(home: Home) -> None:
    ten = "2026-12-20T10:00:00"
    home.follow_in_batches(
        [
            [wix("read", ten, 1797735600000), wix("unread", "20/12/2026 10:00", "20/12/2026 11:00")],
            [
                wix("before", ten, "2026-12-20T09:00:00"),
                record("record", f"{ten}+08:00", "2026-12-20T09:00:00+08:00"),
            ],
        ]
    )
    listed = "select entity_id, problem, told, source, type from reports.rpt_unread_times order by all"
    backwards = "2026-12-20 10:00 to 2026-12-20 09:00"
    expected = [
        ("before", "end_not_after_start", backwards, "wix", "booking.confirmed"),
        ("record", "end_not_after_start", backwards, "acuity", "booking.created"),
        ("unread", "end_not_read", "20/12/2026 11:00", "wix", "booking.confirmed"),
        ("unread", "start_not_read", "20/12/2026 10:00", "wix", "booking.confirmed"),
    ]
    assert home.query(listed) == expected
    # The clinic is in Perth.
    start = datetime(2026, 12, 20, 2, tzinfo=UTC)
    assert home.query("select booking_id, starts_at, ends_at from marts.fct_bookings order by 1") == [
        ("before", start, None),
        ("read", start, datetime(2026, 12, 20, 3, tzinfo=UTC)),
        ("record", start, None),
        ("unread", None, None),
    ]
    assert home.modeller().verify() == []
