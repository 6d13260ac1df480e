"""What a booking costs: the price that was told, agreed to again, or else what the engine gives for it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.domains.bookings.errors import OtherPriceError
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import AskedItem, PriceRequest
from frontdesk.domains.prices.code_uses import CodeUseCounter, use_of_code
from frontdesk.domains.prices.errors import NotPriceableError, PricesWrongError, QuoteNotGenuineError
from frontdesk.domains.prices.quotes import agree, ask, told_event
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.settings import PricedBusiness
from frontdesk.domains.prices.snapshot import QuotedPrice, Snapshot, find_contradictions, take_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceInForce:
    """What a booking's price is made of: the business's rules, and the price that was told for it."""

    business: PricedBusiness
    version: Configuration | None = None  #: of the business's document; None: the log has none
    told: QuotedPrice | None = None  #: None: nobody was told one


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Which booking the price is of."""

    service_key: str
    starts_at: datetime
    booking_id: str
    contact: ContactPayload | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedPrice:
    """A price with its proof, and what else happened by agreeing to it."""

    quoted: QuotedPrice
    snapshot: Snapshot
    events: tuple[NewEvent, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return what a booking tells of its price."""
        quote = self.snapshot.quote
        proof = {"sha256": self.quoted.sha256, "snapshot": dict(self.quoted.content)}
        return {"price_minor": quote.total_minor, "currency": quote.currency, "quote": proof}


def agree_on(
    price: PriceInForce, priced: Priced, *, counter: CodeUseCounter, now: datetime, new_quote_id: str
) -> AgreedPrice | None:
    """Return what a booking costs; None if nobody was told, and not enough is known to tell it now.

    Raises OtherPriceError if what was told is of another service or start, and what prices.quotes.agree raises.
    """
    if price.told is None:
        return _tell_now(price, priced, counter=counter, now=now, new_quote_id=new_quote_id)
    agreed = agree(
        price.told,
        rules=PriceRules.of(price.business),
        version=price.version,
        now=now,
        counter=counter,
        contact=priced.contact,
        new_quote_id=new_quote_id,
    )
    snapshot = agreed.read()
    _check_is_of(snapshot.asked.request, priced)
    told_anew = None if agreed is price.told else told_event(agreed, contact=priced.contact, now=now)
    use = use_of_code(snapshot, contact=priced.contact, booking_id=priced.booking_id, now=now)
    events = tuple(event for event in (told_anew, use) if event is not None)
    return AgreedPrice(quoted=agreed, snapshot=snapshot, events=events)


def verify(quote: Mapping[str, Any] | None) -> None:
    """Raise QuoteNotGenuineError if a booking's price is not what was agreed to."""
    if quote is None:
        return
    wrong = list(find_contradictions(QuotedPrice(content=quote["snapshot"], sha256=quote["sha256"])))
    if wrong:
        raise QuoteNotGenuineError("; ".join(wrong))


def _tell_now(
    price: PriceInForce, priced: Priced, *, counter: CodeUseCounter, now: datetime, new_quote_id: str
) -> AgreedPrice | None:
    request = PriceRequest(items=(AskedItem(service_key=priced.service_key),), starts_at=priced.starts_at)
    try:
        quoted = take_snapshot(
            PriceRules.of(price.business),
            ask(request, now=now, counter=counter),
            quote_id=new_quote_id,
            tenant_id=price.business.slug,
            version=price.version,
        )
    except (NotPriceableError, PricesWrongError):
        return None  # too little would be worse than none: it is told later
    return AgreedPrice(quoted=quoted, snapshot=quoted.read())


def _check_is_of(request: PriceRequest, priced: Priced) -> None:
    """Raise OtherPriceError if a price is not of what is booked."""
    if priced.service_key not in request.service_keys:
        raise OtherPriceError(f"the price is not of {priced.service_key}; ask for its price", reason="other-price")
    if request.starts_at is not None and request.starts_at != priced.starts_at:
        raise OtherPriceError(
            f"the price is of another start, {request.starts_at:%Y-%m-%dT%H:%M:%SZ}; ask for the price of this one",
            reason="other-price",
        )
