"""Lengths and times of day in words, the same on pages, in texts, in reports and on the command line."""

from __future__ import annotations

from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_NOON = 12
#: From so many days on, hours say nothing more.
_LONG_DAYS = 10


def length_words(seconds: float) -> str:
    """Return a length of time to its second unit, such as `2 h 51 min`; nothing is shorter than 0 s.

    >>> length_words(10_290)
    '2 h 51 min'
    """
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        return _joined(f"{whole // _HOUR} h", whole % _HOUR // _MINUTE, "min")
    days = whole // _DAY
    return _joined(f"{days:,} days", whole % _DAY // _HOUR if days < _LONG_DAYS else 0, "h")


def age_words(seconds: float) -> str:
    """Return a length of time in its largest unit alone, for what was or is due about then: `2 h`, `3 days`."""
    whole = max(0, int(seconds))
    if whole < 2 * _DAY:
        return length_words(whole if whole < _HOUR else whole - whole % _HOUR)
    return f"{whole // _DAY:,} days"


def time_of_day_words(moment: datetime) -> str:
    """Return the time of day by the moment's own zone.

    >>> time_of_day_words(datetime(2027, 3, 2, 16, 5))
    '4:05 pm'
    """
    return f"{moment.hour % _NOON or _NOON}:{moment:%M} {'am' if moment.hour < _NOON else 'pm'}"


def _joined(larger: str, count: int, unit: str) -> str:
    return f"{larger} {count} {unit}" if count else larger
