"""Whether anybody has committed is told for a few microseconds, and never too late."""

from __future__ import annotations

from sqlalchemy import Engine

from frontdesk.core.log import commit_watch
from frontdesk.core.log.commit_watch import CommitWatch
from frontdesk.core.log.event_log import EventLog
from tests.core.factories import new_event


def test_a_commit_of_anybody_is_seen_once(engine: Engine, log: EventLog) -> None:
    watch = CommitWatch(engine)
    assert watch.has_changed()
    is_always = engine.dialect.name == "postgresql"
    assert watch.has_changed() is is_always
    log.append([new_event("1")])
    assert watch.has_changed()
    assert watch.has_changed() is is_always
    watch.close()


def test_a_file_that_may_have_been_replaced_is_looked_at_now_and_then(engine: Engine) -> None:
    watch = CommitWatch(engine)
    assert watch.has_changed()
    watch._changed_at -= commit_watch._LONGEST_PAUSE_S
    assert watch.has_changed()
    watch.close()
