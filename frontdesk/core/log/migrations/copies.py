"""Copies of a whole database at one moment, made while others write: a SQLite file, or what pg_dump writes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.progress import ProgressCallback

#: Pages that are copied at a time: a step of some milliseconds.
_PAGES: Final = 2_000


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give the name to write a file under; it takes its own name once it is on disk, and is gone if this raises.

    Only this user may read it. Raises OSError.
    """
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def copy_sqlite(source: Path, target: Path, *, progress: ProgressCallback = lambda _done, _total: None) -> None:
    """Copy a SQLite database to one file, with all that is committed. Raises OSError and sqlite3.Error."""
    with (
        written_whole(target) as partial,
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as origin,
        closing(sqlite3.connect(partial)) as copy,
    ):
        # One transaction from the first page to the last: a copy in steps would begin again at every commit.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        origin.backup(
            copy, pages=_PAGES, progress=lambda _status, remaining, total: progress(total - remaining, total), sleep=0
        )
        copy.execute("PRAGMA journal_mode = DELETE")  # nothing of it in a file beside


def dump_postgresql(connection: Connection, target: Path, *, snapshot: str | None = None) -> None:
    """Write what pg_dump makes of the connection's database, in its custom format; snapshot: an exported one.

    Raises ConfigurationError if there is no pg_dump, EventLogUnavailableError if it fails, OSError.
    """
    program = find_program("pg_dump", connection=connection)
    if program is None:
        raise ConfigurationError(
            "PostgreSQL is copied by its pg_dump, which is neither on PATH nor beside the server:"
            " install the client programs of the server's version, such as postgresql-client"
        )
    with written_whole(target) as partial:
        of_snapshot = [f"--snapshot={snapshot}"] if snapshot else []
        arguments = ["--format=custom", "--schema=public", "--no-owner", "--no-privileges", f"--file={partial}"]
        run_program(program, [*arguments, *of_snapshot], url=connection.engine.url)


def find_program(name: str, *, connection: Connection) -> Path | None:
    """Return a program of PostgreSQL: the server's own, if it runs on this machine, or that on PATH."""
    try:
        with connection.begin_nested():
            folder = connection.exec_driver_sql("SELECT setting FROM pg_config WHERE name = 'BINDIR'").scalar()
    except SQLAlchemyError:
        folder = None  # only a superuser may ask
    if folder and os.access(Path(folder) / name, os.X_OK):
        return Path(folder) / name
    found = shutil.which(name)
    return Path(found) if found else None


def run_program(program: Path, arguments: Sequence[str], *, url: URL) -> None:
    """Run a program of PostgreSQL on a database. Raises EventLogUnavailableError with its last line."""
    address = url.set(drivername="postgresql", password=None).render_as_string()
    # In the environment: who lists the processes reads what a password in the address says.
    environ = {**os.environ, "PGPASSWORD": url.password} if url.password else os.environ
    process = subprocess.run(
        [str(program), *arguments, f"--dbname={address}"], env=environ, capture_output=True, text=True, check=False
    )
    if process.returncode != 0:
        error_lines = process.stderr.strip().splitlines() or [f"status {process.returncode}"]
        raise EventLogUnavailableError(f"{program.name}: {error_lines[-1]}")
