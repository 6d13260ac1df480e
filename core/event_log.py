"""The append-only event log on SQLite or PostgreSQL: append, and follow by sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Engine, Insert, RowMapping, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from core.envelope import Appended, Event, NewEvent, Origin
from core.errors import EventLogUnavailableError
from core.ids import IdFactory
from core.schema import event_log

#: Rows per statement; SQLite allows 32,766 bound values, a row has 16.
MAX_ROWS_PER_APPEND = 1_000


class EventLog:
    """The log of one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, ids: IdFactory) -> None:
        self._engine = engine
        self._ids = ids
        self._insert = _insert_unless_known(engine.dialect.name)

    def append(self, events: Sequence[NewEvent]) -> list[Appended]:
        """Append events in one durable transaction; return one answer per event, in order.

        An event whose (tenant_id, source, source_event_id) is there already, or earlier in the same call, is
        not appended again; its answer holds the first one's ids and is_new=False. When this returns, all are
        on disk. Raises EventLogUnavailableError, with nothing appended, where the database can't be written.
        """
        answers: list[Appended] = []
        try:
            with self._engine.begin() as connection:
                for start in range(0, len(events), MAX_ROWS_PER_APPEND):
                    answers.extend(self._append_chunk(connection, events[start : start + MAX_ROWS_PER_APPEND]))
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(_reason(error)) from error
        return answers

    def read_after(self, sequence: int, *, limit: int) -> list[Event]:
        """Return up to `limit` events after `sequence`, ascending; none is ever skipped (see core/schema.py)."""
        query = select(event_log).where(event_log.c.sequence > sequence).order_by(event_log.c.sequence).limit(limit)
        try:
            with self._engine.connect() as connection:
                return [_to_event(row) for row in connection.execute(query).mappings()]
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(_reason(error)) from error

    def read_batches(self, sequence: int, *, batch_size: int) -> Iterator[list[Event]]:
        """Yield batches of events after `sequence` until the end of the log."""
        while batch := self.read_after(sequence, limit=batch_size):
            yield batch
            sequence = batch[-1].sequence

    def last_sequence(self) -> int:
        """Return the newest sequence, 0 for an empty log."""
        try:
            with self._engine.connect() as connection:
                return int(connection.execute(select(func.max(event_log.c.sequence))).scalar() or 0)
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(_reason(error)) from error

    def _append_chunk(self, connection: Any, events: Sequence[NewEvent]) -> list[Appended]:
        rows = [_to_row(event, event_id=self._ids.new_event_id()) for event in events]
        new = {row.event_id: row.sequence for row in connection.execute(self._insert, rows)}
        answers: list[Appended | None] = [
            Appended(row["event_id"], new[row["event_id"]], is_new=True) if row["event_id"] in new else None
            for row in rows
        ]
        if len(new) < len(rows):
            known = _find_known(connection, [e for e, a in zip(events, answers, strict=True) if a is None])
            answers = [a or known[_key(e)] for e, a in zip(events, answers, strict=True)]
        return [answer for answer in answers if answer is not None]


def _insert_unless_known(dialect_name: str) -> Insert:
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect_name]
    statement: Insert = (
        insert(event_log)
        .on_conflict_do_nothing(index_elements=["tenant_id", "source", "source_event_id"])
        .returning(event_log.c.event_id, event_log.c.sequence)
    )
    return statement


def _find_known(connection: Any, events: Sequence[NewEvent]) -> dict[tuple[str, str, str], Appended]:
    columns = (event_log.c.tenant_id, event_log.c.source, event_log.c.source_event_id)
    query = select(*columns, event_log.c.event_id, event_log.c.sequence).where(
        tuple_(*columns).in_(sorted({_key(event) for event in events}))
    )
    return {
        (row.tenant_id, row.source, row.source_event_id): Appended(row.event_id, row.sequence, is_new=False)
        for row in connection.execute(query)
    }


def _key(event: NewEvent) -> tuple[str, str, str]:
    return (event.tenant_id, event.source, event.source_event_id)


def _to_row(event: NewEvent, *, event_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "tenant_id": event.tenant_id,
        "source": event.source,
        "source_event_id": event.source_event_id,
        "type": event.type,
        "subject_id": event.subject_id,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "schema_version": event.schema_version,
        "origin": event.origin.value,
        "content_type": event.content_type,
        "headers": orjson.dumps(dict(event.headers)).decode(),
        "body": event.body,
        "payload": event.payload.decode(),
    }


def _to_event(row: RowMapping) -> Event:
    values = dict(row)
    values["origin"] = Origin(values["origin"])
    values["headers"] = orjson.loads(values["headers"])
    values["body"] = bytes(values["body"])
    values["payload"] = values["payload"].encode()
    return Event(**values)


def _reason(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return f"the event log can't be used now: {cause}"
