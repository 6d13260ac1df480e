"""Reading an import: a stream of bytes into lines, a line into an event."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from core.canonical import ImportedEvent
from core.envelope import NewEvent, Origin
from core.errors import located_message
from core.importing.envelopes import Arrival
from webhooks.sources.base import RefusedError
from webhooks.sources.bodies import refuse_deep

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
    """Return the event of a line that has content. Raises LineError."""
    body = line.content or b""
    content = _parse_json(body)
    try:
        imported = ImportedEvent.model_validate(content)
    except ValidationError as error:
        raise LineError(
            "; ".join(map(located_message, error.errors(include_url=False, include_input=False)))
        ) from error
    if imported.tenant_id not in (None, tenant_id):
        raise LineError("tenant_id: is not the tenant of this key; remove it or use that tenant's key")
    return NewEvent(
        tenant_id=tenant_id,
        source=imported.source,
        source_event_id=imported.source_event_id,
        type=imported.type,
        occurred_at=imported.occurred_at,
        received_at=arrival.received_at,
        body=body,
        headers=arrival.headers(line=line.number),
        payload=_to_json(imported.payload),
        subject_id=imported.subject_id,
        correlation_id=imported.correlation_id,
        causation_id=imported.causation_id,
        schema_version=imported.schema_version,
        origin=Origin.IMPORT,
    )


def _parse_json(line: bytes) -> Any:
    try:
        # Not orjson: it turns integers beyond 64 bits, which some providers' ids are, into other numbers.
        content = json.loads(line.decode(), parse_float=_finite, parse_constant=_finite)
        refuse_deep(content)
    except RefusedError as error:
        raise LineError(error.detail.replace("the body", "the line")) from error
    except RecursionError as error:
        raise LineError("the line is nested too deeply") from error
    except ValueError as error:
        raise LineError("the line is not valid JSON in UTF-8") from error
    return content


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no JSON number that a database holds")
    return number


def _to_json(payload: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(payload)
    except TypeError:  # an integer beyond 64 bits, or half a surrogate pair
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LineError("payload: holds half of a surrogate pair, which is no text") from error
