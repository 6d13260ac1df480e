"""Who may write the warehouse: one holder at a time across processes, and a holder that yields when asked.

DuckDB lets one process open a file for writing. The live path holds the file for hours and must give way to a
build; a build holds it for as long as it needs. Two advisory file locks (flock) make that fair: whoever waits
takes the turnstile first, so the holder can see that somebody waits.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WriterLock:
    """The right to open one warehouse file for writing. The kernel releases it when the holder dies."""

    def __init__(self, warehouse_path: Path) -> None:
        self._lock_path = warehouse_path.with_suffix(".lock")
        self._turnstile_path = warehouse_path.with_suffix(".turnstile")
        self._held: int | None = None

    def acquire(self) -> None:
        """Wait for the right, however long the present holder needs."""
        with _locked(self._turnstile_path):
            descriptor = _open(self._lock_path)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._held = descriptor

    def release(self) -> None:
        """Give the right back; nothing happens if it is not held."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def somebody_waits(self) -> bool:
        """Tell whether another process or thread waits for the right."""
        return _is_locked(self._turnstile_path)

    def is_held_elsewhere(self) -> bool:
        """Tell whether another holder has the right now."""
        return self._held is None and _is_locked(self._lock_path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the right for a block."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_locked(path: Path) -> bool:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
