"""What a copy of the database holds: rows of each table, and the newest event."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from frontdesk.domains.operations.backup.archive import Manifest
from frontdesk.domains.operations.backup.errors import BackupError


def check_sqlite(file: Path, manifest: Manifest, *, archive: Path) -> None:
    """Raise BackupError if a copy is not whole, or holds other rows than the manifest says."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            [state] = copy.execute("PRAGMA integrity_check(1)").fetchone()
            counts = count_sqlite(copy)
            newest = copy.execute("SELECT coalesce(max(sequence), 0) FROM event_log").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupError(f"{archive}: its database can't be read: {error}; take another backup") from error
    if state != "ok":
        raise BackupError(f"{archive}: its database is damaged: {state}; take another backup")
    _compare(counts, manifest, archive=archive)
    if newest != manifest.newest_sequence:
        raise BackupError(f"{archive}: its newest event is {newest}, not {manifest.newest_sequence}; take another")


def check_dump(file: Path, manifest: Manifest, *, program: Path, archive: Path) -> None:
    """Raise BackupError if a dump of PostgreSQL can't be read to its end, or holds other rows than it should."""
    arguments = [str(program), "--data-only", "--file=-", str(file)]
    counts: dict[str, int] = {}
    table = None
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        for line in reading.stdout or ():
            if table is None and line.startswith(b"COPY "):
                table = line.split()[1].decode().rpartition(".")[2].strip('"')
                counts[table] = 0
            elif line == b"\\.\n":
                table = None
            elif table is not None:
                counts[table] += 1
        error_text = reading.stderr.read().decode(errors="replace").strip() if reading.stderr else ""
    if reading.returncode != 0:
        raise BackupError(
            f"{archive}: its database can't be read: {error_text.splitlines()[-1:]}; take another backup"
        )
    _compare(counts, manifest, archive=archive)


def count_sqlite(database: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has. Raises sqlite3.Error."""
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return {
        name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - a name of the database's own
        for (name,) in names.fetchall()
    }


def _compare(counts: dict[str, int], manifest: Manifest, *, archive: Path) -> None:
    for name in sorted(counts.keys() | manifest.counts.keys()):
        if counts.get(name) != manifest.counts.get(name):
            raise BackupError(
                f"{archive}: table {name} has {counts.get(name)} rows instead of {manifest.counts.get(name)};"
                " take another backup"
            )
