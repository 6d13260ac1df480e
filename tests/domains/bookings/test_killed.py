"""Killed at any moment: what was answered is in the log, and what is taken is what the log says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings.projection import BookingTables
from tests.core.backends import Backend
from tests.domains.bookings import book_until_killed
from tests.pipelines.kept import REPOSITORY

pytestmark = pytest.mark.processes
#: After how many answers it is killed, at most.
_MOST = 60


@pytest.fixture
def engine(backend: Backend) -> Engine:
    return backend.open()


def test_a_killed_receiver_has_booked_what_it_answered(backend: Backend, engine: Engine, log: EventLog) -> None:
    _kill_again_and_again(backend, engine, log, times=3)


@pytest.mark.slow
def test_killed_a_hundred_times(backend: Backend, engine: Engine, log: EventLog) -> None:
    _kill_again_and_again(backend, engine, log, times=100)


def _kill_again_and_again(backend: Backend, engine: Engine, log: EventLog, *, times: int) -> None:
    rng = Random(times)
    answers = 0
    for number in range(times):
        told = _book_and_kill(backend.url, seed=number, after=rng.randint(1, _MOST))
        events = log.read_at([int(sequence) for sequence, _, _ in told])
        for sequence, event_id, status in told:
            event = events[int(sequence)]
            assert event.event_id == event_id
            assert f'"status":"{status}"'.encode() in event.payload
        assert BookingTables(engine).compare() == []
        answers += len(told)
    assert answers >= times


def _book_and_kill(url: str, *, seed: int, after: int) -> list[list[str]]:
    """Return the answers that came before the end; a line that was cut off is none."""
    module = Path(book_until_killed.__file__).relative_to(REPOSITORY).with_suffix("")
    command = [sys.executable, "-m", ".".join(module.parts), url, str(seed)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = b"".join(process.stdout.readline() for _ in range(after))
        process.kill()
        rest = process.stdout.read()
    lines = (first + rest).decode().split("\n")[:-1]
    return [line.split() for line in lines]
