"""Copies the event log, and what stands beside it, into the warehouse's raw schema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.resources import files

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine, func, select

from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.envelope import RUN_HEADER, Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.schema import rejection_counts, set_aside
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.imports.facts import RESTORED, UNDONE
from frontdesk.domains.imports.undone_runs import CHANGE_ID_PREFIX

_TIMESTAMP = pa.timestamp("us", tz="UTC")
#: The columns of raw.event_log, headers and payload as text.
EVENT_SCHEMA = pa.schema(
    [
        ("sequence", pa.int64()),
        ("event_id", pa.string()),
        ("tenant_id", pa.string()),
        ("source", pa.string()),
        ("source_event_id", pa.string()),
        ("type", pa.string()),
        ("subject_id", pa.string()),
        ("occurred_at", _TIMESTAMP),
        ("received_at", _TIMESTAMP),
        ("correlation_id", pa.string()),
        ("causation_id", pa.string()),
        ("schema_version", pa.int16()),
        ("origin", pa.string()),
        ("content_type", pa.string()),
        ("headers", pa.string()),
        ("payload", pa.string()),
    ]
)
_SET_ASIDE_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("tenant_id", pa.string()),
        ("subject", pa.string()),
        ("step", pa.string()),
        ("reason", pa.string()),
        ("count_times", pa.int64()),
        ("set_aside_at", _TIMESTAMP),
        ("last_seen_at", _TIMESTAMP),
        ("let_in_at", _TIMESTAMP),
    ]
)
#: The columns of events_table as they are kept: parsed as JSON once.
PARSED_EVENTS = "* replace (headers::json as headers, payload::json as payload)"
#: Escapes of JSON, each whole, so that a backslash that is escaped itself begins none.
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
#: Those of characters that no database keeps: NUL, and half a surrogate pair.
_UNKEPT = re.compile(r"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})")
_REPLACEMENT = "\\ufffd"
#: What a warehouse copies from beside the log, which changes in place.
_SIDE_TABLES = ("rejection_counts", "set_aside")

#: The runs of imports that are taken back; as frontdesk/domains/imports/runs.py tells it.
_UNDONE_RUNS = f"""
    select tenant_id, payload ->> '$.run' as run_id
    from raw.event_log
    where
        source = '{FRONTDESK_SOURCE}'
        and type in ('{UNDONE}', '{RESTORED}')
        and starts_with(source_event_id, '{CHANGE_ID_PREFIX}')
    qualify
        row_number() over (partition by tenant_id, (payload ->> '$.run') order by sequence desc) = 1
        and type = '{UNDONE}'
"""


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the raw schema, and note which one it is."""
    connection.execute(_raw_tables_sql())
    connection.execute(f"comment on table raw.built_from is '{_raw_tables_digest()}'")


def has_current_raw_tables(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether the raw schema is there and was made by this version."""
    query = "select comment from duckdb_tables() where schema_name = 'raw' and table_name = 'built_from'"
    return connection.execute(query).fetchone() == (_raw_tables_digest(),)


def _raw_tables_sql() -> str:
    return files("pipelines.ingest").joinpath("raw_tables.sql").read_text(encoding="utf-8")


def _raw_tables_digest() -> str:
    return sha256(_raw_tables_sql().encode()).hexdigest()


def copied_sequence(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the newest sequence that the warehouse has dealt with, 0 when there is none.

    All before it are dealt with too, but for the postponed ones.
    """
    row = connection.execute(
        "select greatest((select max(sequence) from raw.event_log), "
        "(select max(sequence) from raw.quarantined_events))"
    ).fetchone()
    return int(row[0] or 0) if row else 0


def read_postponed(connection: duckdb.DuckDBPyConnection, log: EventLog) -> list[Event]:
    """Return the events before copied_sequence that are still to be copied and modelled, ascending by sequence."""
    rows = connection.execute("select unnest(postponed) from raw.log_position").fetchall()
    events = log.read_at([int(sequence) for (sequence,) in rows])
    return [events[sequence] for sequence in sorted(events)]


def events_table(events: Sequence[Event]) -> pa.Table:
    """Return events in the columns of raw.event_log, headers and payload as text; the raw bytes stay in the log."""
    return pa.table(
        [
            [event.sequence for event in events],
            [event.event_id for event in events],
            [event.tenant_id for event in events],
            [event.source for event in events],
            [event.source_event_id for event in events],
            [event.type for event in events],
            [event.subject_id for event in events],
            [event.occurred_at for event in events],
            [event.received_at for event in events],
            [event.correlation_id for event in events],
            [event.causation_id for event in events],
            [event.schema_version for event in events],
            [event.origin.value for event in events],
            [event.content_type for event in events],
            [orjson.dumps(dict(event.headers)).decode() for event in events],
            [readable_json(event.payload.decode()) for event in events],
        ],
        schema=EVENT_SCHEMA,
    )


def readable_json(text: str) -> str:
    """Return JSON in which NUL and lone surrogates are U+FFFD: as text, no key and no database could hold them."""
    if _UNKEPT.search(text) is None:
        return text
    return _ESCAPE.sub(
        lambda escape: _REPLACEMENT if _UNKEPT.fullmatch(escape[0]) else escape[0],
        text,
    )


def copy_events(connection: duckdb.DuckDBPyConnection, events: pa.Table) -> None:
    """Append events, in the columns of events_table, to raw.event_log."""
    connection.from_arrow(events).project(PARSED_EVENTS).insert_into("raw.event_log")


def copy_page(
    connection: duckdb.DuckDBPyConnection, page: pa.Table, *, log: EventLog, left_out: pa.Array, now: datetime
) -> None:
    """Append a page of the log to raw.event_log, but for sequences that are left out; set aside what can't be."""
    if len(left_out):
        page = page.filter(pc.invert(pc.is_in(page.column("sequence"), value_set=left_out)))
    try:
        copy_events(connection, page)
    except Exception as error:
        if is_of_machine(error):
            raise
        events = log.read_at(page.column("sequence").to_pylist())
        copy_or_quarantine(connection, list(events.values()), now=now)


def copy_or_quarantine(connection: duckdb.DuckDBPyConnection, events: Sequence[Event], *, now: datetime) -> None:
    """Append events to raw.event_log; set aside those that DuckDB can't take in."""
    try:
        copy_events(connection, events_table(events))
    except Exception as error:
        if is_of_machine(error):
            raise
        if len(events) == 1:
            quarantine_event(connection, events[0], reason=str(error), now=now)
            return
        half = len(events) // 2
        for part in (events[:half], events[half:]):
            copy_or_quarantine(connection, part, now=now)


def quarantine_event(connection: duckdb.DuckDBPyConnection, event: Event, *, reason: str, now: datetime) -> None:
    """Note an event that is left out of the models, and why. It stays in the log."""
    connection.execute("delete from raw.quarantined_events where sequence = ?", [event.sequence])
    _insert(
        connection,
        "raw.quarantined_events",
        [(event.sequence, event.event_id, event.tenant_id, event.source, event.type, reason, now)],
    )


def note_undone_events(connection: duckdb.DuckDBPyConnection) -> None:
    """Note which of the copied events belong to a run of an import that is taken back."""
    connection.execute("delete from raw.undone_events")
    connection.execute(
        f"""
        insert into raw.undone_events
        select events.sequence
        from raw.event_log as events
        inner join ({_UNDONE_RUNS}) as undone
            on
                events.tenant_id = undone.tenant_id
                and (events.headers ->> '$."{RUN_HEADER}"') = undone.run_id
        """
    )


def read_undone_runs(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the runs of imports that are taken back, as far as the log is copied."""
    return frozenset(str(row[1]) for row in connection.execute(_UNDONE_RUNS).fetchall())


def ask_for_build(events: Sequence[Event], *, undone_runs: frozenset[str]) -> bool:
    """Tell whether events change what older ones count for: a run of an import is taken back, or restored.

    So does an event of a run that is taken back already: it must not be modelled.
    """
    return any(event.type in (UNDONE, RESTORED) or event.headers.get(RUN_HEADER) in undone_runs for event in events)


def read_quarantine(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the events that are set aside, in the columns of raw.quarantined_events."""
    return connection.execute("select * from raw.quarantined_events").arrow().read_all()


def replace_quarantine(connection: duckdb.DuckDBPyConnection, quarantine: pa.Table) -> None:
    """Set the events aside that another warehouse has set aside."""
    connection.execute("delete from raw.quarantined_events")
    connection.register("quarantine", quarantine)
    connection.execute("insert into raw.quarantined_events by name select * from quarantine")
    connection.unregister("quarantine")


def set_log_position(
    connection: duckdb.DuckDBPyConnection, *, log_sequence: int, copied_at: datetime, postponed: Sequence[int] = ()
) -> None:
    """Note the newest sequence of the log at `copied_at` (UTC), and which ones wait for a later batch."""
    connection.execute("delete from raw.log_position")
    connection.execute("insert into raw.log_position values (?, ?, ?)", [log_sequence, copied_at, list(postponed)])


def count_copied_after(connection: duckdb.DuckDBPyConnection, sequence: int) -> int:
    """Return how many events after a sequence were copied; sequences have gaps."""
    row = connection.execute("select count(*) from raw.event_log where sequence > ?", [sequence]).fetchone()
    return int(row[0]) if row else 0


def replace_rejection_counts(connection: duckdb.DuckDBPyConnection, engine: Engine) -> None:
    """Copy the counts of refused deliveries; they are few and change in place."""
    with engine.connect() as source:
        rows = [tuple(row) for row in source.execute(select(rejection_counts))]
    connection.execute("delete from raw.rejection_counts")
    _insert(connection, "raw.rejection_counts", rows)


def replace_set_aside(connection: duckdb.DuckDBPyConnection, engine: Engine) -> None:
    """Copy what is, and was, set aside: see frontdesk/core/log/set_aside.py."""
    rows = _read_set_aside(engine)
    connection.execute("delete from raw.set_aside")
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.from_arrow(pa.table(columns, schema=_SET_ASIDE_SCHEMA)).insert_into("raw.set_aside")


def set_aside_state(engine: Engine) -> tuple[object, ...]:
    """Return what is another once anything is set aside or let in: cheaper to look at than all of it."""
    columns = set_aside.c
    query = select(
        func.count(), func.sum(columns.count_times), func.count(columns.let_in_at), func.max(columns.last_seen_at)
    )
    with engine.connect() as source:
        return tuple(source.execute(query).one())


def knows_set_aside(connection: duckdb.DuckDBPyConnection, engine: Engine) -> bool:
    """Tell whether the warehouse has what is set aside as it stands."""
    query = "select kind, tenant_id, subject, count_times, let_in_at is null from raw.set_aside"
    known = sorted(connection.execute(query).fetchall())
    return known == sorted((*row[:3], row[5], row[8] is None) for row in _read_set_aside(engine))


def _read_set_aside(engine: Engine) -> list[tuple[object, ...]]:
    columns = set_aside.c
    query = select(
        columns.kind,
        columns.tenant_id,
        columns.subject,
        columns.step,
        columns.reason,
        columns.count_times,
        columns.set_aside_at,
        columns.last_seen_at,
        columns.let_in_at,
    )
    with engine.connect() as source:
        return [tuple(row) for row in source.execute(query)]


def read_side_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """Return what a warehouse has copied from beside the log: it changes in place."""
    return {name: connection.execute(f"select * from raw.{name}").arrow().read_all() for name in _SIDE_TABLES}


def put_side_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Take over what another warehouse has copied from beside the log."""
    for name, rows in tables.items():
        connection.execute(f"delete from raw.{name}")
        connection.register("side_table", rows)
        connection.execute(f"insert into raw.{name} by name from side_table")
        connection.unregister("side_table")


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"insert into {table} values ({marks})", [list(row) for row in rows])
