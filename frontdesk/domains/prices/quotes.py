"""Prices that were told, in the log: kept as facts, read again by their id, and agreed to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.tenant.configurations import Configuration
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import Asked, CodeUses, PriceRequest
from frontdesk.domains.prices.code_uses import CodeUseCounter, LoggedCodeUses
from frontdesk.domains.prices.errors import NotPriceableError, PriceChangedError, QuoteNotGenuineError
from frontdesk.domains.prices.facts import PRICE_QUOTED, PriceQuotedFact
from frontdesk.domains.prices.quote import price
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.settings import PricedBusiness
from frontdesk.domains.prices.snapshot import QuotedPrice, find_contradictions, has_expired, take_snapshot


def ask(
    request: PriceRequest, *, now: datetime, counter: CodeUseCounter, contact: ContactPayload | None = None
) -> Asked:
    """Return a request with when it is asked and how often its promo code was used until then."""
    uses = counter.count(request.promo_code, contact=contact) if request.promo_code else CodeUses(in_all=0)
    return Asked(request=request, asked_at=now, code_uses=uses)


def compute(
    business: PricedBusiness,
    request: PriceRequest,
    *,
    log: EventLog,
    version: Configuration | None,
    contact: ContactPayload | None,
    now: datetime,
    quote_id: str,
) -> QuotedPrice:
    """Return what a business asks for something now; nobody is told yet. version: of its document.

    Raises NotPriceableError, PricesWrongError, EventLogUnavailableError.
    """
    counter = LoggedCodeUses(log, tenant_id=business.slug, region=business.country)
    asked = ask(request, now=now, counter=counter, contact=contact)
    return take_snapshot(PriceRules.of(business), asked, quote_id=quote_id, tenant_id=business.slug, version=version)


def fact_of(quoted: QuotedPrice, *, quote_id: str, contact: ContactPayload | None, by: str | None) -> dict[str, Any]:
    """Return the payload of price.quoted."""
    fact = PriceQuotedFact(
        quote_id=quote_id, snapshot=dict(quoted.content), sha256=quoted.sha256, asked_by=contact, by=by
    )
    return fact.model_dump(mode="json", exclude_unset=True)


def told_event(quoted: QuotedPrice, *, contact: ContactPayload | None, now: datetime) -> NewEvent:
    """Return the event by which a price is told, where nobody asked for one by itself."""
    snapshot = quoted.read()
    payload = orjson.dumps(fact_of(quoted, quote_id=snapshot.quote_id, contact=contact, by=None))
    return own_event(
        PRICE_QUOTED,
        payload,
        tenant_id=snapshot.tenant_id,
        source_event_id=f"{PRICE_QUOTED}:{snapshot.quote_id}",
        subject_id=snapshot.quote_id,
        now=now,
    )


def find_quote(log: EventLog, *, tenant_id: str, quote_id: str) -> PriceQuotedFact | None:
    """Return what a business told by this id, None if nothing. Raises EventLogUnavailableError."""
    events = log.read_by_source_ids(tenant_id, FRONTDESK_SOURCE, [f"{PRICE_QUOTED}:{quote_id}"])
    return PriceQuotedFact.model_validate_json(events[0].payload) if events else None


def quoted_by(fact: PriceQuotedFact) -> QuotedPrice:
    """Return the price that a fact tells."""
    return QuotedPrice(content=fact.snapshot, sha256=fact.sha256)


def agree(
    quoted: QuotedPrice,
    *,
    rules: PriceRules,
    version: Configuration | None,
    now: datetime,
    counter: CodeUseCounter,
    contact: ContactPayload | None,
    new_quote_id: str,
) -> QuotedPrice:
    """Return the price that counts when somebody agrees to one that they were told.

    As long as it holds it is the one that was told, whatever the business's prices are by now. After that it is told
    anew, under new_quote_id, if it still is the same. rules: those in force. Raises QuoteNotGenuineError if it is
    not what was told, and PriceChangedError with both prices if it is over, or its promo code used up, and today's is
    another.
    """
    wrong = list(find_contradictions(quoted))
    if wrong:
        raise QuoteNotGenuineError("; ".join(wrong))
    snapshot = quoted.read()
    asked = ask(snapshot.asked.request, now=now, counter=counter, contact=contact)
    if not has_expired(snapshot, now=now) and _still_counts(snapshot.rules, snapshot.asked, uses=asked.code_uses):
        return quoted
    try:
        anew = take_snapshot(rules, asked, quote_id=new_quote_id, tenant_id=snapshot.tenant_id, version=version)
    except NotPriceableError as error:
        detail = f"the price that was told is over, and there is none now: {error.detail}"
        raise PriceChangedError(detail, quoted=quoted, now=None) from error
    if anew.read().quote.total_minor != snapshot.quote.total_minor:
        raise PriceChangedError(
            "the price that was told is over, and today's is another; agree to that, by its quote_id",
            quoted=quoted,
            now=anew,
        )
    return anew


def _still_counts(rules: PriceRules, asked: Asked, *, uses: CodeUses) -> bool:
    """Tell whether the promo code may be used once more: others may have used it since."""
    try:
        price(rules, asked.model_copy(update={"code_uses": uses}))
    except NotPriceableError:
        return False
    return True
