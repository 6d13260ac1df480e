"""How figures and days read in a report: money in its currency, shares in per cent, durations in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.core.lengths import length_words
from frontdesk.core.money import minor_unit_exponent
from frontdesk.domains.reports.document import Figure, Report, Unit
from frontdesk.domains.reports.periods import PeriodKind

MISSING = "\N{EN DASH}"
#: A longer name is cut: a note that was pasted into a field is no name, and a row must not be higher than a page.
_NAME_LENGTH = 60


def value_words(value: int | None, *, unit: Unit, currency: str | None) -> str:
    """Return a figure's value as readers expect it, such as `AUD 1,240.50`, `62.5%`, `3 h 5 min`."""
    if value is None:
        return MISSING
    match unit:
        case "minor_units":
            return money_words(value, currency or "")
        case "permille":
            return f"{value / 10:.1f}%"
        case "seconds":
            return length_words(value)
        case "count":
            return f"{value:,}"


def money_words(minor_units: int, currency: str) -> str:
    """Return minor units as money: `AUD 1,240.50`, `JPY 500`."""
    digits = minor_unit_exponent(currency)
    whole, rest = divmod(abs(minor_units), 10**digits)
    number = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
    return f"{'-' if minor_units < 0 else ''}{currency} {number}".strip()


def part_words(name: str) -> str:
    """Return a service's or channel's name as it begins a line, cut where it is no name any more."""
    words = " ".join(name.replace("_", " ").split())
    cut = words if len(words) <= _NAME_LENGTH else words[: _NAME_LENGTH - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    # A title letter, not a capital one: Georgian has capitals that begin no word.
    return cut[:1].title() + cut[1:]


def change_words(figure: Figure) -> str:
    """Return the change to the period before: `+3 (+12%)`, `-2.5 points`; a dash where there is none to tell."""
    change = figure.change
    if change is None:
        return MISSING
    if change == 0:
        return "no change"
    sign = "+" if change > 0 else "-"
    if figure.unit == "permille":
        return f"{sign}{abs(change) / 10:.1f} points"
    amount = sign + value_words(abs(change), unit=figure.unit, currency=figure.currency)
    if not figure.previous:
        return amount
    percent = round(100 * abs(change) / abs(figure.previous))
    return f"{amount} ({sign}{percent:,}%)"


def is_better(figure: Figure) -> bool | None:
    """Tell whether the change is a good one; None where there is none."""
    return None if not figure.change else (figure.change > 0) == figure.is_higher_better


def left_out_words(report: Report) -> str:
    """Return a sentence about the sections that could not be computed; empty where there are none."""
    if not report.left_out:
        return ""
    return f"Left out, because it could not be computed: {', '.join(report.left_out)}. The figures are complete."


def title_words(report: Report) -> str:
    """Return the period in words: `Week of 2 March 2026`, `March 2026`."""
    return period_words(report.kind, report.period_start)


def period_words(kind: PeriodKind, start: date) -> str:
    """Return a period in words."""
    if kind is PeriodKind.MONTHLY:
        return f"{start:%B %Y}"
    return f"Week of {start.day} {start:%B %Y}"


def days_words(report: Report) -> str:
    """Return the first and the last day: `Mon 2 March to Sun 8 March 2026`."""
    last = report.period_end - timedelta(days=1)
    first = report.period_start
    return f"{first:%a} {first.day} {first:%B} to {last:%a} {last.day} {last:%B %Y}"


def moment_words(instant: datetime, zone: str) -> str:
    """Return an instant on the tenant's clock: `9 March 2026 at 09:00 (Australia/Perth)`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B %Y} at {local:%H:%M} ({zone})"
