"""Events that are in our envelope already, one JSON object a line: from a file or over HTTP."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from frontdesk.core.errors import ImportFileError, validation_message
from frontdesk.core.log.envelope import FILE_HEADER, LINE_HEADER, RUN_HEADER, NewEvent, Origin
from frontdesk.domains.imports.known_facts import ImportedEvent
from frontdesk.domains.imports.problems import MappedRow, Problem

#: Levels of objects and lists in a line; deeper ones only ever come from mistakes and attacks.
MAX_NESTING = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What all events of one run share."""

    received_at: datetime
    run_id: str
    file_name: str | None = None  #: None if it came over HTTP

    def headers(self, *, line: int) -> dict[str, str]:
        """Return the headers of an event: its run, and where it stands."""
        file = {FILE_HEADER: self.file_name} if self.file_name else {}
        return file | {LINE_HEADER: str(line), RUN_HEADER: self.run_id}


class Line(NamedTuple):
    """One line of a stream."""

    number: int  #: from 1
    content: bytes | None  #: None if it is longer than the limit


class LineError(ValueError):
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
        """Yield the last line if no line end follows it."""
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


def to_new_event(imported: ImportedEvent, *, tenant_id: str, arrival: Arrival, line: int, body: bytes) -> NewEvent:
    """Return the event as the log takes it. `body` is the raw row or line.

    Raises LineError if the payload holds half of a surrogate pair, which no database keeps.
    """
    return NewEvent(
        tenant_id=tenant_id,
        source=imported.source,
        source_event_id=imported.source_event_id,
        type=imported.type,
        subject_id=imported.subject_id,
        occurred_at=imported.occurred_at.astimezone(UTC),
        received_at=arrival.received_at,
        correlation_id=imported.correlation_id,
        causation_id=imported.causation_id,
        schema_version=imported.schema_version,
        headers=arrival.headers(line=line),
        origin=Origin.IMPORT,
        body=body,
        payload=_to_json(imported.payload),
    )


def parse_line(line: bytes, *, tenant_id: str, arrival: Arrival, number: int) -> NewEvent:
    """Return the event of one NDJSON line. Raises LineError, which says what is wrong with the line."""
    line = line.removeprefix(_BYTE_ORDER_MARK)  # of a file, or of one of several that were put together
    try:
        imported = ImportedEvent.model_validate(_parse_json(line))
    except ValidationError as error:
        raise LineError(_list_mistakes(error)) from error
    if imported.tenant_id not in (None, tenant_id):
        raise LineError(
            f"tenant_id: is {imported.tenant_id!r}, but this import is for {tenant_id!r}; leave it out there"
        )
    return to_new_event(imported, tenant_id=tenant_id, arrival=arrival, line=number, body=line.rstrip(b"\r\n"))


def _list_mistakes(error: ValidationError) -> str:
    """Return every mistake on one line, as "key: what is wrong"."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'line'}: {validation_message(problem)}"
        for problem in error.errors()
    )


def _parse_json(line: bytes) -> Any:
    try:
        # Not orjson: it turns integers beyond 64 bits, which some providers' ids are, into other numbers.
        content = json.loads(line.decode(), parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise LineError(f"is nested deeper than {MAX_NESTING} levels") from error
    except ValueError as error:
        raise LineError("is no JSON object in UTF-8") from error
    level = [content]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in _children(node)]
    if any(_children(node) for node in level):
        raise LineError(f"is nested deeper than {MAX_NESTING} levels")
    return content


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise LineError(f"{text} is no JSON number")
    return number


def _to_json(payload: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(payload)
    except TypeError:  # an integer beyond 64 bits, or half of a surrogate pair
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LineError("payload: holds half of a surrogate pair, which is no text") from error


HEADER = ("line",)


class NdjsonFile:
    """An open NDJSON file. Raises ImportFileError if it can't be read."""

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
        except LineError as error:
            return MappedRow(line=number, cells=cells, problems=[Problem("", str(error))])
        return MappedRow(line=number, cells=cells, events=[event])
