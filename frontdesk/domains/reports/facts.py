"""Facts about reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from frontdesk.core.plain_text import Identifier
from frontdesk.core.values import DateOnly, Payload, WholeNumber


class ReportFact(Payload):
    """report.computed: a version of a report is in the archive. It is about no contact."""

    report_id: Identifier = Field(description="Kind, first day and log sequence, such as weekly-2026-03-02-1234.")
    kind: Literal["weekly", "monthly"]
    period_start: DateOnly
    period_end: DateOnly = Field(description="The day after the last.")
    log_sequence: Annotated[WholeNumber, Field(ge=0)] = Field(description="Newest event that the figures know of.")
    models_fingerprint: Identifier
    figures: list[dict[str, object]]
    files: dict[str, str] = Field(description="SHA-256 of each file, by its ending.")


REPORT_COMPUTED = "report.computed"
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    REPORT_COMPUTED: ReportFact,
}
