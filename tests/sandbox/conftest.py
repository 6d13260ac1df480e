"""What the sandbox's tests share: the tenants that ship, secrets of their own, a small year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.businesses import Business, load_businesses
from sandbox.delivery import Delivery
from sandbox.secrets import TenantSecrets, load_or_make_secrets
from sandbox.story.year import tell_year

TENANTS_DIR = Path(__file__).parents[2] / "tenants"
ENDS_AT = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
SEED = 7
SCALE = 0.3


@pytest.fixture(scope="session")
def businesses() -> dict[str, Business]:
    return load_businesses(TENANTS_DIR)


@pytest.fixture(scope="session")
def secrets(businesses: Mapping[str, Business], tmp_path_factory: pytest.TempPathFactory) -> dict[str, TenantSecrets]:
    return load_or_make_secrets(tmp_path_factory.mktemp("home"), businesses)


@pytest.fixture(scope="session")
def year(businesses: Mapping[str, Business]) -> list[Delivery]:
    return tell_year(businesses, seed=SEED, ends_at=ENDS_AT, scale=SCALE)
