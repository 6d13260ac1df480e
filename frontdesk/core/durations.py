"""Durations as people write them in a tenant's file: 48h, 30m, 7d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_FORM = re.compile(r"(?P<count>[1-9][0-9]{0,5})(?P<unit>[mhd])")
_NOTHING = re.compile(r"0[mhd]")
#: Beyond this a duration is a slip of the pen: two years.
LONGEST = timedelta(days=731)


def parse_duration(text: object) -> timedelta:
    """Return the duration. A day is 24 hours, also when clocks change. Raises ValueError with the remedy.

    >>> parse_duration("48h")
    datetime.timedelta(days=2)
    """
    matched = _FORM.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise ValueError("write a whole number and m, h or d, such as 30m, 48h or 7d")
    duration = timedelta(**{_UNITS[matched["unit"]]: int(matched["count"])})
    if duration > LONGEST:
        raise ValueError(f"write at most {LONGEST.days}d")
    return duration


def format_duration(duration: timedelta) -> str:
    """Return the duration as it is written, in the largest unit that is exact.

    >>> format_duration(timedelta(hours=36))
    '36h'
    """
    minutes = int(duration.total_seconds()) // 60
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def _parse(value: object) -> timedelta:
    # A model that was dumped and is read again brings durations, not texts.
    return value if isinstance(value, timedelta) else parse_duration(value)


def _parse_from_zero(value: object) -> timedelta:
    return timedelta(0) if isinstance(value, str) and _NOTHING.fullmatch(value) else _parse(value)


Duration = Annotated[timedelta, BeforeValidator(_parse), PlainSerializer(format_duration, when_used="json")]
#: A duration that can be none at all: 0m.
DurationFromZero = Annotated[
    timedelta, BeforeValidator(_parse_from_zero), PlainSerializer(format_duration, when_used="json")
]
