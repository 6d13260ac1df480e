"""What runs in a home: one `frontdesk up` at a time, and what an earlier one left behind when it was killed."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from frontdesk.core.errors import ConfigurationError

_GRACE_S = 10.0
_POLL_S = 0.05
#: In what follows name and state in /proc/<pid>/stat, see proc(5).
_START_TIME_FIELD = 18
_ZOMBIE = "Z"


class RunFiles:
    """The folder home/run: a lock, and one file per running process."""

    def __init__(self, home: Path) -> None:
        self._folder = home.absolute() / "run"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home. Raises ConfigurationError if another `frontdesk up` holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "up.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise ConfigurationError(
                    f"frontdesk is up already in {self._folder.parent} (process {holder});"
                    " stop it, or set FRONTDESK_HOME to another folder"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def up_since(self) -> datetime | None:
        """Return since when a `frontdesk up` holds the home (UTC), None if none does."""
        try:
            with (self._folder / "up.lock").open("r+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return datetime.fromtimestamp(os.fstat(lock.fileno()).st_mtime, tz=UTC)
        except FileNotFoundError:
            return None
        return None

    def add(self, name: str, pid: int) -> None:
        """Note a process that was started."""
        if started := _start_time(pid):
            self._file(name).write_text(f"{pid} {started}", encoding="ascii")

    def remove(self, name: str) -> None:
        """Forget a process that has ended."""
        self._file(name).unlink(missing_ok=True)

    def stop_leftovers(self) -> list[str]:
        """End the processes that a killed `frontdesk up` left running; return their names."""
        stopped: list[str] = []
        for file in sorted(self._folder.glob("*.pid")):
            pid, _, started = file.read_text(encoding="ascii").partition(" ")
            # The start time tells our process from another one that was given its number later.
            if pid.isdecimal() and started and _start_time(int(pid)) == started:
                _end_group(int(pid))
                stopped.append(file.stem)
            file.unlink(missing_ok=True)
        return stopped

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.pid"


def _start_time(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; empty if it has ended or the system can't tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == _ZOMBIE else fields[_START_TIME_FIELD]


def _end_group(group: int) -> None:
    """End a process as we would have, then whatever of its group is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _GRACE_S
        while _start_time(group) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
