"""What the booking pages show, put together from what is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.money import format_minor_units
from frontdesk.domains.prices.quote import Quote
from webhooks.pages.booking.choices import Option, read_start, start_value
from webhooks.pages.booking.words import moment_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that can be booked."""

    key: str
    name: str
    description: str | None
    length: str
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """A price line by line, as it is read."""

    lines: tuple[tuple[str, str], ...]
    total: str


def price_table(quote: Quote) -> PriceTable:
    """Return the lines of a price, then what is taken off and what is added to all of them."""

    def money(amount_minor: int) -> str:
        return format_minor_units(amount_minor, quote.currency)

    lines = [(_name(line.name, line.quantity), money(line.amount_minor)) for line in quote.lines]
    if quote.discount_minor:
        lines.append((f"Promo code {quote.promo_code}", f"-{money(quote.discount_minor)}"))
    if quote.tax_minor:
        lines.append((f"{quote.tax_name} ({quote.tax_rate_percent}%)", money(quote.tax_minor)))
    return PriceTable(lines=tuple(lines), total=money(quote.total_minor))


def alternatives_of(error: FrontdeskError, *, zone: ZoneInfo) -> tuple[Option, ...]:
    """Return the times that a refusal offers, the soonest first."""
    offered = error.members.get("alternatives")
    starts = [each["starts_at"] for each in offered] if isinstance(offered, Iterable) else []
    first = error.members.get("first_bookable_at")
    starts += [first] if isinstance(first, str) else []
    moments = sorted(start for text in starts if (start := read_start(text)) is not None)
    return tuple(Option(start_value(moment), moment_words(moment, zone)) for moment in moments)


def _name(name: str, quantity: str) -> str:
    return name if quantity == "1" else f"{name} x {quantity}"
