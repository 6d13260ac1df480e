"""Lengths of time in words."""

from __future__ import annotations

import pytest

from frontdesk.core.time_words import age_words, length_words


@pytest.mark.parametrize(
    ("seconds", "length", "age"),
    [
        (-5, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (3599, "59 min", "59 min"),
        (3600, "1 h", "1 h"),
        (7199, "1 h 59 min", "1 h"),
        (10_290, "2 h 51 min", "2 h"),
        (48 * 3600 - 1, "47 h 59 min", "47 h"),
        (48 * 3600, "2 days", "2 days"),
        (76 * 3600, "3 days 4 h", "3 days"),
        (10 * 86_400 + 5 * 3600, "10 days", "10 days"),
        (1_000 * 86_400, "1,000 days", "1,000 days"),
    ],
)
def test_a_length_has_two_units_and_an_age_one(seconds: float, length: str, age: str) -> None:
    assert (length_words(seconds), age_words(seconds)) == (length, age)
