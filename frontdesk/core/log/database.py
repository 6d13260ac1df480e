"""Opens the operational database: engine, pragmas, and its tables at the revision that this version works with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database_errors import reason_of
from frontdesk.core.log.database_file import DatabaseFile
from frontdesk.core.log.migrations.revisions import newest_revision, read_revision
from frontdesk.core.log.schema import write_probes

_BUSY_TIMEOUT_S = 5.0
#: As much as a large delivery: an empty row may still fit where nothing else does.
_PROBE_BYTES = 16_384
_BEGIN = "frontdesk_sqlite_begin"
#: Execution option of SQLite's engines: threads that write take turns by this lock. SQLite itself lets those that
#: find the file locked sleep for ever longer before they look again.
_TURNS = "frontdesk_sqlite_turns"
#: Execution option for transactions that read before they write: on SQLite they take the write lock at once, since
#: another's commit in between would make their own fail.
WRITES_AFTER_READING = {_BEGIN: "BEGIN IMMEDIATE"}


def open_engine(url: str) -> Engine:
    """Return an engine for the URL (SQLite or PostgreSQL); nothing is opened yet.

    Nothing waits for ever: SQLite for its lock some seconds, PostgreSQL as postgresql.py says. A SQLite file
    that is deleted or replaced is not written to; see frontdesk/core/log/database_file.py.
    SQLite runs in WAL with synchronous=FULL, so a commit that returned is on disk; measured 5,700 commits/s
    singly and more than 11,000 rows/s in groups of ten on two cores. Raises ConfigurationError for no such URL.
    """
    is_sqlite = url.startswith("sqlite")
    try:
        engine = create_engine(
            url,
            pool_pre_ping=not is_sqlite,
            # The connection given back last has the newest pages and prepared statements in its memory.
            pool_use_lifo=True,
            execution_options={_TURNS: threading.RLock()} if is_sqlite else {},
            connect_args={} if is_sqlite else _postgresql().connect_arguments(),
        )
    except (ArgumentError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"FRONTDESK_DATABASE_URL: {error}; write one such as postgresql+psycopg://user@host/frontdesk"
        ) from error
    if engine.dialect.name == "sqlite":
        database = make_url(url).database
        if database:
            path = Path(database)
            path.parent.mkdir(parents=True, exist_ok=True)
            DatabaseFile(path).guard(engine)
        event.listen(engine, "connect", _set_sqlite_pragmas)
        event.listen(engine, "begin", _begin)
    elif engine.dialect.name == "postgresql":
        _postgresql().limit_waits(engine)
    return engine


def open_existing(url: str) -> Engine | None:
    """Return an engine for reading, None for a SQLite file that is not there: opening it would make a home.

    Raises ConfigurationError for no such URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        return open_engine(url)  # which says how it is written
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        return None
    return open_engine(url)


def open_database(url: str, *, backups: Path | None = None) -> Engine:
    """Return an engine whose tables are at the newest revision; see create_tables, which raises what this does."""
    engine = open_engine(url)
    try:
        create_tables(engine, backups=backups)
    except BaseException:
        engine.dispose()
        raise
    return engine


def create_tables(engine: Engine, *, backups: Path | None = None) -> None:
    """Create the tables, or bring those of an older version to today's; several processes may do so at once.

    What an old home holds is copied to the folder `backups` first; None: `backups` beside the SQLite file. If all
    is of today it only reads one row, so that it waits for nobody who writes. Raises EventLogUnavailableError if
    the database can't be read, or has to be written and can't be; ConfigurationError if it is of a newer version,
    or of none that can be upgraded.
    """
    try:
        if read_revision(engine) == newest_revision():
            return
        # Takes a tenth of a second to import, and is needed once in the life of a version.
        upgrade = import_module("frontdesk.core.log.migrations.upgrading").upgrade
        with _migrating(engine) as connection:
            upgrade(connection, backups=backups)
    except SQLAlchemyError as error:
        raise EventLogUnavailableError(f"can't open the operational database: {reason_of(error)}") from error


def check_not_newer(engine: Engine) -> None:
    """Raise ConfigurationError for a database that a newer version has opened; nothing if it is away."""
    with suppress(SQLAlchemyError):
        read_revision(engine)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Open the transaction in which tables change: one process at a time, without limits on how long it takes."""
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        # A table that is made anew is dropped first: its children are looked at when all is done.
        driver = connection.connection.driver_connection
        if is_sqlite and driver is not None:
            driver.execute("PRAGMA foreign_keys = OFF")
        turns = engine.get_execution_options().get(_TURNS) or nullcontext()
        try:
            with turns, connection.execution_options(**WRITES_AFTER_READING).begin():
                if not is_sqlite:
                    connection.exec_driver_sql(
                        "SELECT pg_advisory_xact_lock(hashtextextended('frontdesk.schema', 0))"
                    )
                    _postgresql().without_limits(connection)
                yield connection
        finally:
            # What was set for this is not for others.
            if is_sqlite and driver is not None:
                driver.execute("PRAGMA foreign_keys = ON")
            else:
                connection.invalidate()


def has_tables(engine: Engine) -> bool:
    """Tell whether the tables are there. Raises EventLogUnavailableError if the database can't be read."""
    try:
        return inspect(engine).has_table("event_log")
    except SQLAlchemyError as error:
        raise EventLogUnavailableError(f"can't read the operational database: {reason_of(error)}") from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open one durable transaction for steps that read and write; it is on disk when the block ends.

    Several stores of the one database can take part in it: Outbox.within, EventLog.append_within. What the block
    raises rolls it back. Raises SQLAlchemyError if it can't be opened or committed.
    """
    turns = engine.get_execution_options().get(_TURNS) or nullcontext()
    with turns, engine.execution_options(**WRITES_AFTER_READING).begin() as connection:
        yield connection


def check_writable(engine: Engine) -> None:
    """Return if a row could be written to disk just now; it is not left behind.

    Raises EventLogUnavailableError if the disk is full, the file read-only, the database away or locked.
    """
    try:
        with engine.begin() as connection:
            connection.execute(insert(write_probes), {"filler": bytes(_PROBE_BYTES)})
            connection.execute(delete(write_probes))
    except SQLAlchemyError as error:
        raise EventLogUnavailableError(f"the operational database can't be written: {reason_of(error)}") from error


def _postgresql() -> ModuleType:
    """Return what is PostgreSQL's alone: its driver holds 15 MB of every process that loads it."""
    return import_module("frontdesk.core.log.postgresql")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _set_sqlite_pragmas(connection: Any, _record: Any) -> None:
    # BEGIN is ours (see open_engine): the driver's own would not cover reads and DDL.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_S * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Without it INSERT OR REPLACE deletes the old row past the trigger that refuses deletes.
    cursor.execute("PRAGMA recursive_triggers = ON")
    cursor.close()
