"""What the processes of a running `frontdesk up` hold and use, each by its part's name, as Linux tells it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: In what follows name and state in /proc/<pid>/stat, see proc(5).
_PARENT_FIELD, _TIME_FIELDS = 1, slice(11, 15)
SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUse:
    """One part with all that it started."""

    pss_mb: float  #: its own memory, and its share of what it shares with others
    rss_mb: float
    cpu_s: float  #: since it began, with what has ended of what it started


def read_uses(supervisor: int, *, home: Path) -> dict[str, ProcessUse]:
    """Return what each part of a `frontdesk up` holds and has used until now, by its name."""
    parents = _read_parents()
    names = {supervisor: SUPERVISOR, **_read_part_names(home)}
    uses: dict[str, ProcessUse] = {}
    for pid in parents:
        name = _find_name(pid, parents=parents, names=names)
        if name is not None and (use := _read_use(pid)) is not None:
            before = uses.get(name)
            uses[name] = _add(before, use) if before else use
    return uses


def _read_parents() -> dict[int, int]:
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (fields := _read_stat(int(folder.name))):
            parents[int(folder.name)] = int(fields[_PARENT_FIELD])
    return parents


def _read_part_names(home: Path) -> dict[int, str]:
    """Return the parts by the id of their process, as `frontdesk up` notes them."""
    files = (home / "run").glob("*.pid")
    return {int(file.read_text(encoding="ascii").partition(" ")[0]): file.stem for file in files}


def _find_name(pid: int, *, parents: Mapping[int, int], names: Mapping[int, str]) -> str | None:
    while pid not in names:
        if pid not in parents:
            return None
        pid = parents[pid]
    return names[pid]


def _read_use(pid: int) -> ProcessUse | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None  # it has ended
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    ticks = sum(map(int, _read_stat(pid)[_TIME_FIELDS]))
    return ProcessUse(pss_mb=sizes["Pss"] / 1024, rss_mb=sizes["Rss"] / 1024, cpu_s=ticks / os.sysconf("SC_CLK_TCK"))


def _read_stat(pid: int) -> list[str]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()


def _add(one: ProcessUse, other: ProcessUse) -> ProcessUse:
    return ProcessUse(
        pss_mb=one.pss_mb + other.pss_mb, rss_mb=one.rss_mb + other.rss_mb, cpu_s=one.cpu_s + other.cpu_s
    )
