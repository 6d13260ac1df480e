"""Makes a backup while everything runs: a copy of the database as it is at one moment, and the files beside it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.migrations.copies import copy_sqlite, dump_postgresql, find_program, written_whole
from frontdesk.core.log.migrations.revisions import EMPTY, read_revision, recognise
from frontdesk.core.log.postgresql import without_limits
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.backup.archive import (
    DATABASES,
    TENANTS,
    Manifest,
    OnProgress,
    extract_archive,
    write_archive,
)
from frontdesk.domains.operations.backup.contents import check_dump, check_sqlite, count_sqlite
from frontdesk.domains.operations.backup.errors import BackupError

#: What of a home can't be computed again, besides the database.
KEPT_FOLDERS: Final = ("media", "reports")
_NEWEST: Final = "SELECT sequence, event_id FROM event_log ORDER BY sequence DESC LIMIT 1"


def make_backup(settings: Settings, *, target: Path, clock: Clock, progress: OnProgress) -> Manifest:
    """Write a backup to a file, read it again, and return what it holds.

    Everything that was committed before this was called is in it. If it raises, nothing is left behind. Raises
    BackupError, EventLogUnavailableError, ConfigurationError (no pg_dump, a newer database), OSError.
    """
    engine = open_engine(settings.event_log_url)
    file = _file_of(engine)
    if file is not None and not file.exists():
        raise BackupError(f"{file} is not there: nothing is to be backed up; set FRONTDESK_HOME")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # Beside the target: where it has room for the archive, it has some for the copy.
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            manifest, copy = _copy(engine, Path(folder), file=file, clock=clock, progress=progress)
            files = [(DATABASES[manifest.database], copy), *_files_of(settings)]
            with written_whole(target) as partial:
                with partial.open("wb") as archive:
                    manifest = write_archive(archive, manifest, files=files, progress=progress)
                copy.unlink()
                _verify(partial, Path(folder) / "read", engine=engine, progress=progress)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise EventLogUnavailableError(f"the database can't be copied: {error}") from error
    finally:
        engine.dispose()
    return manifest


def program_of(name: str, *, engine: Engine) -> Path:
    """Return a program of PostgreSQL. Raises BackupError if there is none."""
    with engine.connect() as connection:
        program = find_program(name, connection=connection)
    if program is None:
        raise BackupError(
            f"there is no {name}, neither on PATH nor beside the server: install the server's client programs"
        )
    return program


def check_copy(copy: Path, manifest: Manifest, *, engine: Engine, archive: Path) -> None:
    """Raise BackupError if an extracted database is not whole; `engine` is one of its kind."""
    if manifest.database == "sqlite":
        check_sqlite(copy, manifest, archive=archive)
    else:
        check_dump(copy, manifest, program=program_of("pg_restore", engine=engine), archive=archive)


def _verify(archive: Path, folder: Path, *, engine: Engine, progress: OnProgress) -> None:
    folder.mkdir(mode=0o700)
    manifest = extract_archive(archive, folder, progress=progress)
    check_copy(folder / DATABASES[manifest.database], manifest, engine=engine, archive=archive)


def _copy(
    engine: Engine, folder: Path, *, file: Path | None, clock: Clock, progress: OnProgress
) -> tuple[Manifest, Path]:
    if file is None:
        return _dump(engine, folder, clock=clock, progress=progress)
    made_at = clock.now()
    revision = _revision(engine)
    copy = folder / "frontdesk.db"
    copy_sqlite(file, copy, progress=lambda done, total: progress("Copying the database", done, total))
    with closing(sqlite3.connect(copy)) as database:
        manifest = _manifest(
            made_at=made_at,
            database="sqlite",
            database_version=sqlite3.sqlite_version,
            revision=revision,
            newest=database.execute(_NEWEST).fetchone(),
            counts=count_sqlite(database),
        )
    return manifest, copy


def _dump(engine: Engine, folder: Path, *, clock: Clock, progress: OnProgress) -> tuple[Manifest, Path]:
    """Dump PostgreSQL and count its rows in one snapshot."""
    copy = folder / "frontdesk.pgdump"
    revision = _revision(engine)
    progress("Copying the database", 0, 0)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        without_limits(connection)
        made_at = clock.now()
        snapshot = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
        newest = connection.exec_driver_sql(_NEWEST).first()
        manifest = _manifest(
            made_at=made_at,
            database="postgresql",
            database_version=str(connection.exec_driver_sql("SHOW server_version").scalar_one()),
            revision=revision,
            newest=(newest[0], newest[1]) if newest else None,
            counts={name: _count(connection, name) for name in sorted(inspect(connection).get_table_names())},
        )
        dump_postgresql(connection, copy, snapshot=snapshot)
        connection.invalidate()
    return manifest, copy


def _manifest(
    *,
    made_at: datetime,
    database: Literal["sqlite", "postgresql"],
    database_version: str,
    revision: str,
    newest: tuple[int, str] | None,
    counts: dict[str, int],
) -> Manifest:
    sequence, event_id = newest or (0, None)
    return Manifest(
        made_at=made_at,
        frontdesk_version=version("frontdesk"),
        database=database,
        database_version=database_version,
        revision=revision,
        newest_sequence=sequence,
        newest_event_id=event_id,
        counts=counts,
        files={},
    )


def _count(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one())  # noqa: S608 - a name of the database's own


def _revision(engine: Engine) -> str:
    if (noted := read_revision(engine)) is not None:
        return noted
    with engine.connect() as connection:
        found = recognise(connection)
    if found == EMPTY:
        raise BackupError("the database has no tables yet: nothing is to be backed up; set FRONTDESK_HOME")
    return found


def _file_of(engine: Engine) -> Path | None:
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


def _files_of(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Yield what is kept beside the database, by its name in the archive; links are not followed."""
    for name in KEPT_FOLDERS:
        folder = settings.home.absolute() / name
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield f"{name}/{path.relative_to(folder).as_posix()}", path
    for path in sorted(settings.tenants_dir.absolute().glob("*.yaml")):
        yield f"{TENANTS}/{path.name}", path
