"""Instants: the macro instant_from_iso, seen through a Wix post, in a session far from UTC."""

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
        ("2026-11-20T15:00:00", None, datetime(2026, 11, 20, 15, tzinfo=UTC)),
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
        ("12:00", None, None),
        ("tomorrow", None, None),
        ("infinity", None, None),
        ("290309-12-22T00:00:00Z", None, None),
        ("0026-07-20T15:00:00Z", None, None),
    ],
)
def test_instant_from_iso(staging: StagingWarehouse, text: str, zone: str | None, expected: datetime | None) -> None:
    post = {"bookingId": "b-1", "startDate": text, "timezone": zone}
    staging.replace_events([Event("wix", "wix.booking_created", json.dumps(post))])
    [booking] = staging.rows("stg_wix__bookings")
    assert booking["starts_at"] == expected
