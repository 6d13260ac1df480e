"""kill -9 of the live path in mid-batch: the warehouse is what a rebuild gives, and nothing is modelled twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY


def follow_and_kill(home: Home, *, after_seconds: float) -> None:
    """Start following in a process of its own and kill it some time after it has opened the warehouse."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.pipelines.live.follow_until_killed"),
            *(str(home.folder), str(home.target_dir), "40"),
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(after_seconds)  # the moment of the kill is the experiment, not a wait
    process.kill()
    process.wait()


def kill_repeatedly(home: Home, events: list[NewEvent], *, times: int) -> None:
    chance = random.Random(11)
    share = len(events) // times
    for number in range(times):
        home.log.append(events[number * share : (number + 1) * share])
        follow_and_kill(home, after_seconds=chance.uniform(0.0, 1.0))


@pytest.mark.slow
def test_killed_twice_it_still_equals_a_rebuild(home: Home, story_events: list[NewEvent]) -> None:
    kill_repeatedly(home, story_events[:600], times=2)
    assert home.modeller().verify() == []


@pytest.mark.slow
def test_killed_ten_times_it_still_equals_a_rebuild(home: Home, story_events: list[NewEvent]) -> None:
    kill_repeatedly(home, story_events, times=10)
    assert home.modeller().verify() == []
    assert home.query("select modelled_sequence from marts.fct_log_position") == [(home.log.last_sequence(),)]
