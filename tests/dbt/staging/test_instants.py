"""Instants: the macro instant_from_text, seen through a Wix post, in a session far from UTC."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.dbt.staging.warehouse import Event, StagingWarehouse

_NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-11-20T15:00:00Z", _NEW_YORK, datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-11-20t15:00:00z", None, datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-11-20T15:00Z", None, datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("2026-11-20 15:00:00.123456+05:30", None, datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)),
        ("2026-11-20T15:00:00-0500", None, datetime(2026, 11, 20, 20, tzinfo=UTC)),
        ("2026-11-20T15:00:00+02", None, datetime(2026, 11, 20, 13, tzinfo=UTC)),
        # The business is in Chicago.
        ("2026-11-20T15:00:00", None, datetime(2026, 11, 20, 21, tzinfo=UTC)),
        ("2026-11-20T15:00:00", _NEW_YORK, datetime(2026, 11, 20, 20, tzinfo=UTC)),
        ("2026-07-20T15:00:00", _NEW_YORK, datetime(2026, 7, 20, 19, tzinfo=UTC)),
        ("2026-07-20 15:00", _NEW_YORK, datetime(2026, 7, 20, 19, tzinfo=UTC)),
        ("2026-07-20", _NEW_YORK, datetime(2026, 7, 20, 4, tzinfo=UTC)),
        ("2026-07-20T15:00:00.250", "Australia/Perth", datetime(2026, 7, 20, 7, 0, 0, 250000, tzinfo=UTC)),
        # The clock jumps over 02:30 on that morning: the hour before the jump, one hour later by the clock.
        ("2026-03-08T02:30:00", _NEW_YORK, datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        ("2026-07-20T15:00:00", "Mars/Olympus", None),
        ("2026-07-20T15:00:00+14:00", None, datetime(2026, 7, 20, 1, tzinfo=UTC)),
        ("2026-07-20T15:00:00+15:00", None, None),
        ("2026-07-20T15:00:00+99:00", None, None),
        ("2026-07-20T15:00:00-05:75", None, None),
        ("2024-02-30T10:00:00Z", None, None),
        ("2026-07-20T25:00:00", None, None),
        # DuckDB takes it for Bangladesh.
        ("2026-07-20T15:00:00", "BST", None),
        ("2026-07-20T15:00:00", "utc", datetime(2026, 7, 20, 15, tzinfo=UTC)),
        ("1797760800", _NEW_YORK, datetime(2026, 12, 20, 10, tzinfo=UTC)),
        ("1797760800000", _NEW_YORK, datetime(2026, 12, 20, 10, tzinfo=UTC)),
        ("1797760800250.0", None, datetime(2026, 12, 20, 10, 0, 0, 250000, tzinfo=UTC)),
        ("202612201000", None, None),
        ("20/12/2026 10:00", None, None),
        ("2026-12-20 10:00 AWST", None, None),
        ("12:00", None, None),
        ("tomorrow", None, None),
        ("infinity", None, None),
        ("290309-12-22T00:00:00Z", None, None),
        ("0026-07-20T15:00:00Z", None, None),
    ],
)
def test_instant_from_text(staging: StagingWarehouse, text: str, zone: str | None, expected: datetime | None) -> None:
    post = {"bookingId": "b-1", "startDate": text, "timezone": zone}
    staging.replace_events([Event("wix", "wix.booking_created", json.dumps(post))])
    [booking] = staging.rows("stg_wix__bookings")
    assert booking["starts_at"] == expected
    told = f"{text} ({zone})" if zone else text
    assert booking["unread_times"] == ([{"problem": "start_not_read", "told": told}] if expected is None else None)


_TOP, _SLOT = "2026-12-20T10:00:00", "2026-12-20T11:00:00"


@pytest.mark.parametrize(
    ("type_", "booking", "starts_at"),
    [
        # Wix says that these are UTC; its slots are local.
        ("wix.bookings.v2.booking_created", {"startDate": _TOP, "timezone": "Asia/Tokyo"}, 10),
        ("wix.bookings.v2.booking_created", {"bookedEntity": {"slot": {"startDate": _SLOT}}}, 17),
        ("wix.bookings.v2.booking_created", {"bookedEntity": {"slot": {"startDate": 1797760800000}}}, 10),
        ("wix.booking_created", {"startDate": _TOP, "timezone": "Asia/Tokyo"}, 1),
        ("wix.booking_created", {"startDate": _TOP}, 16),
        ("gohighlevel.AppointmentCreate", {"startTime": _TOP}, 16),
        ("gohighlevel.AppointmentCreate", {"startTime": 1797760800}, 10),
        ("gohighlevel.workflow", {"startTime": _TOP}, 16),
        ("gohighlevel.workflow", {"startTime": _TOP, "selectedTimezone": "Asia/Tokyo"}, 1),
    ],
)
def test_a_time_without_an_offset_is_in_the_zone_of_its_provider_booking_or_business(
    staging: StagingWarehouse, type_: str, booking: dict[str, object], starts_at: int
) -> None:
    source = type_.split(".", maxsplit=1)[0]
    payloads: dict[str, dict[str, object]] = {
        "wix.bookings.v2.booking_created": {"event": {"createdEvent": {"entity": {"id": "b-1", **booking}}}},
        "wix.booking_created": {"bookingId": "b-1", **booking},
        "gohighlevel.AppointmentCreate": {"appointment": {"id": "b-1", **booking}},
        "gohighlevel.workflow": {"contact_id": "c", "calendar": {"appointmentId": "b-1", **booking}},
    }
    staging.replace_events([Event(source, type_, json.dumps(payloads[type_]))])
    [row] = staging.rows(f"stg_{source}__bookings")
    assert (row["starts_at"], row["unread_times"]) == (datetime(2026, 12, 20, starts_at, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("told", "start"),
    [
        ("20/12/2026 10:00", "20/12/2026 10:00"),
        (" Sun, 20 Dec 2026\n10:00 AWST", "Sun, 20 Dec 2026 10:00 AWST"),
        ({"dateTime": "2026-12-20T10:00:00Z"}, '{"dateTime":"2026-12-20T10:00:00Z"}'),
        ("2026-02-30", "2026-02-30"),
    ],
)
@pytest.mark.parametrize("source", ["wix", "gohighlevel"])
def test_a_start_that_is_not_read_is_told(staging: StagingWarehouse, source: str, told: object, start: str) -> None:
    payload, type_ = {
        "wix": ({"bookingId": "b-1", "startDate": told, "endDate": "later"}, "wix.booking_created"),
        "gohighlevel": (
            {"appointment": {"id": "b-1", "startTime": told, "endTime": "later"}},
            "gohighlevel.AppointmentCreate",
        ),
    }[source]
    staging.replace_events([Event(source, type_, json.dumps(payload))])
    [row] = staging.rows(f"stg_{source}__bookings")
    assert row["starts_at"] is None
    assert row["unread_times"] == [
        {"problem": "start_not_read", "told": start},
        {"problem": "end_not_read", "told": "later"},
    ]


@pytest.mark.parametrize("told", [None, "", " \t", {}, []])
def test_what_says_no_start_is_no_problem(staging: StagingWarehouse, told: object) -> None:
    staging.replace_events([Event("wix", "wix.booking_created", json.dumps({"bookingId": "b-1", "startDate": told}))])
    [row] = staging.rows("stg_wix__bookings")
    assert row["unread_times"] is None


@pytest.mark.parametrize(
    ("due_by", "unread"), [(1797760800, None), (0, None), (None, None), ("soon", ("due_not_read", "soon"))]
)
def test_until_when_a_dispute_is_to_be_answered_is_read_or_told(
    staging: StagingWarehouse, due_by: object, unread: tuple[str, str] | None
) -> None:
    dispute = {"id": "dp_1", "object": "dispute", "charge": "ch_1", "evidence_details": {"due_by": due_by}}
    event = Event("stripe", "stripe.charge.dispute.created", json.dumps({"data": {"object": dispute}}))
    staging.replace_events([event])
    [row] = staging.rows("stg_stripe__payments")
    assert row["unread_times"] == (None if unread is None else [{"problem": unread[0], "told": unread[1]}])
