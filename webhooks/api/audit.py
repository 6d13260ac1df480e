"""The audit trail over /v1: what the dashboard notes of its readers, and all of it for the owner."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from frontdesk.domains.staff.audit import MAX_ENTRIES_PER_PAGE
from frontdesk.domains.staff.roles import Permission
from webhooks.api.requests import StoredText
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems

_BIGGEST_ID = 2**63 - 1


class NotedAction(StrEnum):
    """What happens where /v1 does not see it: pages read the published file."""

    CONTACT_READ = "contact.read"
    REPORT_DOWNLOADED = "report.downloaded"
    DATA_DOWNLOADED = "data.downloaded"


class NoteBody(BaseModel):
    """What the caller reads or takes away."""

    model_config = ConfigDict(extra="forbid")

    action: NotedAction
    subject: StoredText = Field(description="What it is about: a contact's or report's id.")


class AuditRead(BaseModel):
    """One line of the trail."""

    audit_id: int
    at: AwareDatetime
    who: str
    action: str
    subject: str | None
    address: str | None


class AuditPage(BaseModel):
    """Some lines, newest first."""

    entries: list[AuditRead]
    next_before: int | None = Field(description="The `before` that goes on from here; None: this was the end.")


_Looker = Annotated[Caller, allow(Permission.LOOK)]
_Auditor = Annotated[Caller, allow(Permission.AUDIT)]

router = APIRouter(prefix="/v1", tags=["staff"])


@router.post("/audit", status_code=HTTPStatus.NO_CONTENT, responses=document_problems(401, 403, 422, 503))
def note(body: NoteBody, *, caller: _Looker, runtime: RuntimeDep) -> Response:
    """Note that the caller reads a contact's page or takes a report or data away."""
    runtime.callers.note(caller, body.action.value, subject=body.subject)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/audit", responses=document_problems(401, 403, 422, 503))
def read_trail(
    before: Annotated[int | None, Query(ge=1, le=_BIGGEST_ID, description="Go on after this entry.")] = None,
    *,
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES_PER_PAGE)] = 100,
    caller: _Auditor,
    runtime: RuntimeDep,
) -> AuditPage:
    """Read who signed in, read, took away and decided what, newest first."""
    found = runtime.staff.audit.read(tenant_id=caller.tenant_id, before=before, limit=limit)
    entries = [AuditRead(**{field: getattr(each, field) for field in AuditRead.model_fields}) for each in found]
    return AuditPage(entries=entries, next_before=entries[-1].audit_id if len(found) == limit else None)
