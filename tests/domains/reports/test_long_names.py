"""A report is made whatever stands in a name: a pasted note is cut in every table, chart and title."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from frontdesk.domains.reports.document import (
    ChannelCredit,
    Credits,
    Figure,
    Point,
    Report,
    RevenuePart,
    Share,
    StageCount,
    Tax,
)
from frontdesk.domains.reports.html_page import to_html
from frontdesk.domains.reports.pdf_file import to_pdf
from frontdesk.domains.reports.periods import PeriodKind

_NOTE = "Customer says: please call before coming, the gate sticks. " * 40
_START, _END = date(2026, 11, 16), date(2026, 11, 23)


def report_with(name: str) -> Report:
    """Return a small report in which everything that a person names has this name."""
    figure = {"name": "Bookings made", "unit": "count", "currency": None}
    return Report(
        tenant_id="noizylab",
        business="Noizylab",
        zone="America/Toronto",
        currency="CAD",
        kind=PeriodKind.WEEKLY,
        period_start=_START,
        period_end=_END,
        starts_at=datetime(2026, 11, 16, 5, tzinfo=UTC),
        ends_at=datetime(2026, 11, 23, 5, tzinfo=UTC),
        log_sequence=1,
        models_fingerprint="f" * 12,
        generated_at=datetime(2026, 11, 23, 6, tzinfo=UTC),
        figures=(Figure(metric="bookings_created", is_higher_better=True, value=3, previous=1, **figure),),
        shares=tuple(
            Share(metric="bookings_created", dimension=dimension, dimension_value=name, value=3, **figure)
            for dimension in ("service", "channel")
        ),
        history=(Point(metric="bookings_created", currency=None, period_start=_START, value=3),),
        stages=(
            StageCount(
                pipeline="p", pipeline_name=name, stage="s", stage_name=name, entered=3, went_on=1, won=1, lost=0
            ),
        ),
        credits=Credits(
            model="last",
            lookback_days=None,
            conversion="booking.created",
            currency="CAD",
            channels=(ChannelCredit(channel=name, conversions=1.0, revenue_minor=100),),
        ),
        revenue=(
            RevenuePart(
                dimension="staff",
                dimension_value=name,
                currency="CAD",
                received_minor=113,
                returned_minor=0,
                before_tax_minor=100,
                taxes=(Tax(name=name, amount_minor=13),),
            ),
        ),
    )


@pytest.mark.parametrize(
    "name", [_NOTE, "x" * 2360, "line\n" * 400, "|<b>&$\\" * 300], ids=["note", "word", "lines", "signs"]
)
def test_a_name_that_is_a_note_is_cut_and_the_report_is_made(name: str) -> None:
    report = report_with(name)
    # A cut name takes a line or two of a table; a whole one took pages, or could not be laid out at all.
    assert to_pdf(report).count(b"/Type /Page\n") <= 2
    page = to_html(report).decode()
    assert max(len(line) for line in page.partition("<table")[2].splitlines()) < 1_000
    # The document itself keeps what was said.
    assert Report.model_validate_json(report.to_json()) == report
