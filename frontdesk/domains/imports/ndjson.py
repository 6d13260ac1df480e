"""Reads events that are in our envelope already, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from frontdesk.core.errors import ImportFileError
from frontdesk.domains.imports.envelopes import Arrival, parse_line
from frontdesk.domains.imports.problems import MappedRow, Problem

HEADER = ("line",)


class NdjsonFile:
    """An open NDJSON file. Raises ImportFileError where it can't be read."""

    def __init__(self, path: Path, *, tenant_id: str, arrival: Arrival, max_line_bytes: int) -> None:
        self._path = path
        self._tenant_id = tenant_id
        self._arrival = arrival
        self._max_line_bytes = max_line_bytes
        self.bytes_read = 0
        try:
            self._handle = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise ImportFileError(f"{path}: can't be read: {error.strerror}") from error

    def __enter__(self) -> NdjsonFile:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._handle.close()

    def rows(self) -> Iterator[MappedRow]:
        """Yield a row per line that is not blank."""
        for number, line in enumerate(self._handle, start=1):
            self.bytes_read += len(line)
            if line.strip():
                yield self._map(line, number)

    def _map(self, line: bytes, number: int) -> MappedRow:
        cells = [line.decode("utf-8", "surrogateescape").rstrip("\r\n")]
        if len(line) > self._max_line_bytes:
            too_long = Problem("", f"is longer than {self._max_line_bytes:,} bytes")
            return MappedRow(line=number, cells=cells, problems=[too_long])
        try:
            event = parse_line(line, tenant_id=self._tenant_id, arrival=self._arrival, number=number)
        except ValueError as error:
            return MappedRow(line=number, cells=cells, problems=[Problem("", str(error))])
        return MappedRow(line=number, cells=cells, events=[event])
