"""Promo codes: their days by the business's clock, how often they count in all and for a person, in a real log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import CodeUses
from frontdesk.domains.prices.code_uses import LoggedCodeUses, use_of_code
from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.quote import price
from frontdesk.domains.prices.snapshot import Snapshot, take_snapshot
from tests.domains.prices.businesses import asked_for, small_rules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def discount(code: dict[str, Any], **asked: Any) -> int | str:
    """Return what a code takes off, or the word for why it does not count."""
    rules = small_rules(zone="Australia/Perth", promo_codes=[{"code": "TEN", "name": "Ten", "percent": 10} | code])
    try:
        return price(rules, asked_for("visit", promo_code="ten", **asked)).discount_minor
    except NotPriceableError as error:
        return error.reason


@pytest.mark.parametrize(
    ("asked_at", "expected"),
    [
        ("2026-03-01T15:59:59Z", "promo-code-not-begun"),  # 23:59:59 in Perth, the day before
        ("2026-03-01T16:00:00Z", 1000),
        ("2026-03-31T15:59:59Z", 1000),
        ("2026-03-31T16:00:00Z", "promo-code-expired"),
    ],
)
def test_days_begin_and_end_by_the_clock_of_the_business(asked_at: str, expected: int | str) -> None:
    assert discount({"first_day": "2026-03-02", "last_day": "2026-03-31"}, asked_at=asked_at) == expected


@pytest.mark.parametrize(
    ("limits", "in_all", "by_person", "expected"),
    [
        ({}, 10_000, 7, 1000),
        ({"uses": 3}, 2, None, 1000),
        ({"uses": 3}, 3, None, "promo-code-used-up"),
        ({"uses_per_person": 1}, 50, 0, 1000),
        ({"uses_per_person": 1}, 50, 1, "promo-code-used-by-person"),
        ({"uses_per_person": 2}, 50, 1, 1000),
        ({"uses_per_person": 1}, 0, None, "promo-code-needs-contact"),
        ({"uses": 3, "uses_per_person": 1}, 3, 0, "promo-code-used-up"),
    ],
)
def test_a_code_counts_so_often_in_all_and_for_a_person(
    limits: dict[str, int], in_all: int, by_person: int | None, expected: int | str
) -> None:
    assert discount(limits, in_all=in_all, by_person=by_person) == expected


def snapshot_with_code(quote_id: str, *, code: str = "TEN", tenant_id: str = "salon") -> Snapshot:
    rules = small_rules(promo_codes=[{"code": code, "name": "Ten", "percent": 10}])
    asked = asked_for("visit", promo_code=code)
    return take_snapshot(rules, asked, quote_id=quote_id, tenant_id=tenant_id, version=None).read()


def use(log: EventLog, quote_id: str, contact: dict[str, str], **snapshot: str) -> None:
    event = use_of_code(
        snapshot_with_code(quote_id, **snapshot),
        contact=ContactPayload.model_validate(contact),
        booking_id=None,
        now=NOON,
    )
    assert event is not None
    log.append([event])


def test_uses_are_counted_in_the_log_for_whoever_a_person_writes_as(log: EventLog) -> None:
    use(log, "q1", {"phone": "(713) 555-0142"})
    use(log, "q1", {"phone": "(713) 555-0142"})  # told again: the same price uses its code once
    use(log, "q2", {"email": "Ana@Example.com", "external_id": "7"})
    use(log, "q3", {"phone": "+17135550142"}, code="TEN2")
    use(log, "q4", {"phone": "+17135550142"}, tenant_id="bakery")
    counter = LoggedCodeUses(log, tenant_id="salon", region="US")

    def count(**contact: str) -> CodeUses:
        return counter.count("TEN", contact=ContactPayload.model_validate(contact))

    assert counter.count("TEN", contact=None) == CodeUses(in_all=2)
    assert count(phone="713-555-0142") == CodeUses(in_all=2, by_person=1)
    assert count(email="ana@example.com") == CodeUses(in_all=2, by_person=1)
    assert count(phone="+1 713 555 0142", email="ana@example.com") == CodeUses(in_all=2, by_person=2)
    assert count(phone="+17135550199") == CodeUses(in_all=2, by_person=0)
    assert count(external_id="7", system="wix") == CodeUses(in_all=2, by_person=0), "another system's 7"


def test_a_number_that_is_nobodys_says_not_who_asks(log: EventLog) -> None:
    counter = LoggedCodeUses(log, tenant_id="salon", region="US")

    assert counter.count("TEN", contact=ContactPayload(phone="555-5555555")) == CodeUses(in_all=0, by_person=None)


def test_what_has_no_code_uses_none() -> None:
    snapshot = take_snapshot(small_rules(), asked_for("visit"), quote_id="q", tenant_id="salon", version=None).read()

    assert use_of_code(snapshot, contact=None, booking_id=None, now=NOON) is None
