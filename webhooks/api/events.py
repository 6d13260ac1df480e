"""History in, and the log out: POST /v1/events:import and GET /v1/events."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, Field

from core.envelope import Event, NewEvent
from core.errors import EventLogUnavailableError
from core.staff.roles import Permission
from webhooks.api.callers import Caller, Callers
from webhooks.api.import_lines import Line, LineError, LineSplitter, parse_line
from webhooks.intake import RETRY_AFTER_UNAVAILABLE_S
from webhooks.problems import document_problems, problem_response
from webhooks.runtime import Runtime
from webhooks.sources.base import media_type_of

#: Events of one transaction; validating more would keep deliveries waiting for the event loop.
MAX_EVENTS_PER_APPEND = 200
MAX_BYTES_PER_APPEND = 2_097_152
MAX_LISTED_REJECTIONS = 100
MAX_EVENTS_PER_PAGE = 1_000
_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_BIGGEST_SEQUENCE = 2**63 - 1

_IMPORT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One event a line: source, source_event_id, type, occurred_at, payload and, if there are any, "
        "subject_id, correlation_id, causation_id. A line may have 1 MiB, the body any length.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


class RejectedLine(BaseModel):
    """A line that was not imported."""

    line: int = Field(ge=1)
    error: str


class ImportSummary(BaseModel):
    """What became of an import's lines; empty lines are left out."""

    accepted: int = Field(description="Lines that are new events now.")
    duplicates: int = Field(description="Lines whose event was there already.")
    rejected: list[RejectedLine] = Field(description=f"The first {MAX_LISTED_REJECTIONS} that can't be used.")
    rejected_count: int = Field(description="All that can't be used.")


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


@dataclass(slots=True)
class _Import:
    """An import under way."""

    runtime: Runtime
    tenant_id: str
    accepted: int = 0
    duplicates: int = 0
    rejected_count: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)
    _events: list[NewEvent] = field(default_factory=list)
    _size: int = 0

    async def add(self, line: Line) -> None:
        """Take a line; append when enough have come together."""
        if line.content is None:
            self._reject(line, f"longer than {self.runtime.settings.max_body_bytes} bytes")
            return
        if not line.content.strip():
            return
        try:
            event = parse_line(line.content, tenant_id=self.tenant_id, received_at=self.runtime.clock.now())
        except LineError as error:
            self._reject(line, str(error))
            return
        self._events.append(event)
        self._size += len(line.content)
        if len(self._events) >= MAX_EVENTS_PER_APPEND or self._size >= MAX_BYTES_PER_APPEND:
            await self.append()

    async def append(self) -> None:
        """Append what has come together."""
        if not self._events:
            return
        appended = await self.runtime.committer.append_many(self._events)
        count_new = sum(answer.is_new for answer in appended)
        self.accepted += count_new
        self.duplicates += len(appended) - count_new
        self._events, self._size = [], 0

    def _reject(self, line: Line, error: str) -> None:
        self.rejected_count += 1
        if len(self.rejected) < MAX_LISTED_REJECTIONS:
            self.rejected.append(RejectedLine(line=line.number, error=error))


def events_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes of the event log; each needs the owner, and sees the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["events"])
    importing = Depends(callers.allow(Permission.EXPORT))
    exporting = Depends(callers.allow(Permission.EXPORT, audits="events.exported"))

    @router.post(
        "/events:import",
        responses={200: {"model": ImportSummary}, **document_problems(401, 403, 415, 503)},
        openapi_extra=_IMPORT_BODY,
    )
    async def import_events(request: Request, caller: Caller = importing) -> Response:
        """Append history from an older system. Sent again it adds nothing: known events count as duplicates."""
        headers = dict(request.scope["headers"])
        if b"content-type" in headers and media_type_of(headers) not in _NDJSON:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {_NDJSON[0]}, one event a line")
        await run_in_threadpool(callers.note, caller, "events.imported")
        running = _Import(runtime, caller.tenant_id)
        try:
            await _read_all(request, running, limit=runtime.settings.max_body_bytes)
        except EventLogUnavailableError as error:
            return problem_response(
                status=error.http_status,
                title=error.title,
                detail=f"{running.accepted} events are in; send all again later, known events are skipped",
                headers={"Retry-After": str(RETRY_AFTER_UNAVAILABLE_S)},
            )
        summary = ImportSummary(
            accepted=running.accepted,
            duplicates=running.duplicates,
            rejected=running.rejected,
            rejected_count=running.rejected_count,
        )
        return Response(summary.model_dump_json(), media_type="application/json")

    @router.get("/events", responses={200: {"model": EventPage}, **document_problems(401, 403, 422, 503)})
    def read_events(
        after: Annotated[int, Query(ge=0, le=_BIGGEST_SEQUENCE, description="Events after this sequence.")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_EVENTS_PER_PAGE)] = 100,
        caller: Caller = exporting,
    ) -> Response:
        """Read the log in its order."""
        events = runtime.log.read_after(after, limit=limit, tenant_id=caller.tenant_id)
        page = {
            "events": [_without_body(event) for event in events],
            "next_after": events[-1].sequence if events else after,
        }
        return Response(orjson.dumps(page), media_type="application/json")

    return router


async def _read_all(request: Request, running: _Import, *, limit: int) -> None:
    splitter = LineSplitter(limit=limit)
    async for chunk in request.stream():
        for line in splitter.feed(chunk):
            await running.add(line)
    for line in splitter.finish():
        await running.add(line)
    await running.append()


def _without_body(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in EventRead.model_fields}
    return fields | {"payload": orjson.Fragment(event.payload)}
