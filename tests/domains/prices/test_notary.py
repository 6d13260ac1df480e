"""Every combination of the notary's rules, against its document's amounts computed here by plain decimals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.quote import price
from frontdesk.domains.prices.rules import PriceRules
from sandbox.businesses import load_businesses
from sandbox.story.notary import price as sandbox_price
from tests.domains.prices.businesses import TENANTS_DIR, asked_for, notary

CHICAGO = ZoneInfo("America/Chicago")
#: Its document: base price in dollars, radius in miles; none for what is done remotely.
SERVICES = {
    "standard_notary": (75, 15),
    "extended_hours": (100, 20),
    "loan_signing": (150, 25),
    "ron_acknowledgment": (35, None),
    "ron_oath": (35, None),
}
#: Local starts, with whether they are on a weekend and outside 9 to 5.
STARTS = {
    "2026-06-03 09:00": (False, False),  # a Wednesday, at the very opening
    "2026-06-03 16:59": (False, False),
    "2026-06-03 17:00": (False, True),
    "2026-06-03 08:59": (False, True),
    "2026-06-05 23:30": (False, True),  # a Friday; a Saturday in UTC
    "2026-06-06 12:00": (True, False),
    "2026-06-07 19:00": (True, True),  # a Sunday; a Monday in UTC
    "2026-06-08 00:30": (False, True),
}
#: Notice, with whether it is an emergency: less than four hours.
NOTICES = {
    timedelta(0): True,
    timedelta(hours=3, minutes=59, seconds=59): True,
    timedelta(hours=4): False,
    timedelta(days=3): False,
}
MILES = ("0", "15", "15.5", "20.01", "25", "31.333", "112")
CODES = (None, "WELCOME10", "welcome10")


def expected(service: str, start: str, notice: timedelta, miles: str, code: str | None) -> dict[str, int]:
    """Return the amounts in cents by the document, with arithmetic of its own."""
    base, radius = SERVICES[service]
    is_weekend, is_after_hours = STARTS[start]
    lines = {service: Decimal(base)}
    if radius is not None:
        lines |= {"weekend": Decimal(40)} if is_weekend else {}
        lines |= {"after_hours": Decimal(30)} if is_after_hours else {}
    lines |= {"emergency": Decimal(50)} if NOTICES[notice] else {}
    if radius is not None and Decimal(miles) > radius:
        lines["travel"] = _cents((Decimal(miles) - radius) * Decimal("0.50") * 100) / 100
    subtotal = sum(lines.values(), Decimal(0))
    discount = _cents(subtotal * 100 * Decimal("0.10")) / 100 if code else Decimal(0)
    tax = _cents((subtotal - discount) * 100 * Decimal("0.0825")) / 100
    amounts = {**lines, "-discount": discount, "-tax": tax, "-total": subtotal - discount + tax}
    return {name: int(amount * 100) for name, amount in amounts.items()}


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)


@pytest.fixture(scope="module")
def rules() -> PriceRules:
    return notary()


@pytest.mark.parametrize("service", SERVICES)
def test_every_combination_costs_what_the_document_says(rules: PriceRules, service: str) -> None:
    for start, notice, miles, code in product(STARTS, NOTICES, MILES, CODES):
        starts_at = datetime.fromisoformat(start).replace(tzinfo=CHICAGO).astimezone(UTC)
        asked = asked_for(
            service,
            starts_at=starts_at,
            asked_at=(starts_at - notice).isoformat(),
            distance_miles=miles,
            promo_code=code,
            by_person=0,
        )

        quote = price(rules, asked)

        found = {line.key: line.amount_minor for line in quote.lines}
        found |= {"-discount": quote.discount_minor, "-tax": quote.tax_minor, "-total": quote.total_minor}
        assert found == expected(service, start, notice, miles, code), (start, notice, miles, code)
        assert quote.total_minor == sum(line.total_minor for line in quote.lines)


def test_the_years_of_the_demo_are_reproduced_to_the_cent(rules: PriceRules) -> None:
    business = load_businesses(TENANTS_DIR)["hmnp"]
    for (key, offer), start, notice, miles in product(business.offers.items(), STARTS, NOTICES, (0, 16, 25, 37)):
        starts_at = datetime.fromisoformat(start).replace(tzinfo=CHICAGO).astimezone(UTC)
        booked_at = starts_at - notice

        asked = asked_for(key, starts_at=starts_at, asked_at=booked_at.isoformat(), distance_miles=miles)
        told = sandbox_price(business, offer, starts_at=starts_at, booked_at=booked_at, miles=miles)

        assert price(rules, asked).total_minor == told


def test_a_distance_may_come_in_metres(rules: PriceRules) -> None:
    # 48,280.32 m are 30 miles to the hundredth: 30 - 25 = 5 miles at 0.50 dollars.
    asked = asked_for("loan_signing", starts_at="2026-06-03T15:00:00-05:00", distance_metres=48_280)

    travel = {line.key: line for line in price(rules, asked).lines}["travel"]

    assert (travel.amount_minor, travel.quantity, travel.unit_price) == (250, "5", "0.50")


@pytest.mark.parametrize("service", ["standard_notary", "extended_hours", "loan_signing"])
def test_what_is_driven_to_has_no_price_without_a_distance(rules: PriceRules, service: str) -> None:
    with pytest.raises(NotPriceableError, match="give the distance in miles, or distance_metres") as refused:
        price(rules, asked_for(service, starts_at="2026-06-03T15:00:00Z"))

    assert refused.value.members == {"reason": "distance-unknown"}
    assert price(rules, asked_for("ron_oath", starts_at="2026-06-03T15:00:00Z")).total_minor == 3789


def test_what_depends_on_the_start_has_no_price_without_one(rules: PriceRules) -> None:
    with pytest.raises(NotPriceableError, match="give the start, with its offset") as refused:
        price(rules, asked_for("loan_signing"))

    assert "distance_miles" in refused.value.detail, "all that is missing is told at once"


def test_nobody_gave_notice_of_what_is_over(rules: PriceRules) -> None:
    with pytest.raises(NotPriceableError, match="is over") as refused:
        price(rules, asked_for("ron_oath", starts_at="2026-03-02T14:59:59Z"))

    assert refused.value.reason == "notice-unknown"


def test_notice_is_time_that_passes_and_not_what_clocks_show(rules: PriceRules) -> None:
    # Clocks go from 2 to 3 that night: 23:30 to 04:00 reads four and a half hours, and three and a half pass.
    short = price(
        rules, asked_for("ron_oath", asked_at="2026-03-07T23:30:00-06:00", starts_at="2026-03-08T04:00:00-05:00")
    )
    # They go back from 2 to 1: 23:00 to 02:30 reads three and a half hours, and four and a half pass.
    long = price(
        rules, asked_for("ron_oath", asked_at="2026-10-31T23:00:00-05:00", starts_at="2026-11-01T02:30:00-06:00")
    )

    assert [line.key for line in short.lines] == ["ron_oath", "emergency"]
    assert [line.key for line in long.lines] == ["ron_oath"]


def test_hours_are_of_the_clock_on_the_days_that_it_changes(rules: PriceRules) -> None:
    def keys(starts_at: str) -> set[str]:
        asked = asked_for("loan_signing", starts_at=starts_at, asked_at="2026-01-05T12:00:00Z", distance_miles=1)
        return {line.key for line in price(rules, asked).lines} - {"loan_signing"}

    # 14:00 UTC is 8 o'clock before the night of the change, and 9 o'clock after it.
    assert keys("2026-03-06T14:00:00Z") == {"after_hours"}
    assert keys("2026-03-09T14:00:00Z") == set()
    assert keys("2026-03-08T14:00:00Z") == {"weekend"}
    assert keys("2026-11-01T14:00:00Z") == {"weekend", "after_hours"}
    assert keys("2026-03-07T05:59:59Z") == {"after_hours"}, "Friday, 23:59:59"
    assert keys("2026-03-07T06:00:00Z") == {"weekend", "after_hours"}, "Saturday, 00:00"
