"""Attaches the published file for reading, whoever has it open: a client that locks it locks out nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

#: The name can move to a newer file between looking it up and opening it.
_TRIES = 3


def attach_published(connection: duckdb.DuckDBPyConnection, path: Path, *, name: str) -> None:
    """Attach the published file read-only, or the newest of the ring behind it that nobody has locked.

    Raises duckdb.Error where none can be read.
    """
    refusal: duckdb.Error | None = None
    for file in _candidates(path):
        quoted = str(file).replace("'", "''")
        try:
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
            refusal = refusal or error
        else:
            return
    raise refusal or duckdb.IOException(f"{path} does not exist")


def _candidates(path: Path) -> Iterator[Path]:
    """Yield the published file, and then those that it was before, the newest first (publisher.py)."""
    yield from [path] * _TRIES
    files = []
    for file in (path.parent / "published").glob("*.duckdb"):
        try:
            files.append((file.stat().st_mtime_ns, file))
        except FileNotFoundError:
            continue  # it is being replaced
    yield from (file for _, file in sorted(files, reverse=True))
