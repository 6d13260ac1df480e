"""Reports over /v1: the list of a business's archive, and each file to download."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from core.reports.archive import FORMATS, ReportArchive, ReportId
from core.reports.periods import PeriodKind
from core.staff.roles import Permission
from webhooks.api.callers import Caller, Callers
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_MEDIA_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"}
_FILES: dict[str, Any] = {
    "description": "The file.",
    "content": {_MEDIA_TYPES[each].partition(";")[0]: {} for each in FORMATS},
}
_ReportInPath = Annotated[str, Path(max_length=64, description="Such as weekly-2026-03-02-1234.")]
_FormatInPath = Annotated[Literal["html", "pdf", "json"], Path(description="Which of its files.")]


class ReportRead(BaseModel):
    """One version of a report."""

    report_id: str
    kind: PeriodKind
    period_start: date
    period_end: date = Field(description="The day after the last.")
    log_sequence: int = Field(description="Newest event of the log that it knew of.")


class ReportList(BaseModel):
    """The archive of a business, the newest period first."""

    reports: list[ReportRead]


def reports_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes of the archive; each shows the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["reports"])
    # What a business earns is for those who run its desk.
    running = Depends(callers.allow(Permission.SETTLE))
    archive = ReportArchive(runtime.settings.reports_path)

    @router.get("/reports", responses=document_problems(401, 403, 422))
    def list_reports(
        kind: Annotated[PeriodKind | None, Query(description="With none, both.")] = None, caller: Caller = running
    ) -> ReportList:
        """List every version of every report."""
        known = (each for each in archive.list_ids(caller.tenant_id) if kind in (None, each.period.kind))
        return ReportList(
            reports=[
                ReportRead(
                    report_id=str(each),
                    kind=each.period.kind,
                    period_start=each.period.start,
                    period_end=each.period.end,
                    log_sequence=each.log_sequence,
                )
                for each in known
            ]
        )

    @router.get(
        "/reports/{report_id}.{ending}",
        response_class=Response,
        responses={200: _FILES, **document_problems(401, 403, 404, 422)},
    )
    def download_report(report_id: _ReportInPath, ending: _FormatInPath, caller: Caller = running) -> Response:
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

    return router
