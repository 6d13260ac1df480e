"""The append-only event log on SQLite or PostgreSQL: append, and follow by sequence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    func,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import WRITES_AFTER_READING
from frontdesk.core.log.database_errors import is_of_one, reason_of
from frontdesk.core.log.database_file import Anchor, check_continues, note_appended
from frontdesk.core.log.envelope import FILE_HEADER, RUN_HEADER, Appended, Event, NewEvent, Origin
from frontdesk.core.log.event_insert import MAX_ROWS_PER_APPEND, Row, insert_for
from frontdesk.core.log.schema import event_log

#: Characters of a source_event_id; PostgreSQL's unique index takes at most 2,704 bytes a row.
MAX_SOURCE_EVENT_ID = 512
#: Sequences that one statement looks through: a fraction of a second, far from the limit of postgresql.py.
_PAGE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPart:
    """What one run of an import wrote of one source and file."""

    tenant_id: str
    source: str
    run_id: str
    file: str | None
    started_at: datetime
    count_events: int
    first_sequence: int
    last_sequence: int

    def with_more(self, other: RunPart) -> RunPart:
        """Return the part with what another page has of it."""
        return replace(
            self,
            started_at=min(self.started_at, other.started_at),
            count_events=self.count_events + other.count_events,
            first_sequence=min(self.first_sequence, other.first_sequence),
            last_sequence=max(self.last_sequence, other.last_sequence),
        )


class EventLog:
    """The log of one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, ids: IdFactory) -> None:
        self._engine = engine
        self._connect: Callable[[], AbstractContextManager[Connection]] = engine.connect
        self._ids = ids
        self._writing_engine = engine.execution_options(**WRITES_AFTER_READING)
        self._insert = insert_for(engine.dialect.name)

    def as_seen_within(self, connection: Connection) -> EventLog:
        """Return the log as the caller's transaction reads it.

        Who has a connection and waits for a second one could keep everybody else waiting, who do likewise.
        """
        seen = copy(self)
        seen._connect = lambda: nullcontext(connection)
        return seen

    def append(self, events: Sequence[NewEvent]) -> list[Appended]:
        """Append events in one durable transaction; return one answer per event, in order.

        An event whose (tenant_id, source, source_event_id) is there already, or earlier in the same call, is
        not appended again; its answer holds the first one's ids and is_new=False. When this returns, all are
        on disk. Raises EventLogUnavailableError, with nothing appended, if the database can't be written, and
        ValueError, with nothing appended, if an event can't be stored at all (a naive datetime, a payload that
        is not UTF-8). An id that no index holds is kept in another form: see _storable_id.
        """
        try:
            with self._writing_engine.begin() as connection:
                appended = self.append_within(connection, events)
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(_reason(error)) from error
        note_appended(self._engine, [Anchor(each.sequence, each.event_id) for each in appended])
        return appended

    def append_within(self, connection: Connection, events: Sequence[NewEvent]) -> list[Appended]:
        """Append events as a part of the caller's transaction, begun by database.writing; see append.

        They are on disk, and seen by others, once the caller commits; if this raises, roll back.
        """
        answers: list[Appended] = []
        try:
            for start in range(0, len(events), MAX_ROWS_PER_APPEND):
                answers.extend(self._append_chunk(connection, events[start : start + MAX_ROWS_PER_APPEND]))
        except SQLAlchemyError as error:
            if is_of_one(error):
                raise ValueError(f"an event can't be stored: {error}") from error
            raise EventLogUnavailableError(_reason(error)) from error
        return answers

    def read_after(self, sequence: int, *, limit: int, tenant_id: str | None = None) -> list[Event]:
        """Return up to `limit` events after `sequence`, ascending, of all tenants or of one.

        None is ever skipped (see frontdesk/core/log/schema.py).
        """
        query = select(event_log).where(event_log.c.sequence > sequence).order_by(event_log.c.sequence).limit(limit)
        if tenant_id is not None:
            query = query.where(event_log.c.tenant_id == tenant_id)
        try:
            with self._connect() as connection:
                return [_to_event(row) for row in connection.execute(query).mappings()]
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(_reason(error)) from error

    def read_batches(self, sequence: int, *, batch_size: int) -> Iterator[list[Event]]:
        """Yield batches of events after `sequence` until the end of the log."""
        while batch := self.read_after(sequence, limit=batch_size):
            yield batch
            sequence = batch[-1].sequence

    def read_at(self, sequences: Collection[int]) -> dict[int, Event]:
        """Return the events at these sequences, by sequence; for some thousands at a time."""
        events = self._read(event_log.c.sequence.in_(sorted(set(sequences))))
        return {event.sequence: event for event in events}

    def read_by_id(self, event_ids: Collection[str]) -> dict[str, Event]:
        """Return the events with these ids, by id; for some thousands at a time."""
        return {event.event_id: event for event in self._read(event_log.c.event_id.in_(sorted(set(event_ids))))}

    def read_by_source_ids(self, tenant_id: str, source: str, source_event_ids: Collection[str]) -> list[Event]:
        """Return a tenant's events with these ids of one source, in the order of the log."""
        columns = event_log.c
        ids = sorted({_storable_id(each) for each in source_event_ids})
        return self._read(columns.tenant_id == tenant_id, columns.source == source, columns.source_event_id.in_(ids))

    def read_by_id_prefix(self, tenant_id: str, source: str, prefix: str) -> list[Event]:
        """Return a tenant's events of one source whose ids begin so, in the order of the log."""
        columns = event_log.c
        of_source = (columns.tenant_id == tenant_id, columns.source == source)
        if self._engine.dialect.name != "postgresql":
            after_all = f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"
            return self._read(*of_source, columns.source_event_id >= prefix, columns.source_event_id < after_all)
        # PostgreSQL's index may be in the order of a language, in which a prefix is no range: its pages are looked
        # through, each of them quick.
        query = select(columns.sequence, columns.source_event_id).where(*of_source)
        query = query.order_by(columns.source_event_id).limit(_PAGE)
        found: list[int] = []
        page = self._rows(query)
        while page:
            found += [row["sequence"] for row in page if row["source_event_id"].startswith(prefix)]
            page = self._rows(query.where(columns.source_event_id > page[-1]["source_event_id"]))
        return list(self.read_at(found).values())

    def read_import_runs(self) -> list[RunPart]:
        """Return what each run of an import wrote, by business, source and file.

        Reads the whole log, in pages: no statement is long, however long the log is.
        """
        parts: dict[tuple[str, ...], RunPart] = {}
        columns, run_id, file = event_log.c, self._header(RUN_HEADER), self._header(FILE_HEADER)
        keys = (columns.tenant_id, columns.source, run_id.label("run_id"), file.label("file"))
        query = (
            select(
                *keys,
                func.min(columns.received_at).label("started_at"),
                func.count().label("count_events"),
                func.min(columns.sequence).label("first_sequence"),
                func.max(columns.sequence).label("last_sequence"),
            )
            .where(columns.origin == Origin.IMPORT.value, run_id.is_not(None))
            .group_by(*keys)
        )
        for is_of_page in self._pages(1, self.last_sequence()):
            for row in self._rows(query.where(is_of_page)):
                part = RunPart(**row)
                key = (part.tenant_id, part.source, part.run_id, part.file or "")
                parts[key] = parts[key].with_more(part) if key in parts else part
        return list(parts.values())

    def read_import_run(
        self, tenant_id: str, run_id: str, *, first: int, last: int, batch_size: int
    ) -> Iterator[list[Event]]:
        """Yield batches of the events that a run of an import wrote, between two sequences."""
        columns = event_log.c
        is_of_run = and_(
            columns.tenant_id == tenant_id,
            columns.origin == Origin.IMPORT.value,
            self._header(RUN_HEADER) == run_id,
        )
        query = select(columns.sequence).order_by(columns.sequence)
        for is_of_page in self._pages(first, last):
            found = [row["sequence"] for row in self._rows(query.where(is_of_page, is_of_run))]
            for start in range(0, len(found), batch_size):
                yield self._read(columns.sequence.in_(found[start : start + batch_size]))

    def _pages(self, first: int, last: int) -> Iterator[ColumnElement[bool]]:
        for start in range(first, last + 1, _PAGE):
            yield event_log.c.sequence.between(start, min(start + _PAGE - 1, last))

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        try:
            with self._connect() as connection:
                return list(connection.execute(query).mappings())
        except SQLAlchemyError as error:
            raise EventLogUnavailableError(_reason(error)) from error

    def _header(self, name: str) -> ColumnElement[Any]:
        if self._engine.dialect.name == "postgresql":
            in_postgresql: ColumnElement[Any] = event_log.c.headers.cast(JSON)[name].as_string()
            return in_postgresql
        return func.json_extract(event_log.c.headers, f'$."{name}"')

    def last_sequence(self) -> int:
        """Return the newest sequence, 0 for an empty log."""
        [row] = self._rows(select(func.max(event_log.c.sequence).label("sequence")))
        return int(row["sequence"] or 0)

    def last_sequence_besides(self, source: str, *, families: Sequence[str]) -> int:
        """Return the newest sequence, 0 if there is none, of all but these families of a source's types.

        A family is what a type has before its first point: `report` of `report.computed`.
        """
        columns = event_log.c
        of_families = or_(*(columns.type.startswith(f"{family}.", autoescape=True) for family in families))
        is_left_out = and_(columns.source == source, of_families)
        # From the log's end: not all of it is read.
        query = select(columns.sequence).where(not_(is_left_out)).order_by(columns.sequence.desc()).limit(1)
        return max((int(row["sequence"]) for row in self._rows(query)), default=0)

    def _read(self, *conditions: ColumnElement[bool]) -> list[Event]:
        query = select(event_log).where(*conditions).order_by(event_log.c.sequence)
        return [_to_event(row) for row in self._rows(query)]

    def _append_chunk(self, connection: Any, events: Sequence[NewEvent]) -> list[Appended]:
        new_id, instant = self._ids.new_event_id, self._insert.instant
        rows = [_to_row(event, event_id=new_id(), instant=instant) for event in events]
        new = self._insert(connection, rows)
        if new:
            check_continues(self._engine, min(new.values()))
        answers: list[Appended | None] = [
            Appended(row["event_id"], new[row["event_id"]], is_new=True) if row["event_id"] in new else None
            for row in rows
        ]
        if len(new) < len(rows):
            known = _find_known(connection, {_key(row) for row in rows if row["event_id"] not in new})
            answers = [answer or known[_key(row)] for row, answer in zip(rows, answers, strict=True)]
        return [answer for answer in answers if answer is not None]


def _find_known(connection: Any, keys: set[tuple[str, str, str]]) -> dict[tuple[str, str, str], Appended]:
    columns = (event_log.c.tenant_id, event_log.c.source, event_log.c.source_event_id)
    query = select(*columns, event_log.c.event_id, event_log.c.sequence).where(tuple_(*columns).in_(sorted(keys)))
    return {
        (row.tenant_id, row.source, row.source_event_id): Appended(row.event_id, row.sequence, is_new=False)
        for row in connection.execute(query)
    }


def _key(row: Row) -> tuple[str, str, str]:
    return (row["tenant_id"], row["source"], row["source_event_id"])


def _storable_id(text: str) -> str:
    """Return the id as both databases can keep it: without NUL, and short enough for an index.

    A verified delivery must never be refused for its provider's odd id, or it would be retried for ever.
    """
    if len(text) > MAX_SOURCE_EVENT_ID:
        return f"sha256:{sha256(text.encode(errors='surrogatepass')).hexdigest()}"
    return text.replace("\x00", "\ufffd")


def _storable(text: str | None) -> str | None:
    return text.replace("\x00", "\ufffd") if text else text


def _to_row(event: NewEvent, *, event_id: str, instant: Callable[[datetime], Any]) -> Row:
    return {  # in the table's order
        "event_id": event_id,
        "tenant_id": event.tenant_id,
        "source": event.source,
        "source_event_id": _storable_id(event.source_event_id),
        "type": _storable(event.type),
        "subject_id": _storable(event.subject_id),
        "occurred_at": instant(event.occurred_at),
        "received_at": instant(event.received_at),
        "correlation_id": _storable(event.correlation_id),
        "causation_id": _storable(event.causation_id),
        "schema_version": event.schema_version,
        "origin": event.origin.value,
        "content_type": _storable(event.content_type),
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
    return f"the event log can't be used now: {reason_of(error)}"
