"""Bookings as a calendar file (RFC 5545), such as telephones and mail programs take into their calendars.

Every value comes from the log, and none from the present: the same bookings give the same bytes on any day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

#: Of a line, in bytes, without its end.
_LONGEST_LINE: Final = 75
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_LINE_ENDS: Final = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
#: What no text of a calendar may hold; a line's end is written in another way, and a tab is no harm.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
_STATUS: Final = {
    "pending": "TENTATIVE",
    "confirmed": "CONFIRMED",
    "completed": "CONFIRMED",
    "no_show": "CONFIRMED",
    "cancelled": "CANCELLED",
    "declined": "CANCELLED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """One booking, as a calendar shows it."""

    uid: str
    revision: int
    changed_at: datetime
    status: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str | None = None
    location: str | None = None


def calendar_file(entries: Iterable[CalendarEntry], *, name: str) -> bytes:
    """Return a calendar of this name with these entries, in their order."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Frontdesk//Bookings 1//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
    ]
    for entry in entries:
        lines += _entry(entry)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _entry(entry: CalendarEntry) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(entry.uid)}"
    yield f"SEQUENCE:{entry.revision}"
    yield f"DTSTAMP:{_instant(entry.changed_at)}"
    yield f"LAST-MODIFIED:{_instant(entry.changed_at)}"
    yield f"DTSTART:{_instant(entry.starts_at)}"
    yield f"DTEND:{_instant(entry.ends_at)}"
    yield f"STATUS:{_STATUS[entry.status]}"
    yield f"SUMMARY:{_text(entry.summary)}"
    if entry.description:
        yield f"DESCRIPTION:{_text(entry.description)}"
    if entry.location:
        yield f"LOCATION:{_text(entry.location)}"
    # A cancelled booking takes nobody's time.
    yield f"TRANSP:{'TRANSPARENT' if _STATUS[entry.status] == 'CANCELLED' else 'OPAQUE'}"
    yield "END:VEVENT"


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", value)).translate(_ESCAPES)


def _folded(line: str) -> bytes:
    """Return a line in pieces of which none is too long, no letter cut in two."""
    pieces, piece = [], b""
    for letter in line:
        encoded = letter.encode(errors="replace")
        if len(piece) + len(encoded) > _LONGEST_LINE:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join([*pieces, piece, b""])
