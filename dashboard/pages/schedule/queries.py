"""What the schedule asks of the published file: bookings from elsewhere, and what happened to one booking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from dashboard.frame.analytics_file import AnalyticsFile
from frontdesk.core.values import FRONTDESK_SOURCE

_MOST_CHANGES = 50


def fetch_from_elsewhere(
    file: AnalyticsFile, *, tenant_id: str, begins: datetime, ends: datetime, statuses: Sequence[str]
) -> pd.DataFrame:
    """Return the bookings that were not made here and begin within a time, by their start."""
    sql = """
    SELECT booking_id, source, contact_id, guest_name, service_name, status, starts_at, ends_at, staff_name,
        coalesce(is_all_day, false) AS is_all_day
    FROM marts.fct_bookings
    WHERE tenant_id = $tenant_id AND source <> $own AND starts_at >= $begins AND starts_at < $ends
        AND status IN $statuses
    ORDER BY starts_at, booking_id
    """
    given = {"tenant_id": tenant_id, "own": FRONTDESK_SOURCE, "begins": begins, "ends": ends}
    return file.fetch(sql, **given, statuses=list(statuses))


def fetch_history(file: AnalyticsFile, *, tenant_id: str, booking_id: str) -> pd.DataFrame:
    """Return what happened to a booking, newest first."""
    sql = """
    SELECT type, detail, occurred_at
    FROM marts.fct_timeline
    WHERE tenant_id = $tenant_id AND entity_id = $booking_id
    ORDER BY occurred_at DESC, timeline_key
    LIMIT $most
    """
    return file.fetch(sql, tenant_id=tenant_id, booking_id=booking_id, most=_MOST_CHANGES)
