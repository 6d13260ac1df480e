"""Brings a backup back, with everything that is due held until a person releases it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import create_tables, open_engine, writing
from frontdesk.core.log.migrations.copies import run_program
from frontdesk.core.log.migrations.revisions import known_revisions, newest_revision
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.backup.archive import DATABASES, TENANTS, Manifest, OnProgress, extract_archive
from frontdesk.domains.operations.backup.backup import KEPT_FOLDERS, check_copy, program_of
from frontdesk.domains.operations.backup.errors import BackupError
from frontdesk.domains.sending.outbox import holds
from frontdesk.domains.sending.outbox.holds import HoldScope

#: What stays in the home while the rest is moved aside: the lock that is held, and the backups.
_STAYS: Final = frozenset({"run", "backups"})
#: Begins the names of what earlier restores moved aside.
_ASIDE: Final = "before-restore-"
_EVERYTHING: Final = HoldScope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    reason: str  #: of the hold
    moved_to: Path | None  #: where the files that were there are now
    schema_moved_to: str | None  #: the same of PostgreSQL's tables
    other_tenants: Path | None  #: businesses' files of the backup that differ from those in use


def restore_backup(
    settings: Settings, *, archive: Path, is_replacing: bool, held_by: str, clock: Clock, progress: OnProgress
) -> Restored:
    """Restore a backup to the settings' home and database; the archive is verified before anything is touched.

    The database is brought to today's revision and everything in its outbox is held before it takes its place. What
    is computed (warehouse, published file) is not restored: it is made anew from the log. is_replacing: what is there
    is moved aside first; without it only an empty place is restored to. Raises BackupError, ConfigurationError if
    the home is up, EventLogUnavailableError, OSError.
    """
    home = settings.home.absolute()
    if not archive.is_file():
        raise BackupError(f"{archive} is not there")
    home.parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.event_log_url) if settings.database_url else None
    with tempfile.TemporaryDirectory(prefix=f".{home.name}-restoring-", dir=home.parent) as folder:
        stage = Path(folder)
        try:
            return _restore(
                settings,
                engine,
                archive=archive,
                stage=stage,
                is_replacing=is_replacing,
                held_by=held_by,
                clock=clock,
                progress=progress,
            )
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise EventLogUnavailableError(f"the database can't be restored: {error}") from error
        finally:
            if engine is not None:
                engine.dispose()


def _restore(
    settings: Settings,
    engine: Engine | None,
    *,
    archive: Path,
    stage: Path,
    is_replacing: bool,
    held_by: str,
    clock: Clock,
    progress: OnProgress,
) -> Restored:
    home = settings.home.absolute()
    is_server = engine is not None and engine.dialect.name == "postgresql"
    target = Path(engine.url.database or "") if engine is not None and not is_server else home / "frontdesk.db"
    manifest = extract_archive(archive, stage, progress=progress)
    _check_fits(manifest, is_server=is_server, archive=archive)
    copy = stage / DATABASES[manifest.database]
    check_copy(copy, manifest, engine=engine or open_engine(f"sqlite:///{copy}"), archive=archive)
    reason = f"restored from the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC; what went out since is not known"
    run_files = RunFiles(home)
    _check_free(home, target=None if is_server else target, engine=engine, is_replacing=is_replacing)
    with run_files.locked():
        aside = home / f"{_ASIDE}{clock.now():%Y-%m-%dT%H%M%SZ}"
        schema = None
        if engine is not None and is_server:
            schema = _move_schema_aside(engine, name=aside.name.replace("-", "_").lower())
            program = program_of("pg_restore", engine=engine)
            arguments = ["--schema=public", "--no-owner", "--single-transaction", "--exit-on-error", str(copy)]
            run_program(program, arguments, url=engine.url)
            _hold_everything(engine, reason=reason, held_by=held_by, clock=clock)
            create_tables(engine)
        else:
            staged = open_engine(f"sqlite:///{copy}")
            create_tables(staged, backups=stage / "copies")
            _hold_everything(staged, reason=reason, held_by=held_by, clock=clock)
            staged.dispose()  # the last connection puts the write-ahead log into the file
        moved = _move_aside(home, target=None if is_server else target, aside=aside)
        _put(stage, home=home, target=None if is_server else target, copy=copy)
        other = _put_tenants(stage / TENANTS, settings=settings, home=home, aside=aside, is_replacing=is_replacing)
    return Restored(
        manifest=manifest,
        reason=reason,
        moved_to=aside if moved or aside.exists() else None,
        schema_moved_to=schema,
        other_tenants=other,
    )


def _check_fits(manifest: Manifest, *, is_server: bool, archive: Path) -> None:
    database_kind = "postgresql" if is_server else "sqlite"
    if manifest.database != database_kind:
        raise BackupError(
            f"{archive} is of {manifest.database}, and FRONTDESK_DATABASE_URL leads to {database_kind};"
            " restore to a database of the same kind"
        )
    if manifest.revision not in known_revisions():
        raise BackupError(
            f"{archive} is at revision {manifest.revision}, and this version of Frontdesk knows up to"
            f" {newest_revision()}: restore it with version {manifest.frontdesk_version} or newer"
        )


def _check_free(home: Path, *, target: Path | None, engine: Engine | None, is_replacing: bool) -> None:
    """Raise BackupError if somebody uses the place, or something is there that is not to be replaced."""
    if RunFiles(home).up_since() is not None:
        raise BackupError(f"frontdesk is up in {home}; stop it first")
    if target is None and engine is not None:
        _check_server(engine, is_replacing=is_replacing)
    elif target is not None and target.exists():
        _check_unused(target)
    occupied = [*_occupants(home)]
    if target is not None and target.exists():
        occupied.append(target)
    if occupied and not is_replacing:
        raise BackupError(
            f"{home} is not empty: {occupied[0].name} is there; give --replace, which moves what is there aside,"
            " or another --home"
        )


def _check_server(engine: Engine, *, is_replacing: bool) -> None:
    with engine.connect() as connection:
        others: int = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).scalar_one()
        has_tables = bool(inspect(connection).get_table_names())
    if others:
        raise BackupError(f"{others} connections to the database are open; stop what uses it first")
    if has_tables and not is_replacing:
        raise BackupError("the database is not empty; give --replace, which moves its schema aside, or another one")


def _check_unused(file: Path) -> None:
    """Raise BackupError if a process has a SQLite file open: it would go on in the file that is moved aside."""
    try:
        with closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as database:
            # In exclusive mode a file with a write-ahead log is opened by one process or none.
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupError(f"{file} is in use by another process; stop Frontdesk first") from error
    except sqlite3.DatabaseError:
        return  # damaged: it is moved aside as it is


def _hold_everything(engine: Engine, *, reason: str, held_by: str, clock: Clock) -> None:
    with writing(engine) as connection:
        now = clock.now()
        known = [hold.reason for hold in holds.read_holds(connection) if hold.scope == _EVERYTHING]
        if known:
            holds.lift_hold(connection, _EVERYTHING, released_by=held_by, now=now)
        # A hold that was in force is told with ours: releasing this one releases both.
        reasons = "; ".join([reason, *(f"held before: {each}" for each in known)])
        holds.place_hold(connection, _EVERYTHING, reason=reasons, held_by=held_by, now=now)


def _move_schema_aside(engine: Engine, *, name: str) -> str | None:
    """Give the tables that are there another schema's name; None if there are none."""
    with writing(engine) as connection:
        if not inspect(connection).get_table_names():
            return None
        connection.exec_driver_sql(f'ALTER SCHEMA public RENAME TO "{name}"')
        connection.exec_driver_sql("CREATE SCHEMA public")
    return name


def _occupants(home: Path) -> list[Path]:
    """Return what a restore would replace."""
    found = sorted(home.iterdir()) if home.is_dir() else []
    return [path for path in found if path.name not in _STAYS and not path.name.startswith(_ASIDE)]


def _move_aside(home: Path, *, target: Path | None, aside: Path) -> bool:
    moving = _occupants(home)
    if target is not None and target.parent != home:
        moving += sorted(target.parent.glob(f"{target.name}*"))
    for path in moving:
        aside.mkdir(mode=0o700, exist_ok=True)
        shutil.move(path, aside / path.name)
    return bool(moving)


def _put(stage: Path, *, home: Path, target: Path | None, copy: Path) -> None:
    for name in KEPT_FOLDERS:
        if (stage / name).is_dir():
            shutil.move(stage / name, home / name)
    if target is not None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Last: a home without its database is an empty one, and is restored to again.
        shutil.move(copy, target)


def _put_tenants(stage: Path, *, settings: Settings, home: Path, aside: Path, is_replacing: bool) -> Path | None:
    """Put the businesses' files where they are missing; where they differ the ones in use stay, or are moved aside.

    Returns the folder of the backup's files that are not in use.
    """
    if not stage.is_dir():
        return None
    other = home / "tenants-of-backup"
    for file in sorted(stage.iterdir()):
        used = settings.tenants_dir.absolute() / file.name
        if used.exists() and used.read_bytes() != file.read_bytes():
            if not is_replacing:
                other.mkdir(mode=0o700, exist_ok=True)
                shutil.move(file, other / file.name)
                continue
            (aside / TENANTS).mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(used, aside / TENANTS / file.name)
        if not used.exists():
            used.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, used)
    with suppress(OSError):
        other.rmdir()  # stays where something is in it
    return other if other.exists() else None
