"""Fixtures of the pipelines' tests: a believable log, made once by a real receiver and the sandbox's year."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from tests.e2e.story import prepare_story, receiver_of, send_story


@pytest.fixture(scope="session")
def story_events(tmp_path_factory: pytest.TempPathFactory) -> list[NewEvent]:
    """Return the events of a small year in the order of their arrival, as a receiver verified and logged them."""
    home: Path = tmp_path_factory.mktemp("story")
    demo = prepare_story(home, scale=0.06)
    with receiver_of(demo):
        tally = send_story(demo)
    assert not tally.problems
    log = EventLog(open_engine(f"sqlite:///{home / 'frontdesk.db'}"), ids=UuidV7Factory(SystemClock()))
    names = [field.name for field in fields(NewEvent)]
    return [
        NewEvent(**{name: getattr(event, name) for name in names})
        for batch in log.read_batches(0, batch_size=5_000)
        for event in batch
    ]
