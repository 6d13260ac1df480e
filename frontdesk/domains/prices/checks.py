"""Finds what is wrong between prices and the rest of a business's document, by key and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from frontdesk.core.money import minor_unit_exponent
from frontdesk.core.tenant.files import Problem
from frontdesk.domains.prices.settings import PricedBusiness

_Path = tuple[str | int, ...]


def find_wrong_prices(business: PricedBusiness) -> Iterator[Problem]:
    """Yield the names that are given twice, services that there are not, and amounts that no coin has."""
    yield from _repeated("surcharges", [each.key for each in business.surcharges])
    yield from _repeated("promo_codes", [each.code for each in business.promo_codes])
    services = {service.key for service in business.services}
    named = {
        **{("surcharges", at): each.services for at, each in enumerate(business.surcharges)},
        **{("promo_codes", at): each.services for at, each in enumerate(business.promo_codes)},
    }
    for (section, at), keys in named.items():
        for unknown in [key for key in keys if key not in services]:
            known = ", ".join(sorted(services))
            yield Problem((section, at, "services"), f"there is no service {unknown!r}; use {known}")
    for path, amount in _amounts(business):
        digits = minor_unit_exponent(business.currency)
        if -int(amount.normalize().as_tuple().exponent) > digits:
            told = f"at most {digits} digits after the point" if digits else "no digits after the point"
            yield Problem(path, f"is {amount}; {business.currency} has {told}")


def _repeated(section: str, names: list[str]) -> Iterator[Problem]:
    for at, name in enumerate(names):
        if name in names[:at]:
            yield Problem((section, at), f"{name} is given twice; keep one of each")


def _amounts(business: PricedBusiness) -> Iterator[tuple[_Path, Decimal]]:
    """Yield what is paid as it stands; a price per mile is multiplied first, and may be finer."""
    for at, service in enumerate(business.services):
        yield ("services", at, "price"), service.price
    for at, surcharge in enumerate(business.surcharges):
        if surcharge.unit == "booking":
            yield ("surcharges", at, "price"), surcharge.price
    for at, code in enumerate(business.promo_codes):
        if code.amount is not None:
            yield ("promo_codes", at, "amount"), code.amount
