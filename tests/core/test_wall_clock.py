"""Local times become instants by one rule, on every odd day of every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from frontdesk.core.tenant.fields import END_OF_DAY
from frontdesk.core.wall_clock import closing_instant, in_words, opening_instant

#: Days of a few years; all zones change within them as they do today.
FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)


def hours(zone: str, day: str, opens: str, closes: str) -> float:
    """Return how many hours something is open."""
    place, local = ZoneInfo(zone), date.fromisoformat(day)
    end = END_OF_DAY if closes == "24:00" else time.fromisoformat(closes)
    length = closing_instant(local, end, place) - opening_instant(local, time.fromisoformat(opens), place)
    return length / timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes", "expected"),
    [
        ("America/Chicago", "2027-03-14", "00:00", "05:00", 4.0),
        ("America/Chicago", "2027-11-07", "00:00", "05:00", 6.0),
        ("America/Chicago", "2027-03-14", "00:00", "24:00", 23.0),
        ("America/Chicago", "2027-11-07", "00:00", "24:00", 25.0),
        ("America/Chicago", "2027-03-14", "02:30", "05:00", 1.5),  # opens in the gap
        ("America/Chicago", "2027-11-07", "01:00", "02:00", 2.0),  # the hour that comes twice
        ("America/Chicago", "2027-11-07", "01:30", "01:30", 1.0),  # opens the first time, closes the second
        ("Australia/Lord_Howe", "2027-04-04", "00:00", "04:00", 4.5),
        ("Australia/Lord_Howe", "2027-04-04", "00:00", "24:00", 24.5),
        ("Australia/Lord_Howe", "2027-10-03", "00:00", "24:00", 23.5),
        ("Africa/Cairo", "2027-04-30", "00:00", "02:00", 1.0),  # midnight does not come
        ("Africa/Cairo", "2027-04-29", "00:00", "24:00", 24.0),
        ("Australia/Perth", "2027-03-14", "00:00", "24:00", 24.0),
        ("Asia/Kolkata", "2027-03-14", "09:15", "17:45", 8.5),
    ],
)
def test_how_long_it_is_open(zone: str, day: str, opens: str, closes: str, expected: float) -> None:
    assert hours(zone, day, opens, closes) == expected


def test_the_two_times_of_one_hour_differ_by_their_abbreviation() -> None:
    chicago = ZoneInfo("America/Chicago")
    first = datetime(2027, 11, 7, 6, 30, tzinfo=UTC)

    words = [in_words(first + timedelta(hours=each), chicago) for each in (0, 1)]

    assert words == ["2027-11-07 01:30 CDT", "2027-11-07 01:30 CST"]


def _odd_days(zone: ZoneInfo) -> list[date]:
    """The days on which a zone's clock jumps, and those around them."""
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days)]
    nights = [datetime.combine(day, time(0), tzinfo=zone).utcoffset() for day in days]
    jumps = [number for number in range(1, len(days)) if nights[number] != nights[number - 1]]
    return [days[number + step] for number in jumps for step in (-1, 0, 1) if 0 <= number + step < len(days)]


def test_whole_days_meet_without_a_gap_in_every_zone() -> None:
    """A day's end is not before the next one's beginning, and every day is as long as its clock."""
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for day in _odd_days(zone):
            begins, ends = opening_instant(day, time(0), zone), closing_instant(day, END_OF_DAY, zone)
            assert timedelta(hours=22) <= ends - begins <= timedelta(hours=26), (name, day)
            assert ends >= opening_instant(day + timedelta(days=1), time(0), zone), (name, day)


def test_what_the_clock_shows_opens_in_its_order_and_before_it_closes() -> None:
    """Of times that the clock shows that day; one that it leaves out is as much later as the clock jumps."""
    quarters = [time(hour, minute) for hour in range(4) for minute in (0, 15, 30, 45)]
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for day in _odd_days(zone):
            shown = [each for each in quarters if _is_shown(day, each, zone)]
            openings = [opening_instant(day, each, zone) for each in shown]
            closings = [closing_instant(day, each, zone) for each in shown]
            assert openings == sorted(openings), (name, day)
            assert closings == sorted(closings), (name, day)
            assert all(begins <= ends for begins, ends in zip(openings, closings, strict=True)), (name, day)


def _is_shown(day: date, at: time, zone: ZoneInfo) -> bool:
    return opening_instant(day, at, zone).astimezone(zone).time() == at
