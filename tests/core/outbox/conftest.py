"""Fixtures: an outbox on each database, under a clock that tests set."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from core.clock import SystemClock
from core.ids import UuidV7Factory
from core.outbox.outbox import Outbox
from tests.core.outbox.factories import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def outbox(engine: Engine, clock: SetClock) -> Outbox:
    return Outbox(engine, clock=clock, ids=UuidV7Factory(SystemClock()))
