"""Reads the log as Arrow tables, a page ahead of whoever copies it: a copy of all of it needs no event by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from sqlalchemy import Engine, String, select, type_coerce

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.schema import event_log
from pipelines.ingest.log_copy import EVENT_SCHEMA, readable_json

_INSTANTS = ("occurred_at", "received_at")


def read_pages(engine: Engine, *, after: int, until: int, size: int) -> Iterator[pa.Table]:
    """Yield the events of the sequences after `after`, up to `until`, in the columns of events_table.

    Raises EventLogUnavailableError.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="log-pages") as ahead:
        coming = ahead.submit(_read_page, engine, after, until, size)
        while (page := coming.result()).num_rows:
            coming = ahead.submit(_read_page, engine, page.column("sequence")[-1].as_py(), until, size)
            yield page


def _read_page(engine: Engine, after: int, until: int, size: int) -> pa.Table:
    # Of SQLite, instants as they are kept: Arrow reads the text.
    is_text = engine.dialect.name == "sqlite"
    columns = [
        type_coerce(event_log.c[name], String).label(name) if is_text and name in _INSTANTS else event_log.c[name]
        for name in EVENT_SCHEMA.names
    ]
    sequence = event_log.c.sequence
    query = select(*columns).where(sequence > after, sequence <= until).order_by(sequence).limit(size)
    with translated_errors(EventLogUnavailableError, what="the event log"), engine.connect() as connection:
        rows = connection.execute(query).fetchall()
    if not rows:
        return EVENT_SCHEMA.empty_table()
    values = dict(zip(EVENT_SCHEMA.names, zip(*rows, strict=True), strict=True))
    values["payload"] = tuple(map(readable_json, values["payload"]))
    return pa.table([_array(values[field.name], field.type) for field in EVENT_SCHEMA], schema=EVENT_SCHEMA)


def _array(values: tuple[object, ...], type_: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(type_) and isinstance(values[0], str):
        return pa.array(values, pa.string()).cast(type_)
    return pa.array(values, type_)
