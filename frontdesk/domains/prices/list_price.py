"""The price by the catalogue of what was booked elsewhere, where nobody told its price."""

from __future__ import annotations

from datetime import datetime

from frontdesk.domains.prices.asked import Asked, AskedItem, PriceRequest
from frontdesk.domains.prices.quote import KnownPrice, price_what_is_known
from frontdesk.domains.prices.rules import PricedService, PriceRules


def find_list_price(
    rules: PriceRules, *, service: str, starts_at: datetime | None, booked_at: datetime
) -> KnownPrice | None:
    """Return what a service costs by the rules, None if they have no such service; its key or its name says which.

    Surcharges that depend on what a booking from elsewhere does not tell, such as its distance, are not in it;
    `unknown` names on what.
    """
    found = find_service_named(rules, service)
    if found is None:
        return None
    request = PriceRequest(items=(AskedItem(service_key=found.key),), starts_at=starts_at)
    return price_what_is_known(rules, Asked(request=request, asked_at=booked_at))


def find_service_named(rules: PriceRules, text: str) -> PricedService | None:
    """Return the service of a key, else the one of a name, without regard to capitals and blanks around it."""
    wanted = text.strip().casefold()
    return rules.find_service(text) or next((each for each in rules.services if each.name.casefold() == wanted), None)
