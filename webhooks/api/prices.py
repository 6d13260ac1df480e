"""Prices over /v1: one is told, as an event, and verified on any day after."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from pydantic import ValidationError

from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.errors import UnknownQuoteError
from frontdesk.domains.prices.facts import PRICE_QUOTED, PriceQuotedFact
from frontdesk.domains.prices.quotes import compute, fact_of, find_quote, quoted_by
from frontdesk.domains.prices.shapes import QuoteBody, QuoteTold, QuoteVerified
from frontdesk.domains.prices.snapshot import QuotedPrice, find_contradictions, has_expired
from frontdesk.domains.staff.roles import Permission
from webhooks.api.requests import NO_NUL, IdempotencyKey, append_request, request_id, unprocessable
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_QuoteId = Annotated[str, Path(pattern=NO_NUL, max_length=255, description="The price's quote_id.")]

router = APIRouter(prefix="/v1", tags=["prices"])


@router.post("/prices:quote", status_code=HTTPStatus.CREATED, responses=document_problems(401, 403, 422, 503))
async def quote_price(
    body: QuoteBody,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: Annotated[Caller, allow(Permission.WORK)],
    runtime: RuntimeDep,
) -> QuoteTold:
    """Tell what something costs, itemised. The price holds until it expires, whatever the list says by then."""
    tenant_id = caller.tenant_id
    quote_id = request_id(runtime, tenant_id=tenant_id, operation="prices", idempotency_key=idempotency_key)
    told = None
    if idempotency_key is not None:
        told = await _find_told(runtime, body, tenant_id=tenant_id, quote_id=quote_id)
    if told is None:
        told = await _tell(runtime, body, caller=caller, quote_id=quote_id)
    return QuoteTold.of(told)


@router.get("/prices/{quote_id}", responses=document_problems(401, 403, 404, 422, 503))
def verify_price(
    *, quote_id: _QuoteId, caller: Annotated[Caller, allow(Permission.LOOK)], runtime: RuntimeDep
) -> QuoteVerified:
    """Show a price as it was told, and whether it is what its own rules give, computed again now."""
    fact = find_quote(runtime.log, tenant_id=caller.tenant_id, quote_id=quote_id)
    if fact is None:
        raise UnknownQuoteError("no price of this quote_id was told")
    quoted = quoted_by(fact)
    contradictions = list(find_contradictions(quoted))
    return QuoteVerified(
        quote_id=quote_id,
        sha256=quoted.sha256,
        snapshot=dict(quoted.content),
        is_genuine=not contradictions,
        contradictions=contradictions,
        has_expired=_has_expired(quoted, runtime=runtime),
    )


async def _tell(runtime: Runtime, body: QuoteBody, *, caller: Caller, quote_id: str) -> PriceQuotedFact:
    """Compute a price and keep it. Raises FrontdeskError for what has none."""
    tenant_id = caller.tenant_id
    quoted = await asyncio.to_thread(_compute, runtime, body, tenant_id=tenant_id, quote_id=quote_id)
    payload = fact_of(quoted, quote_id=quote_id, contact=body.contact, by=caller.named(body.by))
    try:
        await append_request(
            runtime,
            tenant_id=tenant_id,
            type_=PRICE_QUOTED,
            id_=quote_id,
            payload=payload,
            subject_id=quote_id,
        )
    except HTTPException as error:
        # The same request came twice at the same instant: the first one's price is told.
        told = await _find_told(runtime, body, tenant_id=tenant_id, quote_id=quote_id)
        if error.status_code != HTTPStatus.UNPROCESSABLE_ENTITY or told is None:
            raise
        return told
    return PriceQuotedFact.model_validate(payload)


def _compute(runtime: Runtime, body: QuoteBody, *, tenant_id: str, quote_id: str) -> QuotedPrice:
    business, version = runtime.businesses.in_force(tenant_id)
    return compute(
        business,
        body.request(),
        log=runtime.log,
        version=version,
        contact=body.contact,
        now=runtime.clock.now(),
        quote_id=quote_id,
    )


async def _find_told(runtime: Runtime, body: QuoteBody, *, tenant_id: str, quote_id: str) -> PriceQuotedFact | None:
    """Return what was told for this request before. Raises HTTPException with 422 if it was another request."""
    fact = await asyncio.to_thread(find_quote, runtime.log, tenant_id=tenant_id, quote_id=quote_id)
    if fact is None:
        return None
    before = (quoted_by(fact).read().asked.request, _plain(fact.asked_by))
    if before != (body.request(), _plain(body.contact)):
        raise unprocessable("this Idempotency-Key came with another request before; give each request its own")
    return fact


def _plain(contact: ContactPayload | None) -> dict[str, Any] | None:
    return None if contact is None else contact.model_dump(exclude_none=True)


def _has_expired(quoted: QuotedPrice, *, runtime: Runtime) -> bool | None:
    try:
        return has_expired(quoted.read(), now=runtime.clock.now())
    except ValidationError:
        return None
