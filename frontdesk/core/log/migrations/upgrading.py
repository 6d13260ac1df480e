"""Brings a database to the newest revision, in the caller's transaction, after a backup of what it holds."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.migrations.copies import copy_sqlite, dump_postgresql, find_program
from frontdesk.core.log.migrations.revisions import (
    EMPTY,
    FOLDER,
    VERSION_TABLE,
    newest_revision,
    noted_revision,
    recognise,
)

_logger = logging.getLogger(__name__)

#: Attribute of a log record that holds its named values.
_FIELDS = "frontdesk_fields"


class Upgraded(NamedTuple):
    """What an upgrade did."""

    before: str  #: the revision it began with; revisions.EMPTY where nothing was there
    after: str
    backup: Path | None  #: None where nothing was there, or PostgreSQL has no pg_dump here


def upgrade(connection: Connection, *, backups: Path | None) -> Upgraded:
    """Bring a database to the newest revision; what it holds is copied into the folder `backups` first.

    The connection's transaction holds the lock under which nobody else migrates. None for backups: beside the
    SQLite file, and none of PostgreSQL.
    Raises ConfigurationError if the database is not one that this version can upgrade, EventLogUnavailableError
    if the backup can't be written, SQLAlchemyError if a version fails: then nothing is changed.
    """
    has_note = inspect(connection).has_table(VERSION_TABLE)
    noted = noted_revision(connection) if has_note else None
    before = noted or recognise(connection)
    newest = newest_revision()
    if noted == newest:
        return Upgraded(noted, noted, None)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    is_old = before not in (EMPTY, newest)
    backup = _back_up(connection, backups=backups, revision=before) if is_old else None
    if noted is None and before != EMPTY:
        command.stamp(config, before)
    if before != newest:
        command.upgrade(config, newest)
    if connection.dialect.name == "sqlite":
        _check_references(connection)
    if before != EMPTY:
        _logger.info("the database is upgraded", extra={_FIELDS: {"before": before, "after": newest}})
    return Upgraded(before, newest, backup)


def _back_up(connection: Connection, *, backups: Path | None, revision: str) -> Path | None:
    """Copy the database into the folder; return the file, None if it has to be made by hand."""
    is_sqlite = connection.dialect.name == "sqlite"
    database = connection.engine.url.database or ""
    if is_sqlite and database in ("", ":memory:"):
        return None
    folder = backups or (Path(database).parent / "backups" if is_sqlite else None)
    if folder is None or not (is_sqlite or find_program("pg_dump", connection=connection)):
        _logger.warning(
            "no backup is made before this upgrade of PostgreSQL, since there is no pg_dump here;"
            " `frontdesk backup` makes one where there is"
        )
        return None
    suffix = "db" if is_sqlite else "pgdump"
    target = folder / f"before-upgrade-from-{revision}-{SystemClock().now():%Y-%m-%dT%H%M%SZ}.{suffix}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_sqlite:
            copy_sqlite(Path(database), target)
        else:
            dump_postgresql(connection, target)
    except (OSError, sqlite3.Error, EventLogUnavailableError) as error:
        raise EventLogUnavailableError(
            f"the backup before the upgrade can't be written to {target}: {error}; nothing was changed"
        ) from error
    _logger.info("a backup is made before the upgrade", extra={_FIELDS: {"file": str(target)}})
    return target


def _check_references(connection: Connection) -> None:
    """Raise sqlite3.IntegrityError if a version left a row whose parent is gone: they run without that check."""
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise sqlite3.IntegrityError(f"a migration leaves table {broken[0]} with a row that refers to nothing")


def describe() -> dict[str, str]:
    """Return what each revision brings, by its number."""
    script = ScriptDirectory(str(FOLDER))
    return {each.revision: each.doc.partition("\n")[0] for each in script.walk_revisions()}
