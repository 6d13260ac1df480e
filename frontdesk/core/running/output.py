"""A process's output: into its own log file, without colours, with a limit on its size."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

_ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_MAX_BYTES = 10_000_000
_KEPT_FILES = 3
_LAST_LINES = 15


class OutputLog:
    """The log file of one process. At 10 MB it becomes <name>.log.1, and so on; three old ones are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("ab")
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def write(self, line: bytes) -> str:
        """Add a line; return it as text."""
        clean = _ANSI.sub(b"", line)
        text = clean.decode("utf-8", "replace").rstrip()
        if self._handle.closed:  # the last words of something that outlived its process
            return text
        self._handle.write(clean)
        self._handle.flush()
        if text:
            self._last.append(text)
        if self._handle.tell() >= _MAX_BYTES:
            self._rotate()
        return text

    def begin(self) -> None:
        """Forget the last lines: a new process writes from now on."""
        self._last.clear()

    def last_lines(self) -> list[str]:
        """Return what the present process said last."""
        return list(self._last)

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def _rotate(self) -> None:
        self._handle.close()
        for number in range(_KEPT_FILES - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))
        self._handle = self.path.open("ab")

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
