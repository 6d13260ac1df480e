"""The files that belong to the repository."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Where there is no git (an unpacked archive): what is made here, not kept.
_MADE_HERE = {".venv", "target", "logs", "__pycache__", "dbt_packages"}
_MADE_AT_THE_ROOT = {"data", "build"}


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file of the repository that is there, relative to its root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*") if not _is_made_here(path.relative_to(ROOT))]
    return tuple(name for name in sorted(names) if (ROOT / name).is_file())


def tracked(*suffixes: str) -> list[Path]:
    """The files with these suffixes."""
    return [name for name in tracked_files() if name.suffix in suffixes]


def text_of(name: Path) -> str:
    """A file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def _is_made_here(name: Path) -> bool:
    return name.parts[0] in _MADE_AT_THE_ROOT or any(
        part in _MADE_HERE or part.endswith("_cache") or part == ".git" for part in name.parts
    )
