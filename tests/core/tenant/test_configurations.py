"""Versions of businesses' configurations in the log, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import CONFIGURED, REMOVED, Configurations
from tests.clocks import SetClock

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.fixture
def configurations(engine: Engine, log: EventLog) -> Configurations:
    return Configurations(engine, log=log, clock=SetClock(NOW))


def test_the_newest_version_is_in_force(configurations: Configurations, log: EventLog) -> None:
    configurations.write("one", {"slug": "one", "name": "A"}, by="the file one.yaml")
    configurations.write("two", {"slug": "two"}, by="Ana")
    configurations.write("one", {"name": "B", "slug": "one"}, by="Ana")

    newest = configurations.newest()
    assert {slug: (each.document, each.written_by) for slug, each in newest.items()} == {
        "one": ({"slug": "one", "name": "B"}, "Ana"),
        "two": ({"slug": "two"}, "Ana"),
    }
    assert newest["one"].written_at == NOW
    assert configurations.newest(until=2)["one"].document == {"slug": "one", "name": "A"}
    assert [each.sequence for each in configurations.since(1)] == [2, 3]
    assert [event.type for event in log.read_after(0, limit=9)] == [CONFIGURED] * 3


def test_what_is_in_force_is_not_written_again(configurations: Configurations, log: EventLog) -> None:
    assert configurations.write("one", {"slug": "one", "name": "A"}, by="Ana") is not None
    assert configurations.write("one", {"name": "A", "slug": "one"}, by="Ben") is None
    assert configurations.write("one", {"slug": "one", "name": "B"}, by="Ana") is not None
    assert configurations.write("one", {"slug": "one", "name": "A"}, by="Ana") is not None, "back to what was before"
    assert log.last_sequence() == 3


def test_who_has_left_can_come_back(configurations: Configurations, log: EventLog) -> None:
    assert configurations.remove("one", by="Ana") is None
    configurations.write("one", {"slug": "one"}, by="Ana")
    assert configurations.remove("one", by="Ana") is not None
    assert configurations.remove("one", by="Ana") is None
    assert configurations.documents() == {}
    configurations.write("one", {"slug": "one"}, by="Ana")
    assert configurations.documents() == {"one": {"slug": "one"}}
    assert [event.type for event in log.read_after(0, limit=9)] == [CONFIGURED, REMOVED, CONFIGURED]


def test_a_change_that_several_find_at_once_is_written_once(configurations: Configurations, log: EventLog) -> None:
    at_once = Barrier(4)

    def write() -> None:
        at_once.wait()
        configurations.write("one", {"slug": "one"}, by="the file one.yaml")

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.last_sequence() == 1


def test_a_document_is_kept_as_json(configurations: Configurations) -> None:
    configurations.write("one", {"slug": "one", "since": date(2026, 3, 1), "by_number": {1: "x"}}, by="Ana")
    assert configurations.documents()["one"] == {"slug": "one", "since": "2026-03-01", "by_number": {"1": "x"}}
    with pytest.raises(ConfigurationError, match="configuration of one: a value is not readable"):
        configurations.write("one", {"slug": "one", "number": 1 << 80}, by="Ana")


def test_versions_are_found_by_their_index(engine: Engine, configurations: Configurations) -> None:
    """Among a million events, too: nothing reads the whole log."""
    configurations.write("one", {"slug": "one"}, by="Ana")
    where = "type IN ('tenant.configured', 'tenant.removed')"
    query = f"select max(sequence) from event_log where {where} group by tenant_id"
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            plan = connection.execute(text(f"explain query plan {query}")).fetchall()
        else:
            connection.execute(text("set enable_seqscan = off"))  # of one row PostgreSQL would read the table
            plan = connection.execute(text(f"explain {query}")).fetchall()
    assert "event_log_configurations" in str(plan)


def test_a_look_for_new_versions_reads_no_other_events(engine: Engine, configurations: Configurations) -> None:
    """Every process looks twice a second, and a million events may have come since the last version."""
    configurations.write("one", {"slug": "one"}, by="Ana")
    asked: list[tuple[str, Any]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(*given: Any) -> None:
        asked.append((given[2], given[3]))

    assert configurations.since(1) == []
    assert [each.tenant_id for each in configurations.since(0)] == ["one"]
    event.remove(engine, "before_cursor_execute", _note)
    selects = [each for each in asked if each[0].startswith("SELECT")]
    assert len(selects) == 3
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            plans = [str(connection.exec_driver_sql(f"explain query plan {sql}", of).all()) for sql, of in selects]
        assert all("event_log_configurations" in plan and "PRIMARY KEY" not in plan for plan in plans), plans
