"""kill -9 of the live path: the warehouse is what a rebuild gives, nothing is modelled twice, nobody reads older."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from itertools import pairwise

import duckdb
import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY
from tests.pipelines.live.follow_until_killed import Work

#: A batch of forty events takes some 500 ms to model and 100 to publish.
_LIFE_MS = {Work.MODELLING: 600.0, Work.PUBLISHING: 150.0}


def follow(home: Home, *more: str) -> subprocess.Popen[str]:
    """Start following in a process of its own; return it once the warehouse is open."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.pipelines.live.follow_until_killed"),
            *(str(home.folder), str(home.target_dir), "40", *more),
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def follow_and_kill(home: Home, *, after_seconds: float) -> None:
    """Kill it some time after it has opened the warehouse."""
    process = follow(home)
    time.sleep(after_seconds)  # the moment of the kill is the experiment, not a wait
    process.kill()
    process.wait()


def kill_repeatedly(home: Home, events: list[NewEvent], *, times: int) -> None:
    chance = random.Random(11)
    share = len(events) // times
    for number in range(times):
        home.log.append(events[number * share : (number + 1) * share])
        follow_and_kill(home, after_seconds=chance.uniform(0.0, 1.0))


def published_sequence(home: Home) -> int:
    """Return how far readers see the log."""
    with duckdb.connect(home.analytics_path, read_only=True) as connection:
        ((sequence,),) = connection.execute("select modelled_sequence from reports.rpt_freshness").fetchall()
    return int(sequence)


@pytest.mark.slow
def test_killed_twice_it_still_equals_a_rebuild(home: Home, story_events: list[NewEvent]) -> None:
    kill_repeatedly(home, story_events[:600], times=2)
    assert home.modeller().verify() == []


@pytest.mark.slow
def test_killed_ten_times_it_still_equals_a_rebuild(home: Home, story_events: list[NewEvent]) -> None:
    kill_repeatedly(home, story_events, times=10)
    assert home.modeller().verify() == []
    assert home.query("select modelled_sequence from marts.fct_log_position") == [(home.log.last_sequence(),)]


@pytest.mark.slow
@pytest.mark.parametrize("work", list(Work))
def test_killed_twenty_times_in_its_work_it_equals_a_rebuild_and_nobody_reads_older(
    home: Home, story_events: list[NewEvent], work: Work
) -> None:
    chance, times = random.Random(12), 20
    share = len(story_events) // times
    seen = []
    for number in range(times):
        home.log.append(story_events[number * share : (number + 1) * share])
        after_ms = chance.uniform(0.0, _LIFE_MS[work])
        assert follow(home, work, str(after_ms)).wait() == -signal.SIGKILL
        seen.append(published_sequence(home))

    assert all(earlier <= later for earlier, later in pairwise(seen))
    assert home.modeller().verify() == []
    assert home.query("select modelled_sequence from marts.fct_log_position") == [(home.log.last_sequence(),)]
