"""The log refuses change by trigger, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables
from frontdesk.core.log.event_log import EventLog
from tests.core.backends import Backend
from tests.core.factories import new_event

REPLACE = (
    "INSERT OR REPLACE INTO event_log SELECT sequence, event_id, tenant_id, source, source_event_id, 'other.type',"
    " subject_id, occurred_at, received_at, correlation_id, causation_id, schema_version, origin, content_type,"
    " headers, body, payload FROM event_log"
)


def assert_refused(engine: Engine, statement: str) -> None:
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    log.append([new_event()])

    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))

    [kept] = log.read_after(0, limit=10)
    assert (kept.sequence, kept.type) == (1, "stripe.charge.succeeded")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_log SET type = 'other.type'",
        "UPDATE event_log SET sequence = sequence + 10",
        "DELETE FROM event_log",
        "DELETE FROM event_log WHERE sequence = 1",
    ],
)
def test_update_and_delete_are_refused(engine: Engine, statement: str) -> None:
    assert_refused(engine, statement)


def test_truncate_is_refused_by_postgresql(postgres_backend: Backend) -> None:
    assert_refused(postgres_backend.open(), "TRUNCATE event_log")


def test_replace_is_refused_by_sqlite(sqlite_backend: Backend) -> None:
    assert_refused(sqlite_backend.open(), REPLACE)


def test_creating_tables_again_changes_nothing(engine: Engine, log: EventLog) -> None:
    log.append([new_event()])

    create_tables(engine)

    assert len(log.read_after(0, limit=10)) == 1
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM event_log"))
