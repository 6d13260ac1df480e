"""Prices in a business's file: each way to be wrong names key, line and remedy, and nobody is told a wrong price."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.prices.errors import PricesWrongError
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.tenancy.tenant import read_documents, read_tenant
from tests.domains.prices.businesses import TENANTS_DIR

Change = Callable[[dict[str, Any]], object]
NOTARY: dict[str, Any] = yaml.safe_load((TENANTS_DIR / "hmnp.yaml").read_text(encoding="utf-8"))


def changed(change: Change) -> dict[str, Any]:
    content = copy.deepcopy(NOTARY)
    change(content)
    return content


def _half_a_yen(content: dict[str, Any]) -> None:
    content.update(currency="JPY", surcharges=[], promo_codes=[])
    content["services"][0]["price"] = 75.5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda c: c["surcharges"][0].update(when={}),
            "surcharges.0.when: say weekdays, outside_hours or notice_under; or leave `when` out",
        ),
        (
            lambda c: c["surcharges"][0].update(when={"weekdays": ["caturday"]}),
            "surcharges.0.when.weekdays.0: is 'caturday'; use one of 'monday'",
        ),
        (lambda c: c["surcharges"][0].update(when={"weekdays": []}), "surcharges.0.when.weekdays: is []; give at"),
        (
            lambda c: c["surcharges"][2].update(when={"notice_under": "four hours"}),
            "surcharges.2.when.notice_under: is 'four hours'; write a whole number and m, h or d",
        ),
        (
            lambda c: c["surcharges"][1].update(when={"outside_hours": {"opens": "17:00", "closes": "09:00"}}),
            "surcharges.1.when.outside_hours: closes must be later than opens",
        ),
        (
            lambda c: c["surcharges"][0].update(services=["notary"]),
            "surcharges.0.services: there is no service 'notary'; use extended_hours, loan_signing",
        ),
        (lambda c: c["surcharges"].append(c["surcharges"][0]), "surcharges.4: weekend is given twice"),
        (lambda c: c["surcharges"][3].update(unit="kilometre"), "use one of 'booking' or 'mile'"),
        (lambda c: c["surcharges"][0].update(price=-40), "surcharges.0.price: is -40; write 0 or more"),
        (
            lambda c: c["surcharges"][0].update(price=40.005),
            "surcharges.0.price: is 40.005; USD has at most 2 digits",
        ),
        (lambda c: c["services"][0].update(price="75.001"), "services.0.price: is 75.001; USD has at most 2 digits"),
        (_half_a_yen, "services.0.price: is 75.5; JPY has no digits"),
        (lambda c: c["promo_codes"][0].update(amount=5), "promo_codes.0: give percent or amount, and not both"),
        (lambda c: c["promo_codes"][0].pop("percent"), "promo_codes.0: give percent or amount, and not both"),
        (
            lambda c: c["promo_codes"][0].update(percent=0),
            "promo_codes.0.percent: is 0; write a number greater than 0",
        ),
        (lambda c: c["promo_codes"][0].update(percent=110), "promo_codes.0.percent: is 110; write 100 or less"),
        (lambda c: c["promo_codes"][0].update(uses=0), "promo_codes.0.uses: is 0; write 1 or more"),
        (lambda c: c["promo_codes"][0].update(code="10 % OFF"), "promo_codes.0.code: is '10 % OFF'; write it in"),
        (
            lambda c: c["promo_codes"].append(c["promo_codes"][0] | {"code": "Welcome10"}),
            "promo_codes.1: WELCOME10 is given twice",
        ),
        (
            lambda c: c["promo_codes"][0].update(first_day="2026-02-02", last_day="2026-02-01"),
            "promo_codes.0: last_day is before first_day; change one of them",
        ),
        (
            lambda c: c["promo_codes"][0].update(last_day="02/01/2026"),
            "promo_codes.0.last_day: is '02/01/2026'; write it like 2026-12-31",
        ),
        (lambda c: c["prices"].update(discounts="first"), "prices.discounts: is 'first'; use one of 'before_tax'"),
        (lambda c: c["prices"].update(quote_valid_for=30), "prices.quote_valid_for: is 30; write a whole number and"),
    ],
)
def test_each_mistake_names_key_line_and_remedy(tmp_path: Path, change: Change, told: str) -> None:
    file = tmp_path / "hmnp.yaml"
    file.write_text(yaml.safe_dump(changed(change)), encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        read_tenant(file)

    assert told in refused.value.detail
    assert "(line " in refused.value.detail
    assert "Value error" not in refused.value.detail


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda c: c["surcharges"][0].update(price="much"), "surcharges"),
        (lambda c: c["promo_codes"][0].update(percent=0), "promo_codes"),
        (lambda c: c.update(tax_rate_percent=-1), "tax_rate_percent"),
        (lambda c: c["prices"].update(discounts="first"), "prices"),
        (lambda c: c["surcharges"][0].update(services=["notary"]), "surcharges.0.services"),
    ],
)
def test_where_prices_are_wrong_the_business_is_served_and_nobody_is_told_one(change: Change, wrong: str) -> None:
    tenants, problems = read_documents({"hmnp": changed(change)})

    assert tenants["hmnp"].name == "HMNP Mobile Notary"
    assert set(problems) == {"hmnp"}
    with pytest.raises(PricesWrongError, match=f"can't be used now: {wrong}; have it mended"):
        PriceRules.of(tenants["hmnp"])


def test_another_mistake_leaves_prices_as_they_are() -> None:
    tenants, problems = read_documents({"hmnp": changed(lambda c: c.update(alerts={"email": ["nobody"]}))})

    assert set(problems) == {"hmnp"}
    assert PriceRules.of(tenants["hmnp"]).find_service("loan_signing")
