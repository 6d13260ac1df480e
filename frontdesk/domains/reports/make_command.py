"""`frontdesk report make` run for /v1: a report made now, by a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.running.frontdesk_command import CommandNotRunError, CommandTimeoutError, run_frontdesk
from frontdesk.domains.reports.archive import ReportId
from frontdesk.domains.reports.periods import Period, PeriodKind

#: For the models to reach the log's end; the live path needs a second.
_MODELS_WAIT_SECONDS = 30
_TIMEOUT_SECONDS = 120.0
_LAST_LINES = 6


class ReportNotMadeError(FrontdeskError):
    """The report can't be made now; the detail says why, as the command says it."""

    http_status = 503
    title = "Report not made"


class _Made(BaseModel):
    """What identifies the document that the command prints."""

    model_config = ConfigDict(extra="ignore")

    kind: PeriodKind
    period_start: date
    log_sequence: int = Field(ge=0)


def make_report(
    period: Period,
    *,
    tenant_id: str,
    is_mailed: bool | None,
    environ: Mapping[str, str] | None = None,
    command: Path | None = None,
) -> ReportId:
    """Make the report of a period that is over by what is known now; return the version that says it.

    Takes some seconds. is_mailed: whether those who get reports get it; None: if it is news. `environ` names the
    home, None: that of this process; `command` is the `frontdesk` to run. Raises ReportNotMadeError.
    """
    arguments = ["report", "make", tenant_id, period.kind.value, "--start", period.start.isoformat()]
    arguments += ["--wait", str(_MODELS_WAIT_SECONDS), "--json"]
    if is_mailed is not None:
        arguments.append("--mail" if is_mailed else "--no-mail")
    try:
        ended = run_frontdesk(arguments, timeout_seconds=_TIMEOUT_SECONDS, environ=environ, command=command)
    except CommandTimeoutError as error:
        raise ReportNotMadeError(
            f"{error.detail}; look into the archive later, or run `frontdesk report make`"
        ) from error
    except CommandNotRunError as error:
        raise ReportNotMadeError(error.detail) from error
    if ended.status != 0:
        raise ReportNotMadeError(ended.complaint(last_lines=_LAST_LINES))
    try:
        made = _Made.model_validate_json(ended.output)
    except ValidationError as error:
        raise ReportNotMadeError("`frontdesk report make --json` is of another version; update it") from error
    return ReportId(Period(made.kind, made.period_start), made.log_sequence)
