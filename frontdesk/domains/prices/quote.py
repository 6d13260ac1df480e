"""The engine: rules and what is asked for give a quote, itemised and to the cent. It knows no clock and no database.

Amounts are exact until the one rounding of a line, half up, to minor units of the currency. The discount and the tax
are each rounded once, as a whole, and shared out to the lines by the largest remainder. So every column of the
quote adds up, and what the lines come to is what is paid: giving back line by line gives back all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from pydantic import Field

from frontdesk.core.money import minor_unit_exponent
from frontdesk.core.tenant.fields import Key, Strict
from frontdesk.core.values import Currency, MinorUnits
from frontdesk.domains.prices.asked import Asked
from frontdesk.domains.prices.conditions import Added, Undecided, Unknown, find_surcharges
from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.promo_codes import find_code
from frontdesk.domains.prices.rounding import allocate, round_half_up
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.settings import PromoCode

#: More than any business asks for, and exact in JSON everywhere.
_TOO_MUCH: Final = 2**53
#: Digits of a quantity that is shown: thousandths of a mile.
_SHOWN_DIGITS: Final = 3


class QuoteLine(Strict):
    """One line: amount - discount + tax = total."""

    kind: Literal["service", "surcharge"]
    key: Key
    name: str
    quantity: str = Field(description="How many, or how many miles, as a decimal number; miles to three digits.")
    unit_price: str = Field(description="In the major unit, as a decimal number.")
    amount_minor: MinorUnits
    discount_minor: MinorUnits = Field(description="Its share of the discount, which is taken off.")
    tax_minor: MinorUnits = Field(description="Its share of the tax.")
    total_minor: MinorUnits = Field(description="What of the whole is paid for it.")


class Quote(Strict):
    """A price: every column adds up over the lines, and the totals of the lines to the total."""

    currency: Currency
    lines: tuple[QuoteLine, ...]
    subtotal_minor: MinorUnits = Field(description="The lines before discount and tax.")
    promo_code: str | None = None
    discount_minor: MinorUnits
    tax_name: str
    tax_rate_percent: str
    tax_minor: MinorUnits
    total_minor: MinorUnits = Field(description="What is paid.")


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """A price of as much as is known."""

    quote: Quote
    unknown: frozenset[Unknown]  #: what surcharges depend on that are not in it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charge:
    """A line before discount and tax."""

    kind: Literal["service", "surcharge"]
    key: str
    name: str
    quantity: Fraction
    unit_price: Decimal
    amount_minor: int


def price(rules: PriceRules, asked: Asked) -> Quote:
    """Return what it costs. Raises NotPriceableError if it has no price, or not enough is known for it."""
    known = price_what_is_known(rules, asked)
    if known.unknown:
        needed = sorted(known.unknown)
        raise NotPriceableError("; ".join(_NEEDED[each] for each in needed), reason=needed[0])
    return known.quote


def price_what_is_known(rules: PriceRules, asked: Asked) -> KnownPrice:
    """Return what it costs without the surcharges of which nobody can tell whether they are added.

    Raises NotPriceableError if it has no price even so.
    """
    _check_extras(rules, asked)
    charges = list(_service_charges(rules, asked))
    unknown = set()
    for found in find_surcharges(rules, asked):
        if isinstance(found, Undecided):
            unknown.add(found.unknown)
        else:
            charges.append(_surcharge(found, currency=rules.currency))
    # Tax adds as much again at the most.
    if 2 * sum(charge.amount_minor for charge in charges) >= _TOO_MUCH:
        raise NotPriceableError("it comes to more than any price; ask for less", reason="too-much")
    quote = _put_together(rules, charges, code=find_code(rules, asked))
    return KnownPrice(quote, frozenset(unknown))


def _service_charges(rules: PriceRules, asked: Asked) -> Iterator[_Charge]:
    for at, item in enumerate(asked.request.items):
        service = rules.find_service(item.service_key)
        if service is None:
            detail = f"items.{at}.service_key: there is no service {item.service_key!r}; GET /v1/services lists them"
            raise NotPriceableError(detail, reason="service-unknown")
        quantity = Fraction(item.quantity)
        yield _Charge(
            kind="service",
            key=service.key,
            name=service.name,
            quantity=quantity,
            unit_price=service.price,
            amount_minor=_in_minor_units(quantity * Fraction(service.price), currency=rules.currency),
        )


def _surcharge(added: Added, *, currency: str) -> _Charge:
    surcharge = added.surcharge
    return _Charge(
        kind="surcharge",
        key=surcharge.key,
        name=surcharge.name,
        quantity=added.quantity,
        unit_price=surcharge.price,
        amount_minor=_in_minor_units(added.quantity * Fraction(surcharge.price), currency=currency),
    )


def _in_minor_units(amount: Fraction, *, currency: str) -> int:
    return round_half_up(amount * 10 ** minor_unit_exponent(currency))


def _check_extras(rules: PriceRules, asked: Asked) -> None:
    offered = [
        each.key for each in rules.surcharges if each.is_extra and any(map(each.concerns, asked.request.service_keys))
    ]
    for at, extra in enumerate(asked.request.extras):
        if extra not in offered:
            known = f"use one of {', '.join(offered)}" if offered else "there are none for what is asked for"
            raise NotPriceableError(f"extras.{at}: {extra!r} can't be asked for; {known}", reason="extra-unknown")


def _put_together(rules: PriceRules, charges: Sequence[_Charge], *, code: PromoCode | None) -> Quote:
    amounts = [charge.amount_minor for charge in charges]
    if rules.terms.discounts == "before_tax":
        discounts = _discounts(code, charges, amounts, currency=rules.currency)
        taxes = _taxes(rules, [amount - off for amount, off in zip(amounts, discounts, strict=True)])
    else:
        taxes = _taxes(rules, amounts)
        with_tax = [amount + tax for amount, tax in zip(amounts, taxes, strict=True)]
        discounts = _discounts(code, charges, with_tax, currency=rules.currency)
    lines = tuple(
        _line(charge, discount=discount, tax=tax, currency=rules.currency)
        for charge, discount, tax in zip(charges, discounts, taxes, strict=True)
    )
    subtotal, discount, tax = sum(amounts), sum(discounts), sum(taxes)
    return Quote(
        currency=rules.currency,
        lines=lines,
        subtotal_minor=subtotal,
        promo_code=code.code if code else None,
        discount_minor=discount,
        tax_name=rules.terms.tax_name,
        tax_rate_percent=str(rules.tax_rate_percent),
        tax_minor=tax,
        total_minor=subtotal - discount + tax,
    )


def _taxes(rules: PriceRules, taxed: Sequence[int]) -> list[int]:
    """Return each line's share of the tax on all of them."""
    tax = round_half_up(sum(taxed) * Fraction(rules.tax_rate_percent) / 100)
    return allocate(tax, taxed)


def _discounts(
    code: PromoCode | None, charges: Sequence[_Charge], payable: Sequence[int], *, currency: str
) -> list[int]:
    """Return each line's share of what the code takes off; never more than there is to pay for it."""
    if code is None:
        return [0] * len(charges)
    counted = [
        amount if not code.services or (charge.kind == "service" and charge.key in code.services) else 0
        for charge, amount in zip(charges, payable, strict=True)
    ]
    return allocate(_taken_off(code, sum(counted), currency=currency), counted)


def _taken_off(code: PromoCode, payable: int, *, currency: str) -> int:
    if code.percent is not None:
        return round_half_up(payable * Fraction(code.percent) / 100)
    return min(_in_minor_units(Fraction(code.amount or 0), currency=currency), payable)


def _line(charge: _Charge, *, discount: int, tax: int, currency: str) -> QuoteLine:
    return QuoteLine(
        kind=charge.kind,
        key=charge.key,
        name=charge.name,
        quantity=_shown(charge.quantity),
        unit_price=_shown_price(charge.unit_price, currency=currency),
        amount_minor=charge.amount_minor,
        discount_minor=discount,
        tax_minor=tax,
        total_minor=charge.amount_minor - discount + tax,
    )


def _shown_price(unit_price: Decimal, *, currency: str) -> str:
    """Return it with the currency's digits, and more only where it has more."""
    own_digits = -int(unit_price.normalize().as_tuple().exponent)
    return f"{unit_price:.{max(own_digits, minor_unit_exponent(currency))}f}"


def _shown(quantity: Fraction) -> str:
    thousandths = round_half_up(quantity * 10**_SHOWN_DIGITS)
    return f"{(Decimal(thousandths).scaleb(-_SHOWN_DIGITS)).normalize():f}"


_NEEDED = {
    Unknown.START: "starts_at: the price depends on when it starts; give the start, with its offset",
    Unknown.DISTANCE: (
        "distance_miles: the price depends on how far it is; give the distance in miles, or distance_metres"
    ),
    Unknown.NOTICE: (
        "starts_at: is over, and the price depends on how long before it was asked for; give a start to come"
    ),
}
