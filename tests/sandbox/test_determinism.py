"""The same seed, end and tenants tell the same story, byte for byte."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta

import pytest

from sandbox.businesses import Business
from sandbox.delivery import Delivery
from sandbox.story.year import YEAR, tell_year
from tests.sandbox.conftest import ENDS_AT, SCALE, SEED, TENANTS_DIR

_SMALL = 0.05
_DIGEST = """
import hashlib, sys
from datetime import datetime
from pathlib import Path
from sandbox.businesses import load_businesses
from sandbox.story.year import tell_year
year = tell_year(load_businesses(Path(sys.argv[1])), seed=3, ends_at=datetime.fromisoformat(sys.argv[2]), scale=0.05)
print(hashlib.sha256(b"".join(delivery.body for delivery in year)).hexdigest())
"""


def test_the_same_seed_and_end_give_the_same_deliveries(
    businesses: Mapping[str, Business], year: list[Delivery]
) -> None:
    assert tell_year(businesses, seed=SEED, ends_at=ENDS_AT, scale=SCALE) == year


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_tells_the_same(businesses: Mapping[str, Business], hash_seed: str) -> None:
    """Nothing may hang on the order of sets, which differs by process."""
    here = tell_year(businesses, seed=3, ends_at=ENDS_AT, scale=_SMALL)
    there = subprocess.run(
        [sys.executable, "-c", _DIGEST, str(TENANTS_DIR), ENDS_AT.isoformat()],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TENANTS_DIR.parent)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == _digest(here)


def test_another_seed_tells_of_other_people(businesses: Mapping[str, Business]) -> None:
    first, second = (tell_year(businesses, seed=seed, ends_at=ENDS_AT, scale=_SMALL) for seed in (1, 2))

    known = {delivery.identity for delivery in first}
    shared = [delivery for delivery in second if delivery.identity in known]
    # What happens to the business itself, such as a payout every Monday, is the same for every seed.
    assert not [
        delivery
        for delivery in shared
        if delivery.source != "google-calendar"
        and b"payout.paid" not in delivery.body
        and b"LocationUpdate" not in delivery.body
    ]


def test_nothing_happens_outside_the_year(year: list[Delivery]) -> None:
    assert max(delivery.at for delivery in year) <= ENDS_AT
    # Touches and texts may come some days before the customer who turns up on the first day.
    assert min(delivery.at for delivery in year) > ENDS_AT - YEAR - timedelta(days=10)


def test_scale_multiplies_the_customers(businesses: Mapping[str, Business], year: list[Delivery]) -> None:
    small = tell_year(businesses, seed=SEED, ends_at=ENDS_AT, scale=SCALE / 3)

    assert 2 < len(year) / len(small) < 4


def _digest(year: list[Delivery]) -> str:

    return hashlib.sha256(b"".join(delivery.body for delivery in year)).hexdigest()
