"""Keeps what every home of one version begins with: the compiled project, and a warehouse of an empty log.

Compiling and building take 50 s of CPU; taking both from here, 1 s. A file is kept under a digest of all that decides
its content, so that one of another version is never taken.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

_logger = logging.getLogger(__name__)
#: Versions whose files are kept: those of a few businesses' folders, and of the version before.
_KEPT = 8


class StartCache:
    """Files in one folder, by digest and name. Safe to use from several processes: files come whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, digest: str, name: str, *, to: Path) -> bool:
        """Copy a file that is kept to a place; False if it is not kept."""
        kept = self._folder / digest / name
        if not kept.exists():
            return False
        to.parent.mkdir(parents=True, exist_ok=True)
        coming = to.with_name(f"{to.name}.{os.getpid()}")
        try:
            shutil.copyfile(kept, coming)
        except FileNotFoundError:  # forgotten just now
            return False
        coming.replace(to)
        os.utime(kept.parent)
        return True

    def keep(self, digest: str, name: str, *, file: Path) -> None:
        """Keep a file. A folder that can't be written is told of, and nothing else: the next home takes its time."""
        kept = self._folder / digest / name
        try:
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            coming = kept.with_name(f"{name}.{os.getpid()}")
            shutil.copyfile(file, coming)
            coming.replace(kept)
            self._forget_old()
        except OSError as error:
            _logger.warning("nothing is kept for the next start: %s", error)

    def _forget_old(self) -> None:
        folders = sorted(self._folder.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
        for folder in folders[_KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)
