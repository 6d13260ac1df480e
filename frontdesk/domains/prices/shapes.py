"""Prices as `/v1` takes requests for them and answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from frontdesk.core.plain_text import Text
from frontdesk.core.values import Instant
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import PriceRequest
from frontdesk.domains.prices.facts import PriceQuotedFact
from frontdesk.domains.prices.quote import Quote
from frontdesk.domains.prices.quotes import quoted_by


class AskingContact(ContactPayload):
    """Who asks for a price. Needed where a promo code counts so many times a person."""

    model_config = ConfigDict(extra="forbid")


class QuoteBody(PriceRequest):
    """What somebody wants to know the price of, and who."""

    contact: AskingContact | None = None
    by: Text | None = Field(default=None, description="Who asks for them; of a signed-in person always themselves.")

    def request(self) -> PriceRequest:
        """Return what a price depends on."""
        return PriceRequest.model_validate(self.model_dump(include=set(PriceRequest.model_fields)))


class QuoteTold(BaseModel):
    """A price that holds until it expires."""

    quote_id: str
    expires_at: Instant
    sha256: str = Field(description="Of its snapshot as canonical JSON; GET /v1/prices/{quote_id} has the snapshot.")
    quote: Quote

    @classmethod
    def of(cls, fact: PriceQuotedFact) -> QuoteTold:
        """Return the answer that tells a price."""
        snapshot = quoted_by(fact).read()
        return cls(quote_id=fact.quote_id, expires_at=snapshot.expires_at, sha256=fact.sha256, quote=snapshot.quote)


class QuoteVerified(BaseModel):
    """A price as it was told, verified: its digest, and its own rules computed again."""

    quote_id: str
    sha256: str
    snapshot: dict[str, Any] = Field(description="What was told, by which rules, for what was asked.")
    is_genuine: bool
    contradictions: list[str] = Field(description="What shows that it is not what was told; none where it is.")
    has_expired: bool | None = Field(description="None: the snapshot can't be read.")
