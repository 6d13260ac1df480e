"""Which core a process runs on: server and client of a measurement never share one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_CORE, CLIENT_CORE = 0, 1


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Processes started in the block run on this core alone; on any with None, and where the machine has fewer."""
    before = os.sched_getaffinity(0)
    if core in before:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(process_id: int) -> float:
    """Return the processor time that a process has used so far, in seconds."""
    # /proc/<pid>/stat: the name in brackets may hold blanks; user and system time are fields 14 and 15.
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
