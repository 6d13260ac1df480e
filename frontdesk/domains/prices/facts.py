"""Facts about prices: what was told, and which promo codes were used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Payload
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.settings import PromoCodeName

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PriceQuotedFact(Payload):
    """price.quoted: somebody was told a price. The snapshot proves which, and by what it was computed.

    No model reads it yet, so it makes no contact and no rule can wait for it.
    """

    quote_id: Identifier
    snapshot: dict[str, object] = Field(description="What was told, by which rules, for what was asked.")
    sha256: Sha256 = Field(description="Of the snapshot as canonical JSON.")
    asked_by: ContactPayload | None = Field(default=None, description="Who wanted to know.")
    by: Text | None = Field(default=None, description="Who asked for them, of staff.")


class PromoCodeUsedFact(Payload):
    """promo_code.used: a price with a promo code was agreed to. No model reads it yet."""

    code: PromoCodeName
    quote_id: Identifier
    used_by: ContactPayload | None = None
    booking_id: Identifier | None = None


PRICE_QUOTED: Final = "price.quoted"
PROMO_CODE_USED: Final = "promo_code.used"
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    PRICE_QUOTED: PriceQuotedFact,
    PROMO_CODE_USED: PromoCodeUsedFact,
}
