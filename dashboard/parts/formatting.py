"""How facts read on the screen: money, times in the tenant's zone, counts, names, and text made safe for Markdown."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.connectors.descriptor import descriptors
from frontdesk.core.money import minor_unit_exponent
from frontdesk.core.time_words import age_words, length_words

MISSING = "\N{EN DASH}"
#: Has no width, and keeps an address of a page from being made a link.
WORD_JOINER = "\N{WORD JOINER}"

_SYMBOLS = {
    "USD": "$",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
    "SGD": "S$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
}
_ACRONYMS = {"sms": "SMS", "id": "ID", "email": "e-mail", "no_show": "no-show"}
#: What GitHub's Markdown makes a link of by itself; of e-mail addresses too, which lead where they say.
_LINK_BEGINNINGS = re.compile(r"(https?:(?=//)|www(?=\.))", re.IGNORECASE)
_ASCII_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BLANKS = re.compile(r"\s+")

# Providers' clocks differ from ours by a second or two; "in 1 s" for a past fact would be odd.
_CLOCK_SKEW = 5


def format_money(amount_minor: int | None, currency: str | None) -> str:
    """Return minor units as money, such as `A$120.00`, `¥500`, `CHF 9.50`; a dash if there is no amount."""
    if amount_minor is None:
        return MISSING
    code = (currency or "").upper()
    digits = minor_unit_exponent(code)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    number = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    prefix = _SYMBOLS.get(code, f"{code} " if code else "")
    return f"{'-' if amount_minor < 0 else ''}{prefix}{number}"


def count_minor_units(currency: str | None) -> int:
    """Return how many minor units a unit of the currency has, such as 100."""
    return int(10 ** minor_unit_exponent((currency or "").upper()))


def format_count(count: int | None) -> str:
    """Return a whole number with thousands separated; a dash if there is none."""
    return MISSING if count is None else f"{count:,}"


def format_quantity(count: int, thing: str) -> str:
    """Return a number of things, such as `1 booking` and `2 bookings`."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def format_share(share: float | None) -> str:
    """Return a share of 1 as a percentage, such as `42 %`; a dash if there is none."""
    return MISSING if share is None else f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def format_duration(seconds: float | None) -> str:
    """Return a length of time, such as `2 h 51 min`; a dash if there is none."""
    return MISSING if seconds is None else length_words(seconds)


def format_relative(instant: datetime | None, *, now: datetime) -> str:
    """Return how long ago (or from now) an instant is, such as `3 min ago`; a dash if there is none."""
    if instant is None:
        return MISSING
    seconds = (now - instant).total_seconds()
    if -_CLOCK_SKEW < seconds < 1:
        return "just now"
    return f"{age_words(seconds)} ago" if seconds > 0 else f"in {age_words(-seconds)}"


def format_due(due_at: datetime | None, *, now: datetime) -> str:
    """Return when something is due in words, such as `Due in 3 h` or `2 days overdue`."""
    if due_at is None:
        return "No due time"
    seconds = (due_at - now).total_seconds()
    if seconds < 0:
        return f"{age_words(-seconds)} overdue"
    return f"Due in {age_words(seconds)}"


def format_instant(instant: datetime | None, zone: str) -> str:
    """Return an instant in the zone, such as `Tue 4 Mar 2025, 10:12 AWST`; a dash if there is none."""
    if instant is None:
        return MISSING
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def format_moment(instant: datetime | None, zone: str, *, now: datetime) -> str:
    """Return an instant in the zone, without what is plain from the present: today it is only `10:12 AWST`."""
    if instant is None:
        return MISSING
    local, here = instant.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    if local.date() == here.date():
        return f"{local:%H:%M} {local.tzname()}"
    if local.year == here.year:
        return f"{local:%a} {local.day} {local:%b, %H:%M} {local.tzname()}"
    return format_instant(instant, zone)


def format_when(instant: datetime, zone: str, *, now: datetime) -> str:
    """Return an instant as it reads within a sentence: `at 10:12 AWST` today, `on Tue 3 Mar, 10:12 AWST` else."""
    moment = format_moment(instant, zone, now=now)
    is_today = instant.astimezone(ZoneInfo(zone)).date() == now.astimezone(ZoneInfo(zone)).date()
    return f"{'at' if is_today else 'on'} {moment}"


def format_clock(instant: datetime, zone: str) -> str:
    """Return the time of day in the zone, such as `10:12`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}"


def format_day(instant: datetime, zone: str, *, now: datetime) -> str:
    """Return the day in the zone: `Today`, `Yesterday`, `Tomorrow`, or `Tue 4 March 2025`."""
    local_day = instant.astimezone(ZoneInfo(zone)).date()
    today = now.astimezone(ZoneInfo(zone)).date()
    names = {timedelta(0): "Today", timedelta(1): "Yesterday", timedelta(-1): "Tomorrow"}
    return names.get(today - local_day, f"{local_day:%a} {local_day.day} {local_day:%B %Y}")


def format_words(name: str | None) -> str:
    """Return a machine name as words: `booking.no_show` becomes `Booking no-show`; a dash if there is none."""
    if not name:
        return MISSING
    parts = [_ACRONYMS.get(part, part) for part in name.split(".")]
    words = " ".join(_ACRONYMS.get(word, word) for part in parts for word in part.split("_"))
    return words[:1].upper() + words[1:]


def format_source(source: str | None) -> str:
    """Return a source's own spelling of its name, such as `GoHighLevel`."""
    if not source:
        return MISSING
    provider = descriptors().get(source)
    return provider.label if provider else format_words(source.replace("-", "_"))


def escape_markdown(text: str | None) -> str:
    """Return text that Markdown shows as it is, on one line; a dash if there is none.

    What customers write reaches these pages: unescaped, a name could load an image from elsewhere, or pose as a link.
    The addresses of pages get an invisible character: Markdown looks for them in what is unescaped already.
    """
    if text is None or not text.strip():
        return MISSING
    text = _LINK_BEGINNINGS.sub(f"\\1{WORD_JOINER}", text)
    return _ASCII_PUNCTUATION.sub(r"\\\1", _BLANKS.sub(" ", text.strip()))


def escape_lines(text: str | None) -> str:
    """Return text that Markdown shows as it is, its line ends kept; a dash if there is none."""
    if text is None or not text.strip():
        return MISSING
    # Two blanks at the end of a line break it in Markdown; an empty line would begin a paragraph of its own.
    return "  \n".join(
        escape_markdown(line) if line.strip() else "\N{NO-BREAK SPACE}" for line in text.strip().splitlines()
    )


def shorten(text: str | None, *, length: int) -> str | None:
    """Return text of at most `length` characters, ended with an ellipsis if it was longer."""
    if text is None or len(text) <= length:
        return text
    return text[: length - 1].rstrip() + "…"
