"""A year told again with duplicates, in another order, late and with restarts: the same commands, the same keys."""

from __future__ import annotations

from random import Random

import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.sending.outbox.commands import CommandFilter
from tests.pipelines.homes import Home, HomeFactory

_COLUMNS = "command_key, verdict, stopped_by, reason, due_at, expires_at, payload"
_COMMANDS = f"select {_COLUMNS} from marts.fct_decisions order by all"


def disturbed(events: list[NewEvent], rng: Random) -> list[NewEvent]:
    """Return the events as a bad day delivers them: some an hour late, a tenth twice, neighbours swapped."""
    arrivals = [
        (number + rng.gauss(0, 30) + rng.choice((0, 0, 0, 400)), event) for number, event in enumerate(events)
    ]
    arrivals += [(place + rng.uniform(0, 500), event) for place, event in arrivals if rng.random() < 0.1]
    return [event for _, event in sorted(arrivals, key=lambda arrival: arrival[0])]


def in_batches(events: list[NewEvent], rng: Random) -> list[list[NewEvent]]:
    batches, start = [], 0
    while start < len(events):
        size = rng.choice((1, 7, 60, 400))
        batches.append(events[start : start + size])
        start += size
    return batches


def enqueued(home: Home) -> set[str]:
    return {command.command_key for command in home.outbox.search(CommandFilter(), limit=100_000)}


@pytest.mark.slow
def test_chaos_gives_the_same_commands(homes: HomeFactory, story_events: list[NewEvent]) -> None:
    rng = Random(11)
    ordered = homes.new_home()
    ordered.follow_in_batches([story_events])
    chaotic = homes.new_home()
    batches = in_batches(disturbed(story_events, rng), rng)
    for first in range(0, len(batches), 10):  # opened anew each time, as after a restart
        chaotic.follow_in_batches(batches[first : first + 10])
    commands = ordered.query(_COMMANDS)
    assert len(commands) > 500
    assert chaotic.query(_COMMANDS) == commands
    # What was once intended and is no more is withdrawn there: nothing else is known, and nothing is missing.
    assert enqueued(ordered) <= enqueued(chaotic)
