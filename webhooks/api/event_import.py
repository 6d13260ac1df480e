"""History in, a stream of lines: POST /v1/events:import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from frontdesk.connectors.source import media_type_of
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import new_run_id
from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.imports.importer import DryRunLog, Fate, Outcome, RunLog
from frontdesk.domains.imports.ndjson import Arrival, Line, LineError, LineSplitter, parse_line
from frontdesk.domains.staff.roles import Permission
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.intake.intake import RETRY_AFTER_UNAVAILABLE_S
from webhooks.problems import document_problems, problem_response
from webhooks.runtime import Runtime

#: Events of one transaction; validating more would keep deliveries waiting for the event loop.
MAX_EVENTS_PER_APPEND = 200
MAX_BYTES_PER_APPEND = 2_097_152
MAX_LISTED_REJECTIONS = 100
_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_Write = Callable[[Sequence[NewEvent]], Awaitable[list[Outcome]]]

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

    run: str = Field(description="Name of this run; `frontdesk import undo` takes it back.")
    is_dry_run: bool = Field(description="Nothing was written, as asked: the counts say what would be.")
    accepted: int = Field(description="Lines that are new events now.")
    duplicates: int = Field(description="Lines whose event was there before this run, with the same content.")
    repeated: list[RejectedLine] = Field(
        description=f"The first {MAX_LISTED_REJECTIONS} lines that say the same as an earlier one of this body."
    )
    repeated_count: int = Field(description="All that repeat one; they are not written again.")
    rejected: list[RejectedLine] = Field(
        description=f"The first {MAX_LISTED_REJECTIONS} that can't be used, or whose id has other content already."
    )
    rejected_count: int = Field(description="All that can't be used; nothing of them is in the log.")


router = APIRouter(prefix="/v1", tags=["events"])


@router.post(
    "/events:import",
    responses={200: {"model": ImportSummary}, **document_problems(401, 403, 415, 503)},
    openapi_extra=_IMPORT_BODY,
)
async def import_events(
    request: Request,
    *,
    dry_run: Annotated[bool, Query(description="Only tell what would become of the lines.")] = False,
    caller: Annotated[Caller, allow(Permission.EXPORT)],
    runtime: RuntimeDep,
) -> Response:
    """Append history from an older system. Sent again it adds nothing: known events count as duplicates."""
    _check_media_type(request)
    await run_in_threadpool(runtime.callers.note, caller, "events.imported")
    arrival = Arrival(received_at=runtime.clock.now(), run_id=new_run_id(runtime.clock))
    fates: Counter[Fate] = Counter()
    try:
        write = await _open_run(runtime, caller.tenant_id, run_id=arrival.run_id, is_dry_run=dry_run)
        running = _Import(runtime, caller.tenant_id, arrival, write, fates)
        await _read_all(request, running, limit=runtime.settings.max_body_bytes)
    except EventLogUnavailableError as error:
        return _unavailable(error, count_new=0 if dry_run else fates[Fate.NEW])
    return Response(running.summary(is_dry_run=dry_run).model_dump_json(), media_type="application/json")


def _check_media_type(request: Request) -> None:
    headers = dict(request.scope["headers"])
    if b"content-type" in headers and media_type_of(headers) not in _NDJSON:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {_NDJSON[0]}, one event a line")


def _unavailable(error: EventLogUnavailableError, *, count_new: int) -> Response:
    return problem_response(
        status=error.http_status,
        title=error.title,
        detail=f"{count_new} events are in; send all again later, known events are skipped",
        headers={"Retry-After": str(RETRY_AFTER_UNAVAILABLE_S)},
    )


@dataclass(slots=True)
class _Import:
    """An import under way."""

    runtime: Runtime
    tenant_id: str
    arrival: Arrival
    write: _Write
    fates: Counter[Fate] = field(default_factory=Counter)
    count_unusable: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)
    repeated: list[RejectedLine] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)
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
            event = parse_line(line.content, tenant_id=self.tenant_id, arrival=self.arrival, number=line.number)
        except LineError as error:
            self._reject(line, str(error))
            return
        self._events.append(event)
        self._lines.append(line.number)
        self._size += len(line.content)
        if len(self._events) >= MAX_EVENTS_PER_APPEND or self._size >= MAX_BYTES_PER_APPEND:
            await self.append()

    async def append(self) -> None:
        """Append what has come together."""
        if not self._events:
            return
        outcomes = await self.write(self._events)
        for number, outcome in zip(self._lines, outcomes, strict=True):
            self.fates[outcome.fate] += 1
            listed = {Fate.CHANGED: self.rejected, Fate.REPEATED: self.repeated}.get(outcome.fate)
            if listed is not None and len(listed) < MAX_LISTED_REJECTIONS:
                listed.append(RejectedLine(line=number, error=outcome.reason))
        self._events, self._lines, self._size = [], [], 0

    def summary(self, *, is_dry_run: bool) -> ImportSummary:
        """Return what became of all lines."""
        return ImportSummary(
            run=self.arrival.run_id,
            is_dry_run=is_dry_run,
            accepted=self.fates[Fate.NEW],
            duplicates=self.fates[Fate.KNOWN],
            repeated=self.repeated,
            repeated_count=self.fates[Fate.REPEATED],
            rejected=sorted(self.rejected, key=lambda rejected: rejected.line),
            rejected_count=self.count_unusable + self.fates[Fate.CHANGED],
        )

    def _reject(self, line: Line, error: str) -> None:
        self.count_unusable += 1
        if len(self.rejected) < MAX_LISTED_REJECTIONS:
            self.rejected.append(RejectedLine(line=line.number, error=error))


async def _read_all(request: Request, running: _Import, *, limit: int) -> None:
    splitter = LineSplitter(limit=limit)
    async for chunk in request.stream():
        for line in splitter.feed(chunk):
            await running.add(line)
    for line in splitter.finish():
        await running.add(line)
    await running.append()


async def _open_run(runtime: Runtime, tenant_id: str, *, run_id: str, is_dry_run: bool) -> _Write:
    """Return what writes a run's events, or only tells of them; the log is read in a thread."""
    if is_dry_run:
        dry_run = await run_in_threadpool(DryRunLog, runtime.log, tenant_id=tenant_id, run_id=run_id)

        async def tell(events: Sequence[NewEvent]) -> list[Outcome]:
            return await run_in_threadpool(dry_run.write, events)

        return tell
    run = await run_in_threadpool(RunLog, runtime.log, tenant_id=tenant_id, run_id=run_id)

    async def write(events: Sequence[NewEvent]) -> list[Outcome]:
        named = await run_in_threadpool(run.name, events)
        appended = await runtime.committer.append_many(named)
        return await run_in_threadpool(run.judge, named, appended)

    return write
