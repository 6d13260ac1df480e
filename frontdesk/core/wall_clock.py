"""Wall clock to instants: the only place where a local time of day becomes one.

Everything behind it counts elapsed time. Where clocks go back, a local time comes twice: what opens then opens the
first time, what closes then closes the second. Where they go forward, a local time that does not come is as much
later as the clocks jump: 02:30 of Chicago's spring night is 03:30, as RFC 5545 reads it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from frontdesk.core.tenant.fields import END_OF_DAY

_NIGHT = time(0)
_DAY = timedelta(days=1)


def opening_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return when something opens, in UTC."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins, in UTC."""
    return opening_instant(day, _NIGHT, zone)


def closing_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return when something closes, in UTC; END_OF_DAY is 24:00."""
    local = datetime.combine(day + _DAY, _NIGHT) if at == END_OF_DAY else datetime.combine(day, at)
    # Of a local time that comes twice the later is the second; of one that does not come, the one after the gap.
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def in_words(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant by the wall clock, with the zone's abbreviation: two of the same time differ by it.

    >>> in_words(datetime(2027, 11, 7, 6, 30, tzinfo=UTC), ZoneInfo("America/Chicago"))
    '2027-11-07 01:30 CDT'
    """
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M %Z}"
