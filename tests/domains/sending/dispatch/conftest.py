"""Fixtures: the stand-ins, started once and emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, open_sending
from tests.domains.sending.dispatch.standins import StandIns, standing_in
from tests.domains.sending.outbox.factories import NOON


@pytest.fixture(scope="session")
def running_standins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with standing_in(tmp_path_factory.mktemp("standins")) as standins:
        yield standins


@pytest.fixture
def standins(running_standins: StandIns) -> StandIns:
    running_standins.reset()
    return running_standins


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def sending(standins: StandIns, tmp_path: Path, clock: SetClock) -> Iterator[SendingFixture]:
    with open_sending(standins, tmp_path, clock=clock) as sending:
        yield sending
