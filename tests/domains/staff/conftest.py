"""A directory over each database, with a clock that stands still and a hash that costs nothing."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.settings import Settings
from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.staff.roles import Role
from tests.clocks import SetClock
from tests.webhooks.harness import NOW

PASSWORD = "a quite long sentence"


def quick_passwords() -> Passwords:
    """Argon2id with its smallest settings."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def directory(engine: Engine, clock: SetClock) -> StaffDirectory:
    return StaffDirectory.open(
        engine, settings=Settings(), clock=clock, ids=UuidV7Factory(clock), passwords=quick_passwords()
    )


@pytest.fixture
def ana(directory: StaffDirectory) -> Account:
    return directory.accounts.add(
        tenant_id="salon", email=" Ana@Example.com", name="Ana  Li", role=Role.ADMIN, password=PASSWORD, by="test"
    )
