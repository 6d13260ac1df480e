"""How many segments a text takes and what it costs, known before it is sent (3GPP TS 23.038)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from frontdesk.core.values import Currency

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Sent as an escape and a second septet.
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_BEYOND_BMP = 0x10000

Encoding = Literal["GSM-7", "UCS-2"]
#: Units of a text in one segment: (alone, in a series).
SEGMENT_CAPACITY: Mapping[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
DialPrefix = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,6}$")]


@dataclass(frozen=True, kw_only=True)
class SmsSize:
    """Size of a text: units are septets (GSM-7) or 16-bit units (UCS-2); an empty text takes one segment."""

    encoding: Encoding
    count_units: int
    count_segments: int


class SmsPrices(BaseModel):
    """What one segment costs by destination; the longest prefix that fits counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Currency = Field(description="Of the prices.")
    per_segment: Annotated[
        dict[DialPrefix, Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]], Field(min_length=1)
    ] = Field(description="Price of a segment by the beginning of the number.")


def measure_sms(text: str) -> SmsSize:
    """Return encoding, units and segments of a text.

    A segment holds 160 septets or 70 units alone and 153 or 67 in a series; neither an escaped character nor a
    surrogate pair is ever split, so that a series can hold less than its units say.

    >>> measure_sms("a" * 161)
    SmsSize(encoding='GSM-7', count_units=161, count_segments=2)
    """
    if all(character in GSM_BASIC or character in GSM_EXTENSION for character in text):
        widths = [2 if character in GSM_EXTENSION else 1 for character in text]
        return _size("GSM-7", widths)
    widths = [2 if ord(character) >= _BEYOND_BMP else 1 for character in text]
    return _size("UCS-2", widths)


def price_sms(size: SmsSize, *, recipient: str, prices: SmsPrices) -> Decimal | None:
    """Return the cost in the table's currency, major units; None if no prefix fits, which is not the same as free.

    The recipient is a number in E.164.
    """
    price = _find_price(recipient, prices.per_segment)
    return None if price is None else price * size.count_segments


def _size(encoding: Encoding, widths: Iterable[int]) -> SmsSize:
    alone, in_series = SEGMENT_CAPACITY[encoding]
    total, segments, used = 0, 1, 0
    for width in widths:
        total += width
        if used + width > in_series:
            segments, used = segments + 1, 0
        used += width
    return SmsSize(encoding=encoding, count_units=total, count_segments=1 if total <= alone else segments)


def _find_price(recipient: str, per_segment: Mapping[str, Decimal]) -> Decimal | None:
    fitting = [prefix for prefix in per_segment if recipient.startswith(prefix)]
    return per_segment[max(fitting, key=len)] if fitting else None
