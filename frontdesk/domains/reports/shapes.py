"""Versions of reports as /v1 shows them: the receiver answers these, and pages read them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from frontdesk.domains.reports.periods import PeriodKind


class ReportRead(BaseModel):
    """One version of a report."""

    report_id: str
    kind: PeriodKind
    period_start: date
    period_end: date = Field(description="The day after the last.")
    log_sequence: int = Field(description="Newest event of the log that it knew of.")


class ReportMade(ReportRead):
    """The version that says what is known now."""

    is_new: bool = Field(description="False: a version that is there says the same.")
