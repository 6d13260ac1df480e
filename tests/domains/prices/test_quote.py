"""The engine for any business: columns that add up, odd currencies, extras, several services, tax and discount."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core.money import minor_unit_exponent
from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.quote import Quote, price
from frontdesk.domains.prices.rounding import allocate, round_half_up
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.domains.prices.businesses import TENANTS_DIR, asked_for, small_rules

_CURRENCIES = ("USD", "JPY", "KWD", "CLF")
_COLUMNS = ("amount_minor", "discount_minor", "tax_minor", "total_minor")


def assert_adds_up(quote: Quote) -> None:
    amounts, discounts, taxes, totals = (sum(getattr(line, name) for line in quote.lines) for name in _COLUMNS)
    assert (amounts, discounts, taxes) == (quote.subtotal_minor, quote.discount_minor, quote.tax_minor)
    assert totals == quote.total_minor == amounts - discounts + taxes
    for line in quote.lines:
        assert line.total_minor == line.amount_minor - line.discount_minor + line.tax_minor
        assert line.total_minor >= 0


@st.composite
def _priced(draw: st.DrawFn) -> tuple[PriceRules, Any]:
    currency = draw(st.sampled_from(_CURRENCIES))
    amounts = st.decimals(0, 9999, places=minor_unit_exponent(currency))
    count = draw(st.integers(1, 6))
    services = [
        {
            "key": f"s{at}",
            "name": f"S{at}",
            "price": draw(amounts),
            "radius_miles": draw(st.sampled_from((None, 0, 7))),
        }
        for at in range(count)
    ]
    keys = st.sets(st.integers(0, count - 1), max_size=count).map(lambda places: [f"s{at}" for at in sorted(places)])
    surcharges = [
        {"key": "extra", "name": "Extra", "price": draw(amounts)},
        {"key": "mile", "name": "Mile", "price": draw(st.decimals(0, 9, places=4)), "unit": "mile"},
        {"key": "soon", "name": "Soon", "price": draw(amounts), "when": {"notice_under": "4h"}},
    ]
    code: dict[str, Any] = {"code": "OFF", "name": "Off", "services": draw(keys)}
    if draw(st.booleans()):
        code["percent"] = draw(st.decimals("0.0001", 100, places=4))
    else:
        code["amount"] = draw(st.decimals(1, 9999, places=minor_unit_exponent(currency)))
    rules = small_rules(
        currency=currency,
        services=services,
        surcharges=surcharges,
        promo_codes=[code],
        tax_rate_percent=draw(st.decimals(0, 100, places=4)),
        terms={"discounts": draw(st.sampled_from(("before_tax", "after_tax")))},
    )
    wanted = draw(keys) or ["s0"]
    is_counted = not code["services"] or set(code["services"]).intersection(wanted)
    asked = asked_for(
        *((key, draw(st.integers(1, 40))) for key in wanted),
        starts_at=draw(st.sampled_from(("2026-03-02T16:00:00Z", "2026-03-03T16:00:00Z"))),
        distance_miles=draw(st.decimals(0, 300, places=3)),
        extras=draw(st.sampled_from(((), ("extra",)))),
        promo_code=draw(st.sampled_from((None, "off"))) if is_counted else None,
    )
    return rules, asked


@given(_priced())
@settings(max_examples=400, deadline=None)
def test_the_lines_always_come_to_the_total(priced: tuple[PriceRules, Any]) -> None:
    rules, asked = priced

    quote = price(rules, asked)

    assert_adds_up(quote)
    assert price(rules.narrowed(service_keys=asked.request.service_keys, promo_code="off"), asked) == quote


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.data())
def test_shares_add_up_and_none_is_more_than_a_unit_from_its_proportion(
    weights: list[int], data: st.DataObject
) -> None:
    whole = sum(weights)
    total = data.draw(st.integers(0, whole))

    shares = allocate(total, weights)

    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert share <= weight
        assert not whole or abs(Fraction(total * weight, whole) - share) < 1


def test_the_largest_remainder_gets_what_is_left_over_and_the_first_of_equal_ones() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(10, [50, 26, 24]) == [5, 3, 2]
    assert allocate(0, [0, 0]) == [0, 0]
    with pytest.raises(ValueError, match="nothing to share"):
        allocate(1, [0, 0])


@given(st.fractions(0, 10**9, max_denominator=1000))
def test_a_half_is_rounded_up(amount: Fraction) -> None:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)

    # A division that does not end is never a half.
    assert round_half_up(amount) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("currency", "base", "amount", "tax"),
    [
        ("USD", "89.00", 8900, 712),
        ("JPY", "8905", 8905, 712),  # 712.4
        ("KWD", "8.905", 8905, 712),
        ("ISK", "6", 6, 0),  # 0.48
        ("ISK", "7", 7, 1),  # 0.56
    ],
)
def test_a_currency_has_its_own_digits(currency: str, base: str, amount: int, tax: int) -> None:
    rules = small_rules(
        currency=currency, services=[{"key": "visit", "name": "Visit", "price": base}], tax_rate_percent=8
    )

    quote = price(rules, asked_for("visit"))

    assert (quote.lines[0].amount_minor, quote.tax_minor, quote.total_minor) == (amount, tax, amount + tax)


def test_each_line_is_rounded_once_and_never_a_sum_of_rounded_parts() -> None:
    travel = {"key": "travel", "name": "Travel", "price": "0.655", "unit": "mile"}
    rules = small_rules(
        services=[{"key": "visit", "name": "Visit", "price": "10", "radius_miles": 2}], surcharges=[travel]
    )

    # 3 miles at 65.5 cents are 196.5; each mile rounded would be 198.
    assert price(rules, asked_for("visit", distance_miles=5)).subtotal_minor == 1000 + 197


@pytest.mark.parametrize(
    ("order", "tax", "discount", "total"),
    [
        ("before_tax", 1800, 1000, 10800),  # 20 % of 90.00
        ("after_tax", 2000, 1200, 10800),  # 10 % of 120.00
    ],
)
def test_per_cent_is_the_same_total_in_either_order_and_not_the_same_tax(
    order: str, tax: int, discount: int, total: int
) -> None:
    rules = small_rules(
        tax_rate_percent=20,
        promo_codes=[{"code": "TEN", "name": "Ten", "percent": 10}],
        terms={"discounts": order},
    )

    quote = price(rules, asked_for("visit", promo_code="TEN"))

    assert (quote.tax_minor, quote.discount_minor, quote.total_minor) == (tax, discount, total)


@pytest.mark.parametrize(("order", "total"), [("before_tax", 10200), ("after_tax", 10500)])
def test_an_amount_off_is_more_before_tax_than_after_it(order: str, total: int) -> None:
    rules = small_rules(
        tax_rate_percent=20,
        promo_codes=[{"code": "OFF15", "name": "Off", "amount": 15}],
        terms={"discounts": order},
    )

    assert price(rules, asked_for("visit", promo_code="OFF15")).total_minor == total


@pytest.mark.parametrize("order", ["before_tax", "after_tax"])
def test_nothing_costs_less_than_nothing(order: str) -> None:
    rules = small_rules(
        tax_rate_percent=20,
        promo_codes=[{"code": "ALL", "name": "All", "amount": 500}],
        terms={"discounts": order},
    )

    quote = price(rules, asked_for("visit", promo_code="ALL"))

    assert quote.total_minor == 0
    assert_adds_up(quote)


def test_a_code_of_some_services_takes_off_their_own_price_alone() -> None:
    rules = small_rules(
        services=[{"key": "wash", "name": "Wash", "price": 80}, {"key": "polish", "name": "Polish", "price": 40}],
        surcharges=[{"key": "large", "name": "Large vehicle", "price": 30}],
        promo_codes=[{"code": "POLISH", "name": "Half", "percent": 50, "services": ["polish"]}],
    )

    quote = price(rules, asked_for("wash", "polish", extras=["large"], promo_code="polish"))

    assert [(line.key, line.discount_minor) for line in quote.lines] == [("wash", 0), ("polish", 2000), ("large", 0)]
    with pytest.raises(NotPriceableError, match="counts for polish alone"):
        price(rules, asked_for("wash", promo_code="polish"))


def test_miles_are_beyond_the_widest_radius_of_what_is_driven_to() -> None:
    rules = small_rules(
        services=[
            {"key": "near", "name": "Near", "price": 1, "radius_miles": 5},
            {"key": "far", "name": "Far", "price": 1, "radius_miles": 20},
            {"key": "remote", "name": "Remote", "price": 1},
        ],
        surcharges=[{"key": "mile", "name": "Mile", "price": 1, "unit": "mile"}],
    )

    def miles(*services: str) -> int:
        return price(rules, asked_for(*services, distance_miles=22)).subtotal_minor - 100 * len(services)

    assert (miles("near"), miles("far"), miles("near", "far"), miles("remote")) == (1700, 200, 200, 0)


def test_a_surcharge_of_several_conditions_needs_all_of_them() -> None:
    condition = {
        "weekdays": ["saturday"],
        "outside_hours": {"opens": "09:00", "closes": "17:00"},
        "notice_under": "1d",
    }
    rules = small_rules(surcharges=[{"key": "late", "name": "Late", "price": 5, "when": condition}])

    def is_added(starts_at: str, asked_at: str) -> bool:
        return len(price(rules, asked_for("visit", starts_at=starts_at, asked_at=asked_at)).lines) == 2

    assert is_added("2026-06-06T18:00:00-05:00", "2026-06-06T08:00:00Z")
    assert not is_added("2026-06-06T12:00:00-05:00", "2026-06-06T08:00:00Z"), "in hours"
    assert not is_added("2026-06-05T18:00:00-05:00", "2026-06-05T08:00:00Z"), "a Friday"
    assert not is_added("2026-06-06T18:00:00-05:00", "2026-06-05T08:00:00Z"), "in good time"


@pytest.mark.parametrize(
    ("items", "request_", "reason", "detail"),
    [
        (("wash",), {}, "service-unknown", "items.0.service_key: there is no service 'wash'"),
        (("visit",), {"extras": ["wax"]}, "extra-unknown", "extras.0: 'wax' can't be asked for; there are none"),
        (("visit",), {"promo_code": "NONE"}, "promo-code-unknown", "promo_code: there is none of this name"),
    ],
)
def test_what_is_not_offered_is_refused_by_its_place(
    items: tuple[str, ...], request_: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(NotPriceableError) as refused:
        price(small_rules(), asked_for(*items, **request_))

    assert (refused.value.reason, refused.value.http_status) == (reason, 422)
    assert refused.value.detail.startswith(detail)


def test_what_no_json_number_holds_is_refused() -> None:
    rules = small_rules(services=[{"key": "visit", "name": "Visit", "price": "9999999999"}])

    with pytest.raises(NotPriceableError, match="more than any price"):
        price(rules, asked_for(("visit", 10_000)))


@pytest.mark.parametrize(
    ("slug", "items", "extras", "total"),
    [
        ("noizylab", ["base_repair"], [], 8900),
        ("noizylab", ["base_repair"], ["urgent"], 12900),
        ("mikes-detailing", ["basic_detail", "headlight_restore"], [], 12000),  # the document's quote: 80 and 40
        ("mikes-detailing", ["basic_detail"], ["large_vehicle"], 11000),
        ("joes-auto-spa", ["full_detail"], [], 15000),
        ("avatar-imaging", ["mri"], [], 42000),
        ("technifold", [("creasing_ribs", 3)], [], 16560),  # 3 x 46.00 and 20 % VAT
    ],
)
def test_every_business_has_its_prices_from_the_same_engine(
    slug: str, items: list[Any], extras: list[str], total: int
) -> None:
    rules = PriceRules.of(load_tenants(TENANTS_DIR)[slug])

    assert price(rules, asked_for(*items, extras=extras)).total_minor == total
