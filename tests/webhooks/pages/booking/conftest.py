"""A salon with a booking page over real HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.domains.bookings.salon import NOW
from tests.webhooks.booking_desk import Desk, desk
from tests.webhooks.pages.booking.guest import Guest, page_tenant


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.open()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def salon(engine: Engine, clock: SetClock, tmp_path: Path) -> Iterator[Desk]:
    with desk(engine, home=tmp_path, clock=clock, business=page_tenant()) as asking:
        yield asking


@pytest.fixture
def guest(salon: Desk) -> Guest:
    return Guest(salon.client)
