"""From an imported event to the log's envelope; one line of NDJSON, from a file or over HTTP, is one of them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from frontdesk.core.errors import validation_message
from frontdesk.core.log.envelope import FILE_HEADER, LINE_HEADER, RUN_HEADER, NewEvent, Origin
from frontdesk.domains.imports.known_facts import ImportedEvent

#: Levels of objects and lists in a line; deeper ones only ever come from mistakes and attacks.
MAX_NESTING = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What all events of one run share."""

    received_at: datetime
    run_id: str
    file_name: str | None = None  #: None where it came over HTTP

    def headers(self, *, line: int) -> dict[str, str]:
        """Return the headers of an event: its run, and where it stands."""
        file = {FILE_HEADER: self.file_name} if self.file_name else {}
        return file | {LINE_HEADER: str(line), RUN_HEADER: self.run_id}


def to_new_event(imported: ImportedEvent, *, tenant_id: str, arrival: Arrival, line: int, body: bytes) -> NewEvent:
    """Return the event as the log takes it. `body` is the raw row or line.

    Raises ValueError where the payload holds half of a surrogate pair, which no database keeps.
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
    """Return the event of one NDJSON line. Raises ValueError that says what is wrong with the line."""
    line = line.removeprefix(_BYTE_ORDER_MARK)  # of a file, or of one of several that were put together
    try:
        imported = ImportedEvent.model_validate(_parse_json(line))
    except ValidationError as error:
        raise ValueError(explain(error)) from error
    if imported.tenant_id not in (None, tenant_id):
        raise ValueError(
            f"tenant_id: is {imported.tenant_id!r}, but this import is for {tenant_id!r}; leave it out there"
        )
    return to_new_event(imported, tenant_id=tenant_id, arrival=arrival, line=number, body=line.rstrip(b"\r\n"))


def explain(error: ValidationError) -> str:
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
        raise ValueError(f"is nested deeper than {MAX_NESTING} levels") from error
    except ValueError as error:
        raise ValueError("is no JSON object in UTF-8") from error
    level = [content]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in _children(node)]
    if any(_children(node) for node in level):
        raise ValueError(f"is nested deeper than {MAX_NESTING} levels")
    return content


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no JSON number")
    return number


def _to_json(payload: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(payload)
    except TypeError:  # an integer beyond 64 bits, or half of a surrogate pair
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("payload: holds half of a surrogate pair, which is no text") from error
