"""Durations: the forms that are read, and the remedy for the others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from frontdesk.core.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30m", timedelta(minutes=30)),
        ("48h", timedelta(hours=48)),
        ("7d", timedelta(days=7)),
        ("731d", timedelta(days=731)),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(("text", "written"), [("90m", "90m"), ("120m", "2h"), ("36h", "36h"), ("48h", "2d")])
def test_durations_are_written_in_the_largest_exact_unit(text: str, written: str) -> None:
    assert format_duration(parse_duration(text)) == written


@pytest.mark.parametrize("text", ["", "48", "48 h", "2 hours", "-1h", "0h", "1.5h", "1w", "٣h", 48, None])
def test_other_forms_are_refused_with_the_remedy(text: object) -> None:
    with pytest.raises(ValueError, match=r"^write a whole number and m, h or d, such as 30m, 48h or 7d$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["732d", "999999h"])
def test_a_duration_of_more_than_two_years_is_a_slip(text: str) -> None:
    with pytest.raises(ValueError, match=r"^write at most 731d$"):
        parse_duration(text)
