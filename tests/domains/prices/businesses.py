"""Prices to test with: the notary's, as its file has them, and small ones of any currency and zone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from frontdesk.domains.prices.asked import Asked, CodeUses, PriceRequest
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.tenancy.tenant import load_tenant

TENANTS_DIR = Path(__file__).parents[3] / "tenants"


def notary() -> PriceRules:
    """Return the rules of the shipped notary's file."""
    return PriceRules.of(load_tenant(TENANTS_DIR / "hmnp.yaml"))


def small_rules(**changes: Any) -> PriceRules:
    """Return rules of one service at 100, untaxed; any part can be changed."""
    content: dict[str, Any] = {
        "zone": "America/Chicago",
        "currency": "USD",
        "services": [{"key": "visit", "name": "Visit", "price": "100"}],
        "surcharges": [],
        "promo_codes": [],
        "tax_rate_percent": "0",
        "terms": {},
    }
    return PriceRules.model_validate(content | changes)


def asked_for(
    *items: str | tuple[str, int],
    asked_at: str = "2026-03-02T15:00:00Z",
    in_all: int = 0,
    by_person: int | None = None,
    **request: Any,
) -> Asked:
    """Return what asks for services, each with a quantity where it is not 1."""
    listed = [(item, 1) if isinstance(item, str) else item for item in items]
    return Asked(
        request=PriceRequest.model_validate(
            {"items": [{"service_key": key, "quantity": count} for key, count in listed], **request}
        ),
        asked_at=asked_at,
        code_uses=CodeUses(in_all=in_all, by_person=by_person),
    )
