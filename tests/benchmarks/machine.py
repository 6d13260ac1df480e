"""Where and of what a benchmark was run."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_UNKNOWN = "unknown"


def describe_commit() -> str:
    """Return the commit's hash, with `-dirty` after it where files were changed since."""
    done = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or _UNKNOWN


def describe_machine() -> str:
    """Return processors, memory, system and Python on one line."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} x {_processor()}, {memory_gb:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def measure_speed() -> float:
    """Return how many seconds Python counts to five million in: a shared host's own speed changes within hours."""
    started_at = time.perf_counter()
    total = 0
    for number in range(5_000_000):
        total += number
    return round(time.perf_counter() - started_at, 2)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or _UNKNOWN
