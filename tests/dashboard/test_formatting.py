"""How facts read on the screen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.parts import formatting

NOW = datetime(2025, 3, 4, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [
        (12_000, "AUD", "A$120.00"),
        (123_456_789, "USD", "$1,234,567.89"),
        (5, "GBP", "£0.05"),
        (-250, "EUR", "-€2.50"),
        (500, "JPY", "¥500"),
        (1_234, "KWD", "KWD 1.234"),
        (950, "CHF", "CHF 9.50"),
        (950, "chf", "CHF 9.50"),
        (950, None, "9.50"),
        (0, "USD", "$0.00"),
        (None, "USD", formatting.MISSING),
    ],
)
def test_money_has_its_currencys_digits(amount_minor: int | None, currency: str | None, shown: str) -> None:
    assert formatting.format_money(amount_minor, currency) == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=1200), "1,200 days ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_relative_time_has_one_unit(ago: timedelta, shown: str) -> None:
    assert formatting.format_relative(NOW - ago, now=NOW) == shown


def test_missing_times_are_dashes() -> None:
    assert formatting.format_relative(None, now=NOW) == formatting.MISSING
    assert formatting.format_instant(None, "UTC") == formatting.MISSING
    assert formatting.format_moment(None, "UTC", now=NOW) == formatting.MISSING
    assert formatting.format_duration(None) == formatting.MISSING


def test_instants_are_in_the_tenants_zone() -> None:
    assert formatting.format_instant(NOW, "Australia/Perth") == "Tue 4 Mar 2025, 10:12 AWST"
    assert formatting.format_instant(NOW, "America/Chicago") == "Mon 3 Mar 2025, 20:12 CST"
    assert formatting.format_clock(NOW, "America/Chicago") == "20:12"


def test_summer_time_is_named() -> None:
    summer = datetime(2025, 7, 4, 2, 12, tzinfo=UTC)
    assert formatting.format_instant(summer, "America/Chicago") == "Thu 3 Jul 2025, 21:12 CDT"


def test_moments_leave_out_what_is_plain() -> None:
    zone = "Australia/Perth"
    assert formatting.format_moment(NOW, zone, now=NOW) == "10:12 AWST"
    assert formatting.format_moment(NOW - timedelta(days=9), zone, now=NOW) == "Sun 23 Feb, 10:12 AWST"
    assert formatting.format_moment(NOW - timedelta(days=90), zone, now=NOW) == "Wed 4 Dec 2024, 10:12 AWST"


def test_days_turn_at_the_tenants_midnight() -> None:
    # 23:30 in Chicago: yesterday there, though the same UTC day.
    late = datetime(2025, 3, 4, 5, 30, tzinfo=UTC)
    noon = datetime(2025, 3, 4, 18, 0, tzinfo=UTC)
    assert formatting.format_day(late, "America/Chicago", now=noon) == "Yesterday"
    assert formatting.format_day(late, "UTC", now=noon) == "Today"
    assert formatting.format_day(noon + timedelta(days=1), "UTC", now=noon) == "Tomorrow"
    assert formatting.format_day(noon - timedelta(days=2), "UTC", now=noon) == "Sun 2 March 2025"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("booking.no_show", "Booking no-show"),
        ("email", "E-mail"),
        ("sms", "SMS"),
        ("partially_refunded", "Partially refunded"),
        ("external_id", "External ID"),
        ("", formatting.MISSING),
        (None, formatting.MISSING),
    ],
)
def test_machine_names_become_words(name: str | None, words: str) -> None:
    assert formatting.format_words(name) == words


def test_sources_are_spelt_as_they_spell_themselves() -> None:
    assert formatting.format_source("gohighlevel") == "GoHighLevel"
    assert formatting.format_source("google-calendar") == "Google Calendar"
    assert formatting.format_source("old-crm") == "Old crm"


def test_every_markdown_character_is_escaped() -> None:
    punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    escaped = formatting.escape_markdown(punctuation)
    assert escaped == "".join(f"\\{character}" for character in punctuation)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pay at https://evil.example/x", "pay at https:~//evil.example/x"),
        ("HTTP://EVIL.EXAMPLE", "HTTP:~//EVIL.EXAMPLE"),
        ("www.evil.example or wWw.x.example", "www~.evil.example or wWw~.x.example"),
        ("http: no address, www neither", "http: no address, www neither"),
    ],
)
def test_no_address_of_a_page_becomes_a_link_by_itself(text: str, shown: str) -> None:
    # As GitHub's extension of Markdown finds them, in the text that is left when all escapes are undone.
    unescaped = re.sub(r"\\(.)", r"\1", formatting.escape_markdown(text))
    assert unescaped == shown.replace("~", formatting.WORD_JOINER)
    assert not re.search(r"https?://|www(?=\.)", unescaped, re.IGNORECASE)


def test_escaped_text_is_one_line() -> None:
    assert formatting.escape_markdown(" a\n\n# b\tc ") == "a \\# b c"
    assert formatting.escape_markdown("  ") == formatting.MISSING
    assert formatting.escape_markdown(None) == formatting.MISSING


def test_long_text_is_shortened_with_an_ellipsis() -> None:
    assert formatting.shorten("abcdef", length=6) == "abcdef"
    assert formatting.shorten("abc defg", length=6) == "abc d…"
    assert formatting.shorten(None, length=6) is None


def test_counts_have_their_thousands_separated() -> None:
    assert formatting.format_count(1_234_567) == "1,234,567"
    assert formatting.format_count(None) == formatting.MISSING


def test_one_thing_is_not_plural() -> None:
    assert formatting.format_quantity(1, "booking") == "1 booking"
    assert formatting.format_quantity(1200, "booking") == "1,200 bookings"
