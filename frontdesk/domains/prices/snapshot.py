"""What was told as a price, with all that it was computed by: it can be computed again on any day, from itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from pydantic import Field, ValidationError

from frontdesk.core.tenant.configurations import Configuration
from frontdesk.core.tenant.fields import Slug, Strict
from frontdesk.core.values import Instant
from frontdesk.domains.prices.asked import Asked
from frontdesk.domains.prices.canonical_json import digest_of
from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.facts import Sha256
from frontdesk.domains.prices.quote import Quote, price
from frontdesk.domains.prices.rules import PriceRules


class RuleVersion(Strict):
    """Which version of the business's document the rules are of."""

    sequence: int = Field(description="Of its event in the log.")
    sha256: Sha256 = Field(description="Of the document.")


class Snapshot(Strict):
    """A price as it was told."""

    #: Of the arithmetic: a later engine that computes otherwise has another, and keeps this one's.
    engine: Literal[1] = 1
    quote_id: str
    tenant_id: Slug
    expires_at: Instant = Field(description="Until then the price holds.")
    rule_version: RuleVersion | None = Field(
        default=None, description="None: the business's file was not in the log yet."
    )
    rules: PriceRules = Field(description="What of the rules the price can depend on.")
    asked: Asked
    quote: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedPrice:
    """A snapshot as it is kept, and its digest as it was told. The content is the proof; the model only reads it."""

    content: Mapping[str, object]
    sha256: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Return a new one, ready to be kept."""
        content = snapshot.model_dump(mode="json")
        return cls(content=content, sha256=digest_of(content))

    def read(self) -> Snapshot:
        """Return what it says. Raises ValidationError for what is no snapshot of this version."""
        return Snapshot.model_validate(self.content)


def take_snapshot(
    rules: PriceRules, asked: Asked, *, quote_id: str, tenant_id: str, version: Configuration | None
) -> QuotedPrice:
    """Return the price of what is asked for, as it is told. Raises NotPriceableError."""
    request = asked.request
    quote = price(rules, asked)
    snapshot = Snapshot(
        quote_id=quote_id,
        tenant_id=tenant_id,
        expires_at=asked.asked_at + rules.terms.quote_valid_for,
        rule_version=RuleVersion(sequence=version.sequence, sha256=version.digest) if version else None,
        rules=rules.narrowed(service_keys=request.service_keys, promo_code=request.promo_code),
        asked=asked,
        quote=quote,
    )
    return QuotedPrice.of(snapshot)


def find_contradictions(quoted: QuotedPrice) -> Iterator[str]:
    """Yield what shows that a price is not what was told; nothing on any day after it was, if nobody changed it."""
    try:
        digest = digest_of(quoted.content)
    except ValueError as error:
        yield f"it was changed: {error}"
        return
    if digest != quoted.sha256:
        yield f"it was changed: its SHA-256 is {digest}, and was told as {quoted.sha256}"
    try:
        snapshot = quoted.read()
        computed = price(snapshot.rules, snapshot.asked)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        yield f"it can't be read: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    except NotPriceableError as error:
        yield f"by its own rules it has no price: {error.detail}"
    else:
        told, again = snapshot.quote.total_minor, computed.total_minor
        if told != again:
            yield f"by its own rules it comes to {again} and was told as {told}, in {computed.currency} minor units"
        elif computed != snapshot.quote:
            yield "by its own rules its lines are others than were told"


def has_expired(snapshot: Snapshot, *, now: datetime) -> bool:
    """Tell whether the price is over; it holds at the very instant at which it ends."""
    return now > snapshot.expires_at
