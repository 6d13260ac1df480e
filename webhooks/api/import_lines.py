"""Reading an import: a stream of bytes into lines, a line into an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.imports import envelopes
from frontdesk.domains.imports.envelopes import Arrival

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line of a stream."""

    number: int  #: from 1
    content: bytes | None  #: None where it is longer than the limit


class LineError(Exception):
    """A line that can't be imported; the message says why and what to do."""


class LineSplitter:
    """Cuts a stream into lines, holding at most one line in memory; a line beyond the limit is skipped, not held."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._number = 0
        self._held = bytearray()
        self._is_too_long = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Yield the lines that the chunk completes."""
        *complete, rest = chunk.split(b"\n")
        for part in complete:
            self._hold(part)
            yield self._end_line()
        self._hold(rest)

    def finish(self) -> Iterator[Line]:
        """Yield the last line where no line end follows it."""
        if self._held or self._is_too_long:
            yield self._end_line()

    def _hold(self, part: bytes) -> None:
        if self._is_too_long:
            return
        self._held += part
        if len(self._held) > self._limit:
            self._is_too_long = True
            self._held.clear()

    def _end_line(self) -> Line:
        self._number += 1
        content = None if self._is_too_long else bytes(self._held)
        if self._number == 1 and content is not None:
            content = content.removeprefix(_BYTE_ORDER_MARK)
        self._held.clear()
        self._is_too_long = False
        return Line(self._number, content)


def parse_line(line: Line, *, tenant_id: str, arrival: Arrival) -> NewEvent:
    """Return the event of a line that has content, as an import of a file reads it. Raises LineError."""
    try:
        return envelopes.parse_line(line.content or b"", tenant_id=tenant_id, arrival=arrival, number=line.number)
    except ValueError as error:
        raise LineError(str(error)) from error
