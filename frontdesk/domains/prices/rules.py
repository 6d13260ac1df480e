"""The rules that a price is computed by: what of a business's document a price can depend on, and no more."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from frontdesk.core.tenant.fields import Key, Strict
from frontdesk.core.values import Currency
from frontdesk.domains.prices.checks import find_wrong_prices
from frontdesk.domains.prices.errors import PricesWrongError
from frontdesk.domains.prices.settings import Percent, PricedBusiness, PriceTerms, PromoCode, Surcharge


class PricedService(Strict):
    """A service, as far as its price depends on it."""

    key: Key
    name: str
    price: Decimal
    radius_miles: int | None = None


class PriceRules(Strict):
    """Everything that decides a price besides what is asked for."""

    zone: str
    currency: Currency
    services: tuple[PricedService, ...]
    surcharges: tuple[Surcharge, ...]
    promo_codes: tuple[PromoCode, ...]
    tax_rate_percent: Percent
    terms: PriceTerms

    @classmethod
    def of(cls, business: PricedBusiness) -> PriceRules:
        """Return the rules of a business. Raises PricesWrongError if they are not what it wrote."""
        _refuse_wrong(business)
        services = tuple(
            PricedService(key=each.key, name=each.name, price=each.price, radius_miles=each.radius_miles)
            for each in business.services
        )
        return cls(
            zone=business.zone,
            currency=business.currency,
            services=services,
            surcharges=business.surcharges,
            promo_codes=business.promo_codes,
            tax_rate_percent=business.tax_rate_percent,
            terms=business.prices,
        )

    def find_service(self, key: str) -> PricedService | None:
        """Return the service of a key."""
        return next((each for each in self.services if each.key == key), None)

    def find_promo_code(self, code: str) -> PromoCode | None:
        """Return the promo code that was typed."""
        return next((each for each in self.promo_codes if each.code == code.upper()), None)

    def narrowed(self, *, service_keys: Collection[str], promo_code: str | None) -> PriceRules:
        """Return what of the rules a price of these services can depend on: it gives the same price."""
        code = self.find_promo_code(promo_code) if promo_code else None
        return self.model_copy(
            update={
                "services": tuple(each for each in self.services if each.key in service_keys),
                "surcharges": tuple(each for each in self.surcharges if any(map(each.concerns, service_keys))),
                "promo_codes": (code,) if code else (),
            }
        )


def _refuse_wrong(business: PricedBusiness) -> None:
    """Raise PricesWrongError where a price would be another than was written: too little is worse than none."""
    wrong = sorted(business.prices_left_out)
    wrong += [".".join(map(str, problem.path)) for problem in find_wrong_prices(business)]
    if wrong:
        raise PricesWrongError(f"the prices of {business.slug} can't be used now: {', '.join(wrong)}; have it mended")
