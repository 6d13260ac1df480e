"""The log out, event by event: GET /v1/events."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from frontdesk.core.log.envelope import Event
from frontdesk.domains.staff.roles import Permission
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems

MAX_EVENTS_PER_PAGE = 1_000
_BIGGEST_SEQUENCE = 2**63 - 1


class EventRead(BaseModel):
    """An event as the log keeps it, without its raw body."""

    sequence: int
    event_id: str
    tenant_id: str
    source: str
    source_event_id: str
    type: str
    subject_id: str | None
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    correlation_id: str | None
    causation_id: str | None
    schema_version: int
    origin: str
    content_type: str
    headers: dict[str, str]
    payload: Any


class EventPage(BaseModel):
    """Some events in the order of the log."""

    events: list[EventRead]
    next_after: int = Field(description="The `after` that goes on from here.")


router = APIRouter(prefix="/v1", tags=["events"])


@router.get("/events", responses={200: {"model": EventPage}, **document_problems(401, 403, 422, 503)})
def read_events(
    after: Annotated[int, Query(ge=0, le=_BIGGEST_SEQUENCE, description="Events after this sequence.")] = 0,
    *,
    limit: Annotated[int, Query(ge=1, le=MAX_EVENTS_PER_PAGE)] = 100,
    caller: Annotated[Caller, allow(Permission.EXPORT, audits="events.exported")],
    runtime: RuntimeDep,
) -> Response:
    """Read the log in its order."""
    events = runtime.log.read_after(after, limit=limit, tenant_id=caller.tenant_id)
    page = {
        "events": [_without_body(event) for event in events],
        "next_after": events[-1].sequence if events else after,
    }
    return Response(orjson.dumps(page), media_type="application/json")


def _without_body(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in EventRead.model_fields}
    return fields | {"payload": orjson.Fragment(event.payload)}
