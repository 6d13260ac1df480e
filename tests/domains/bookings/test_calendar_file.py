"""Calendar files, read by an independent library, with texts that mean harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from frontdesk.domains.bookings.calendar_file import CalendarEntry, calendar_file

ENTRY = CalendarEntry(
    uid="b1@salon.frontdesk",
    revision=3,
    changed_at=datetime(2027, 3, 1, 14, 0, 5, tzinfo=UTC),
    status="confirmed",
    starts_at=datetime(2027, 3, 2, 10, tzinfo=timezone(timedelta(hours=-6))),
    ends_at=datetime(2027, 3, 2, 17, tzinfo=UTC),
    summary="Cut",
)
HOSTILE = "Ana; Ruiz, \\n\nEND:VEVENT\r\nBEGIN:VALARM\rX\u2028Y\x00\x07\x85Z\u202e \U0001f600" + "ü" * 90


def read(*entries: CalendarEntry, name: str = "Salon") -> list[Event]:
    content = calendar_file(entries, name=name)
    check_lines(content)
    events = Calendar.from_ical(content).walk("VEVENT")
    return [event for event in events if isinstance(event, Event)]


def check_lines(content: bytes) -> None:
    """Every line ends with CRLF, has 75 bytes at most, and is whole UTF-8."""
    assert content.endswith(b"END:VCALENDAR\r\n")
    for line in content.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        assert not {*line} & {*b"\r\n\x00\x07"}
        line.decode()


def test_an_entry_says_what_the_booking_is() -> None:
    assert calendar_file([ENTRY], name="Salon").decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Frontdesk//Bookings 1//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Salon",
        "BEGIN:VEVENT",
        "UID:b1@salon.frontdesk",
        "SEQUENCE:3",
        "DTSTAMP:20270301T140005Z",
        "LAST-MODIFIED:20270301T140005Z",
        "DTSTART:20270302T160000Z",
        "DTEND:20270302T170000Z",
        "STATUS:CONFIRMED",
        "SUMMARY:Cut",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_what_is_cancelled_takes_nobody_s_time() -> None:
    [event] = read(replace(ENTRY, status="cancelled"))
    assert (str(event["STATUS"]), str(event["TRANSP"])) == ("CANCELLED", "TRANSPARENT")


def test_a_text_that_means_harm_is_a_text() -> None:
    [event] = read(replace(ENTRY, summary=HOSTILE, description=HOSTILE, location=HOSTILE), name=HOSTILE)
    assert event.walk("VALARM") == []
    lines = str(event["SUMMARY"]).split("\n")
    assert lines[:4] == ["Ana; Ruiz, \\n", "END:VEVENT", "BEGIN:VALARM", "X"]
    assert str(event["LOCATION"]) == str(event["DESCRIPTION"]) == str(event["SUMMARY"])


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_comes_through(text: str) -> None:
    content = calendar_file([replace(ENTRY, summary=f"[{text}]")], name="Salon")
    check_lines(content)
    unfolded = content.decode().replace("\r\n ", "")
    [line] = [line for line in unfolded.split("\r\n") if line.startswith("SUMMARY:")]
    assert line.count("BEGIN:") == text.count("BEGIN:")
    [event] = Calendar.from_ical(content).walk("VEVENT")
    visible = "".join(each for each in text if each.isalnum() and each.isascii())
    assert visible in "".join(each for each in str(event["SUMMARY"]) if each.isalnum() and each.isascii())
