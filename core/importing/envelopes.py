"""From an imported event to the log's envelope; one line of NDJSON is one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from pydantic import ValidationError

from core.canonical import ImportedEvent
from core.envelope import NewEvent, Origin


def to_new_event(
    imported: ImportedEvent,
    *,
    tenant_id: str,
    received_at: datetime,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> NewEvent:
    """Return the event as the log takes it. `body` is the raw row or line, `headers` say where it came from."""
    return NewEvent(
        tenant_id=tenant_id,
        source=imported.source,
        source_event_id=imported.source_event_id,
        type=imported.type,
        subject_id=imported.subject_id,
        occurred_at=imported.occurred_at.astimezone(UTC),
        received_at=received_at,
        correlation_id=imported.correlation_id,
        causation_id=imported.causation_id,
        content_type=content_type,
        headers=headers or {},
        origin=Origin.IMPORT,
        body=body,
        payload=orjson.dumps(imported.payload),
    )


def parse_line(
    line: bytes, *, tenant_id: str, received_at: datetime, headers: Mapping[str, str] | None = None
) -> NewEvent:
    """Return the event of one NDJSON line. Raises ValueError that says what is wrong with the line."""
    try:
        imported = ImportedEvent.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"is no JSON object: {error}") from error
    except ValidationError as error:
        raise ValueError(explain(error)) from error
    if imported.tenant_id not in (None, tenant_id):
        raise ValueError(f"tenant_id: is {imported.tenant_id!r}, but this import is for {tenant_id!r}")
    return to_new_event(
        imported, tenant_id=tenant_id, received_at=received_at, body=line.rstrip(b"\r\n"), headers=headers
    )


def explain(error: ValidationError) -> str:
    """Return every mistake on one line, as "key: what is wrong"."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'line'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors()
    )
