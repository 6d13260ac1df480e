"""Dates and times in the formats of exports, put into a zone whose clocks skip some times and repeat others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from core.canonical import FIRST_YEAR, LAST_YEAR
from core.importing.problems import CellError, quoted

Ambiguous = Literal["first", "second", "refuse"]

ISO, UNIX, UNIX_MS = "iso", "unix", "unix_ms"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX = re.compile(r"-?\d{1,17}(\.\d{1,6})?")
_SPACE_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_UTC_NAME = re.compile(r"\s*(UTC|GMT)$")


def parse_instant(text: str, *, formats: Sequence[str], zone: ZoneInfo, ambiguous: Ambiguous) -> datetime:
    """Return an aware datetime, by the first format that fits.

    A format is "iso" (ISO 8601; a date alone is its midnight), "unix" (seconds), "unix_ms", or one of strptime.
    A time that carries an offset keeps it; any other is local to `zone`. Raises CellError where no format fits,
    where the zone's clocks skip that time, and for years that only a wrong format gives.
    """
    parsed = _parse(text, formats)
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise CellError(f"{quoted(text)} would be in the year {parsed.year}; is the format right?")
    return parsed if parsed.tzinfo else _place(parsed, text=text, zone=zone, ambiguous=ambiguous)


def parse_date(text: str, *, formats: Sequence[str]) -> date:
    """Return a calendar date; the time of day, where there is one, is left out. Raises CellError as parse_instant."""
    parsed = _parse(text, formats)
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise CellError(f"{quoted(text)} would be in the year {parsed.year}; is the format right?")
    return parsed.date()


def later(instant: datetime, duration: timedelta) -> datetime:
    """Return the instant after a duration of real time, in the same zone (wall clocks may move in between)."""
    return (instant.astimezone(UTC) + duration).astimezone(instant.tzinfo)


def _parse(text: str, formats: Sequence[str]) -> datetime:
    for pattern in formats:
        try:
            return _parse_one(text, pattern)
        except (ValueError, OverflowError):
            continue
    raise CellError(f"{quoted(text)} is no date or time in the format {' or '.join(map(repr, formats))}")


def _parse_one(text: str, pattern: str) -> datetime:
    match pattern:
        case "iso":
            return datetime.fromisoformat(_SPACE_BEFORE_OFFSET.sub("", _UTC_NAME.sub("+00:00", text)))
        case "unix" | "unix_ms":
            if not _UNIX.fullmatch(text):
                raise ValueError(text)
            # Not fromtimestamp: a float loses microseconds.
            unit = timedelta(seconds=1) if pattern == UNIX else timedelta(milliseconds=1)
            whole, _, fraction = text.partition(".")
            sign = -1 if text.startswith("-") else 1
            millionths = sign * int(fraction.ljust(6, "0"))
            return _EPOCH + unit * int(whole) + unit * millionths / 1_000_000
        case _:
            return datetime.strptime(" ".join(text.split()), pattern)  # noqa: DTZ007 - placed into its zone above


def _place(local: datetime, *, text: str, zone: ZoneInfo, ambiguous: Ambiguous) -> datetime:
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != local:
        raise CellError(f"{quoted(text)} does not exist in {zone.key}: the clocks skipped it")
    if ambiguous == "refuse":
        raise CellError(f"{quoted(text)} happened twice in {zone.key}: say ambiguous: first or second")
    return first if ambiguous == "first" else second
