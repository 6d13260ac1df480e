"""Reports: the archive, a report as it was known then beside now, what came late, and its files."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard.parts.formatting import MISSING
from frontdesk.domains.reports.archive import ReportArchive, ReportId
from frontdesk.domains.reports.periods import Period, PeriodKind, last_complete
from tests.dashboard.conftest import open_page, owner_of, sign_in_as, signed_in_beside, text_of
from tests.dashboard.published_file import ANNA, BARBERS, MASSAGE, PublishedRows, two_businesses_published
from tests.dashboard.receivers import receiver_beside
from webhooks.api import reports as reports_api

FEBRUARY = ReportId(Period(PeriodKind.MONTHLY, date(2026, 2, 1)), 40)
COMPUTED = datetime(2026, 3, 1, 1, tzinfo=UTC)


@pytest.fixture
def reported_home(filled_home: Path, now: datetime) -> Path:
    rows = two_businesses_published(now=now)
    _add_metrics(rows)
    _add_february(rows)
    _add_timeline(rows)
    _add_sections(rows)
    rows.publish(filled_home / "analytics.duckdb")
    return filled_home


def _add_metrics(rows: PublishedRows) -> None:
    for order, (metric, unit, aggregation) in enumerate(
        (
            ("leads_new", "count", "distinct"),
            ("show_rate", "permille", "ratio"),
            ("revenue_received", "minor_units", "sum"),
        )
    ):
        rows.add(
            "marts.dim_metrics",
            metric=metric,
            metric_order=order,
            metric_name=metric.replace("_", " ").capitalize(),
            unit=unit,
            aggregation=aggregation,
            is_higher_better=True,
        )


def _add_february(rows: PublishedRows) -> None:
    figures = [
        {"metric": "leads_new", "currency": None, "value": 4, "previous": 3},
        {"metric": "show_rate", "currency": None, "value": None, "previous": 875},
        {"metric": "revenue_received", "currency": "AUD", "value": 12_000, "previous": 0},
    ]
    rows.add(
        "marts.fct_reports",
        tenant_id=MASSAGE,
        report_key=f"{MASSAGE}/{FEBRUARY}",
        report_id=str(FEBRUARY),
        period_kind="monthly",
        period_start_date=date(2026, 2, 1),
        period_end_date=date(2026, 3, 1),
        log_sequence=40,
        figures=json.dumps(figures),
        computed_at=COMPUTED,
        version_number=1,
    )
    for metric, currency, value in (("leads_new", None, 5), ("revenue_received", "AUD", 12_000)):
        rows.add(
            "reports.rpt_period_figures",
            tenant_id=MASSAGE,
            period_kind="monthly",
            period_start_date=date(2026, 2, 1),
            metric=metric,
            currency=currency,
            value=value,
        )


def _add_timeline(rows: PublishedRows) -> None:
    for key, sequence, day in (("late", 41, 28), ("known", 39, 27), ("of-march", 42, 1)):
        month = 3 if key == "of-march" else 2
        rows.add(
            "marts.fct_timeline",
            tenant_id=MASSAGE,
            timeline_key=key,
            contact_id=ANNA,
            occurred_at=datetime(2026, month, day, 2, tzinfo=UTC),
            source="wix",
            type="lead.created",
            title=f"Lead {key}",
            event_id=key,
            first_sequence=sequence,
            received_at=datetime(2026, 3, 5, 2, tzinfo=UTC),
        )


def _add_sections(rows: PublishedRows) -> None:
    period = {"tenant_id": MASSAGE, "period_kind": "monthly", "period_start_date": date(2026, 2, 1)}
    lead = {"pipeline": "lead", "pipeline_name": "Lead"}
    for position, (stage, came, gone, lost) in enumerate((("new_lead", 5, 3, 1), ("lost", 1, 0, 0)), start=1):
        row = {"stage": stage, "stage_name": stage.replace("_", " ").capitalize(), "stage_position": position}
        counts = {"count_entered": came, "count_went_on": gone, "count_won": 0, "count_lost": lost}
        rows.add("reports.rpt_period_stages", **period, **lead, **row, **counts)
    # Of the last instant of the month in Perth; of the next one; by another lookback.
    for key, month, day, lookback in (("in", 2, 28, None), ("after", 3, 1, None), ("other", 2, 28, 30)):
        rows.add(
            "marts.fct_attribution_credits",
            tenant_id=MASSAGE,
            model="linear",
            lookback_days=lookback,
            conversion_key=key,
            converted_at=datetime(2026, month, day, 15, 59, 59, tzinfo=UTC),
            channel="google",
            credit=1.5,
            revenue_minor=12_000,
        )


#: The part of February's document that is no figure, as it was known at the time.
KEPT = {
    "stages": [
        {"pipeline": "lead", "pipeline_name": "Lead", "stage": "new_lead", "stage_name": "New lead"}
        | {"entered": 4, "went_on": 3, "won": 0, "lost": 0}
    ],
    "credits": {
        "model": "linear",
        "lookback_days": None,
        "currency": "AUD",
        "channels": [
            {"channel": "google", "conversions": 1.5, "revenue_minor": 12_000},
            {"channel": "none", "conversions": 1, "revenue_minor": 0},
        ],
    },
}


def test_stages_and_credits_are_shown_as_known_then_beside_now(
    reported_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"json": json.dumps(KEPT).encode(), "html": b"<html></html>", "pdf": b"%PDF"}
    ReportArchive(reported_home / "reports").write(MASSAGE, FEBRUARY, files)
    with signed_in_beside(reported_home, monkeypatch):
        app = open_page("reports", tenant=MASSAGE)
    assert not app.exception
    stages, by_channel = (table.value.replace(r"\\(.)", r"\1", regex=True).to_dict("list") for table in app.table)
    assert stages == {
        "Stage": ["Lead: New lead", "Lead: Lost"],
        "As we knew it then": ["4 entered, 3 moved on", MISSING],
        "With what we know now": ["**5 entered, 3 moved on, 1 lost**", "**1 entered**"],
    }
    assert by_channel == {
        "Channel": ["Google", "No touch known"],
        "As we knew it then": ["1.50 conversions, A$120.00", "1.00 conversions, A$0.00"],
        "With what we know now": ["1.50 conversions, A$120.00", f"**{MISSING}**"],
    }


@pytest.mark.usefixtures("reported_home")
def test_a_report_is_shown_as_known_then_beside_now_with_what_came_late() -> None:
    app = open_page("reports", tenant=MASSAGE)
    assert app.selectbox(key="report").options == ["February 2026, version 1"]
    table = app.dataframe[0].value
    assert table.to_dict("list") == {
        "Figure": ["Leads new", "Show rate", "Revenue received"],
        "Period before": ["3", "87.5%", "A$0.00"],
        "As we knew it then": ["4", MISSING, "A$120.00"],
        "With what we know now": ["5", MISSING, "A$120.00"],
        "Changed": [True, False, False],
    }
    text = text_of(app)
    assert "1 figure changed since this report was made" in text
    assert "**Lead late** Anna Lind" in text
    assert "arrived 5 days later" in text
    assert "Lead known" not in text
    assert "Lead of-march" not in text
    assert "files can't be fetched now" in text


def test_its_files_can_be_downloaded(reported_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"json": b"{}", "html": b"<html></html>", "pdf": b"%PDF"}
    ReportArchive(reported_home / "reports").write(MASSAGE, FEBRUARY, files)
    with receiver_beside(reported_home) as beside:
        for name, value in beside.environment.items():
            monkeypatch.setenv(name, value)
        sign_in_as(monkeypatch, owner_of(MASSAGE, token=beside.open_session(MASSAGE)))
        app = open_page("reports", tenant=MASSAGE)
        assert not app.exception
        labels = [getattr(element, "label", None) for element in app.get("download_button")]
        assert len(app.table) == 0
    assert labels == ["Download PDF", "Download HTML", "Download JSON"]
    assert "made before reports had stages and credits" in text_of(app)


def test_a_report_is_made_now_and_shown_once_it_is_known(
    reported_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Period, bool | None]] = []

    def make_february(period: Period, *, tenant_id: str, is_mailed: bool | None, **_: object) -> ReportId:
        assert tenant_id == MASSAGE
        asked.append((period, is_mailed))
        return FEBRUARY

    monkeypatch.setattr(reports_api, "make_report", make_february)
    with signed_in_beside(reported_home, monkeypatch):
        app = open_page("reports", tenant=MASSAGE)
        app.segmented_control(key="report_kind").set_value(PeriodKind.MONTHLY).run()
        app.checkbox(key="report_mail").check().run()
        app.button(key="make_report").click().run()
        assert not app.exception
        toasts = [toast.value for toast in app.toast]
    newest = last_complete(PeriodKind.MONTHLY, now=datetime.now(UTC), zone=ZoneInfo("Australia/Perth"))
    assert asked == [(newest, True)]
    assert any("is ready" in toast for toast in toasts)
    assert app.selectbox(key="report").value == str(FEBRUARY)


@pytest.mark.usefixtures("reported_home")
def test_a_business_without_reports_is_told_how_they_come() -> None:
    assert "No reports yet" in text_of(open_page("reports", tenant=BARBERS))
    assert "Choose a business" in text_of(open_page("reports"))


def test_revenue_by_staff_has_a_column_for_each_tax(filled_home: Path, now: datetime) -> None:
    rows = two_businesses_published(now=now)
    _add_metrics(rows)
    _add_february(rows)
    period = {"tenant_id": MASSAGE, "period_kind": "monthly", "period_start_date": date(2026, 2, 1)}
    known = {"tax_minor": 900, "before_tax_minor": 9_100, "taxes": '[{"name":"GST","amount_minor":900}]'}
    money = {"currency": "AUD", "received_minor": 10_000, "returned_minor": 0, "net_minor": 10_000}
    rows.add("reports.rpt_revenue_by_staff", **period, **money, **known, staff_name="Mia *Star*", count_payments=1)
    rows.add("reports.rpt_revenue_by_staff", **period, **money, staff_name="unknown", count_payments=1)
    rows.add("reports.rpt_revenue_by_service", **period, **money, service_name="unknown", count_payments=2)
    rows.publish(filled_home / "analytics.duckdb")
    app = open_page("reports", tenant=MASSAGE)
    assert not app.exception
    [by_staff] = (table.value.to_dict("list") for table in app.table)
    assert by_staff == {
        "Staff": [r"Mia \*Star\*", "Unknown"],
        "Received": ["A$100.00", "A$100.00"],
        "Refunded": ["A$0.00", "A$0.00"],
        "GST": ["A$9.00", MISSING],
        "Before tax": ["A$91.00", MISSING],
    }
