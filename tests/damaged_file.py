"""Damages a DuckDB file as a disk does that fails: it opens, and its tables can't be read."""

from __future__ import annotations

from pathlib import Path

import duckdb

_HEADERS_BYTES, _BLOCK_BYTES = 3 * 4_096, 262_144


def damage(path: Path) -> None:
    """Overwrite a piece of every block of a file but those that it is opened by."""
    content = path.read_bytes()
    tried = path.with_name(f"{path.name}.tried")
    for at in range(_HEADERS_BYTES, len(content), _BLOCK_BYTES):
        changed = content[: at + 64] + bytes(512) + content[at + 576 :]
        tried.write_bytes(changed)
        try:
            duckdb.connect(str(tried), read_only=True).close()
        except duckdb.Error:
            continue  # it is needed to open it
        content = changed
    tried.unlink()
    path.unlink()
    path.write_bytes(content)
