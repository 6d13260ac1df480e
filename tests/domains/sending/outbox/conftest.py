"""Fixtures: an outbox on each database, under a clock that tests set."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import NOON


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def outbox(engine: Engine, clock: SetClock) -> Outbox:
    return Outbox(engine, clock=clock, ids=UuidV7Factory(SystemClock()))
