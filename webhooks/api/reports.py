"""Reports over /v1: the list of a business's archive, each file to download, and a report made now."""

from __future__ import annotations

import os
from datetime import date
from http import HTTPStatus
from threading import Lock
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from frontdesk.core.values import FIRST_YEAR, LAST_YEAR
from frontdesk.domains.reports.archive import FORMATS, ReportArchive, ReportId
from frontdesk.domains.reports.make_command import make_report
from frontdesk.domains.reports.periods import Period, PeriodKind, parse_period
from frontdesk.domains.reports.shapes import ReportMade, ReportRead
from frontdesk.domains.staff.roles import Permission
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MEDIA_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"}
_FILES: dict[str, Any] = {
    "description": "The file.",
    "content": {_MEDIA_TYPES[each].partition(";")[0]: {} for each in FORMATS},
}
_ReportInPath = Annotated[str, Path(max_length=64, description="Such as weekly-2026-03-02-1234.")]
_FormatInPath = Annotated[Literal["html", "pdf", "json"], Path(description="Which of its files.")]
#: Making one takes a processor for some seconds; who comes meanwhile is asked to come again.
_ONE_AT_A_TIME = Lock()
_RETRY_AFTER_S = 5


class ReportWanted(BaseModel):
    """A report to make now."""

    model_config = ConfigDict(extra="forbid")

    kind: PeriodKind
    start: date = Field(
        ge=date(FIRST_YEAR, 1, 1),
        le=date(LAST_YEAR, 12, 31),
        description="First day of a period that is over: a Monday, or the first of a month.",
    )
    mail: bool | None = Field(
        default=None,
        description="Whether it goes to those who get reports; left out: where it is the newest period that is over, "
        "and they have no report of it yet.",
    )


class ReportList(BaseModel):
    """The archive of a business, the newest period first."""

    reports: list[ReportRead]


async def get_archive(runtime: RuntimeDep) -> ReportArchive:
    """Return the archive of all businesses' reports."""
    return ReportArchive(runtime.settings.reports_path)


_ArchiveDep = Annotated[ReportArchive, Depends(get_archive)]
# What a business earns is for those who run it.
_Reader = Annotated[Caller, allow(Permission.SETTLE)]

router = APIRouter(prefix="/v1", tags=["reports"])


@router.get("/reports", responses=document_problems(401, 403, 422))
def list_reports(
    kind: Annotated[PeriodKind | None, Query(description="With none, both.")] = None,
    *,
    caller: _Reader,
    archive: _ArchiveDep,
) -> ReportList:
    """List every version of every report."""
    known = (each for each in archive.list_ids(caller.tenant_id) if kind in (None, each.period.kind))
    return ReportList(reports=[ReportRead(**_fields(each)) for each in known])


@router.get(
    "/reports/{report_id}.{ending}",
    response_class=Response,
    responses={200: _FILES, **document_problems(401, 403, 404, 422)},
)
def download_report(
    report_id: _ReportInPath,
    *,
    ending: _FormatInPath,
    caller: Annotated[Caller, allow(Permission.SETTLE, audits="report.downloaded")],
    archive: _ArchiveDep,
) -> Response:
    """Return one file of a report, as it was when the report was computed."""
    parsed = ReportId.parse(report_id)
    return Response(
        archive.read(caller.tenant_id, parsed, ending),
        media_type=_MEDIA_TYPES[ending],
        headers={
            "Content-Disposition": f'inline; filename="{caller.tenant_id}-{parsed}.{ending}"',
            # The page has words of customers in it: nothing in it may run or load.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.post(
    "/reports",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": ReportMade}, **document_problems(401, 403, 422, 429, 503)},
)
def make_now(
    body: ReportWanted, *, response: Response, caller: _Reader, archive: _ArchiveDep, runtime: RuntimeDep
) -> ReportMade:
    """Make the report of a period by what is known now; answer once it is in the archive, after some seconds.

    Where nothing else is known than the newest version says, that one is the answer, with 200.
    """
    tenant_id = caller.tenant_id
    period = _period_over(body, runtime, tenant_id=tenant_id)
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            "another report is being made; ask again in a moment",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )
    try:
        runtime.callers.note(caller, "report.made", subject=f"{body.kind} {body.start}")
        known = set(archive.list_ids(tenant_id))
        environ = {**os.environ, **runtime.settings.places()}
        made = make_report(period, tenant_id=tenant_id, is_mailed=body.mail, environ=environ)
    finally:
        _ONE_AT_A_TIME.release()
    if made in known:
        response.status_code = HTTPStatus.OK
    return ReportMade(**_fields(made), is_new=made not in known)


def _period_over(body: ReportWanted, runtime: Runtime, *, tenant_id: str) -> Period:
    """Return the period that is asked for. Raises NoSuchPeriodError, before a process is started for it."""
    zone = ZoneInfo(runtime.businesses.get(tenant_id).zone)
    return parse_period(body.start.isoformat(), body.kind, now=runtime.clock.now(), zone=zone)


def _fields(report_id: ReportId) -> dict[str, Any]:
    return {
        "report_id": str(report_id),
        "kind": report_id.period.kind,
        "period_start": report_id.period.start,
        "period_end": report_id.period.end,
        "log_sequence": report_id.log_sequence,
    }
