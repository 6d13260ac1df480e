"""The catalogue's price of what was booked elsewhere, as far as that can be known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from frontdesk.domains.prices.conditions import Unknown
from frontdesk.domains.prices.list_price import find_list_price
from tests.domains.prices.businesses import notary

BOOKED_AT = datetime(2026, 6, 1, 15, tzinfo=UTC)
SATURDAY = datetime(2026, 6, 6, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("service", "starts_at", "total", "unknown"),
    [
        ("RON Oath/Affirmation", SATURDAY, 3789, set()),
        ("ron_oath", SATURDAY, 3789, set()),
        (" loan signing ", SATURDAY, 20568, {Unknown.DISTANCE}),  # 190.00 and tax, wherever it is
        ("Loan Signing", None, 16238, {Unknown.DISTANCE, Unknown.START}),
    ],
)
def test_it_has_what_is_known_and_names_what_is_not(
    service: str, starts_at: datetime | None, total: int, unknown: set[Unknown]
) -> None:
    found = find_list_price(notary(), service=service, starts_at=starts_at, booked_at=BOOKED_AT)

    assert found is not None
    assert (found.quote.total_minor, set(found.unknown)) == (total, unknown)


def test_what_is_not_in_the_catalogue_has_none() -> None:
    assert find_list_price(notary(), service="Fingerprints", starts_at=SATURDAY, booked_at=BOOKED_AT) is None
