"""Dates and times become instants: formats, zones, what clocks skip and repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.domains.imports.cell_values import Ambiguous, later, parse_date, parse_instant
from frontdesk.domains.imports.problems import CellError

NEW_YORK = ZoneInfo("America/New_York")
PERTH = ZoneInfo("Australia/Perth")


def parse(text: str, *formats: str, zone: ZoneInfo = NEW_YORK, ambiguous: Ambiguous = "first") -> datetime:
    return parse_instant(text, formats=formats or ("iso",), zone=zone, ambiguous=ambiguous)


@pytest.mark.parametrize(
    ("text", "formats", "instant"),
    [
        ("2025-03-07 11:40", (), "2025-03-07T16:40:00+00:00"),
        ("2025-03-07", (), "2025-03-07T05:00:00+00:00"),
        ("2025-03-07T11:40:00Z", (), "2025-03-07T11:40:00+00:00"),
        ("2025-03-07T11:40:00.250+0800", (), "2025-03-07T03:40:00.250000+00:00"),
        ("2025-03-07 11:40:00 +08:00", (), "2025-03-07T03:40:00+00:00"),
        ("2025-03-07 11:40:00 UTC", (), "2025-03-07T11:40:00+00:00"),
        ("March 7, 2025 10:00 am", ("%B %d, %Y %I:%M %p",), "2025-03-07T15:00:00+00:00"),
        ("7/3/2025  9:05", ("%d/%m/%Y %H:%M",), "2025-03-07T14:05:00+00:00"),
        ("7/3/2025", ("%d/%m/%Y %H:%M", "%d/%m/%Y"), "2025-03-07T05:00:00+00:00"),
        ("2025-03-07 11:40 +0100", ("%Y-%m-%d %H:%M %z",), "2025-03-07T10:40:00+00:00"),
        ("1740787201", ("unix",), "2025-03-01T00:00:01+00:00"),
        ("1740787201.5", ("unix",), "2025-03-01T00:00:01.500000+00:00"),
        ("1740787201123", ("unix_ms",), "2025-03-01T00:00:01.123000+00:00"),
        ("-1.5", ("unix",), "1969-12-31T23:59:58.500000+00:00"),
    ],
)
def test_formats(text: str, formats: tuple[str, ...], instant: str) -> None:
    assert parse(text, *formats).astimezone(UTC).isoformat() == instant


@pytest.mark.parametrize(
    ("text", "formats", "reason"),
    [
        ("yesterday", (), "no date or time in the format 'iso'"),
        ("31/02/2025", ("%d/%m/%Y",), "no date or time in the format '%d/%m/%Y'"),
        ("12/31/2025", ("%d/%m/%Y", "%Y-%m-%d"), "'%d/%m/%Y' or '%Y-%m-%d'"),
        ("0025-03-07", (), "year 25; is the format right"),
        ("1740787201123", ("unix",), "year 57134|format"),
        ("1.7e9", ("unix",), "format 'unix'"),
        ("45723", ("unix",), "spreadsheet's day number .7 March 2025.*format the column as a date"),
        ("45723.583333", ("unix",), "spreadsheet's day number"),
        ("45723", ("unix_ms",), "spreadsheet's day number"),
        ("0", ("unix",), "no time"),
        ("1740787201", ("unix_ms",), "looks like seconds: write format: unix"),
    ],
)
def test_refusals(text: str, formats: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CellError, match=reason):
        parse(text, *formats)


def test_a_time_that_clocks_skip_is_refused() -> None:
    with pytest.raises(CellError, match="does not exist in America/New_York"):
        parse("2025-03-09 02:30")
    assert parse("2025-03-09 01:59").astimezone(UTC).hour == 6
    assert parse("2025-03-09 03:00").astimezone(UTC).hour == 7


def test_a_time_that_clocks_repeat_is_the_first_unless_said() -> None:
    text = "2025-11-02 01:30"

    assert parse(text).isoformat() == "2025-11-02T01:30:00-04:00"
    assert parse(text, ambiguous="second").isoformat() == "2025-11-02T01:30:00-05:00"
    with pytest.raises(CellError, match="happened twice"):
        parse(text, ambiguous="refuse")


def test_a_written_offset_settles_what_clocks_repeat() -> None:
    assert parse("2025-11-02T01:30:00-05:00", ambiguous="refuse").astimezone(UTC).hour == 6


def test_a_duration_is_real_time_across_a_change_of_clocks() -> None:
    assert later(parse("2025-03-09 01:30"), timedelta(hours=1)).isoformat() == "2025-03-09T03:30:00-04:00"


@given(st.integers(-2_000_000_000, 7_000_000_000), st.sampled_from([NEW_YORK, PERTH, ZoneInfo("Europe/London")]))
def test_every_local_time_comes_back(seconds: int, zone: ZoneInfo) -> None:
    instant = datetime.fromtimestamp(seconds, tz=zone)
    text = instant.strftime("%d.%m.%Y %H:%M:%S")
    ambiguous: Ambiguous = "second" if instant.fold else "first"

    assert parse(text, "%d.%m.%Y %H:%M:%S", zone=zone, ambiguous=ambiguous) == instant


def test_dates() -> None:
    assert parse_date("07/03/2025", formats=("%d/%m/%Y",)).isoformat() == "2025-03-07"
    assert parse_date("2025-03-07 10:00", formats=("iso",)).isoformat() == "2025-03-07"
    with pytest.raises(CellError):
        parse_date("soon", formats=("iso",))
