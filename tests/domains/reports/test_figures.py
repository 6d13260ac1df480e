"""Every figure of every week and month of a known history is what plain counting gives."""

from __future__ import annotations

from collections import Counter

import pytest

from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.html_page import to_html
from frontdesk.domains.reports.periods import Period, PeriodKind, period_of
from tests.domains.reports.conftest import ReportingHome
from tests.domains.reports.history import TENANT, count_credits, count_figures, count_stages

BROKEN_DOWN = (
    ("revenue_received", "service"),
    ("revenue_refunded", "channel"),
    ("bookings_created", "service"),
    ("leads_new", "channel"),
)


def periods_of(reporting: ReportingHome, kind: PeriodKind) -> list[Period]:
    days = {each.at.astimezone(reporting.zone).date() for each in reporting.history.noted}
    return sorted({period_of(day, kind) for day in days})


@pytest.mark.parametrize("kind", PeriodKind)
def test_figures_are_what_counting_gives(reporting: ReportingHome, kind: PeriodKind) -> None:
    periods = periods_of(reporting, kind)
    assert len(periods) > 5
    for period in periods:
        report = reporting.report(period)
        counted = count_figures(
            reporting.history.noted,
            period,
            zone=reporting.zone,
            own_currency=reporting.tenant.currency,
        )
        computed = {(each.metric, each.currency): each.value for each in report.figures}
        told = {key: value for key, value in computed.items() if key in counted}
        assert told == counted, period
        # What else there is are moneys in which nothing happened, and commands, of which there were none.
        assert not any(value for key, value in computed.items() if key not in counted), period


@pytest.mark.parametrize("kind", PeriodKind)
def test_stages_and_credits_are_what_counting_gives(reporting: ReportingHome, kind: PeriodKind) -> None:
    noted, zone, currency = reporting.history.noted, reporting.zone, reporting.tenant.currency
    totals: Counter[str] = Counter()
    for period in periods_of(reporting, kind):
        report = reporting.report(period)
        stages = {each.stage: (each.entered, each.went_on, each.won, each.lost) for each in report.stages}
        assert stages == count_stages(noted, period, zone=zone), period
        assert {each.pipeline for each in report.stages} <= {"job"}
        assert report.credits is not None
        credited = {each.channel: (each.conversions, each.revenue_minor) for each in report.credits.channels}
        assert credited == count_credits(noted, period, zone=zone, own_currency=currency), period
        totals.update({channel: int(conversions) for channel, (conversions, _) in credited.items()})
        page = to_html(report).decode()
        assert ("Stages: Job" in page) == bool(stages)
        assert ("Conversions by channel (last non-direct touch)" in page) == bool(credited)
    assert min(totals[channel] for channel in ("none", "google", "instagram", "referral")) > 0


def test_the_history_has_something_of_everything(reporting: ReportingHome) -> None:
    reports = [reporting.report(period) for period in periods_of(reporting, PeriodKind.MONTHLY)]
    for metric in {each.metric for each in reports[0].figures} - {"commands_failed"}:
        assert any(figure.value for report in reports for figure in report.figures if figure.metric == metric), metric


def test_the_period_before_is_told_beside(reporting: ReportingHome) -> None:
    periods = periods_of(reporting, PeriodKind.MONTHLY)
    assert periods[1].previous == periods[0]
    before, after = (reporting.report(period) for period in periods[:2])
    for figure in after.figures:
        known = before.find(figure.metric, currency=figure.currency)
        assert known is None or known.value == figure.previous


def test_parts_add_up_to_the_figure(reporting: ReportingHome) -> None:
    for period in periods_of(reporting, PeriodKind.WEEKLY):
        report = reporting.report(period)
        for metric, dimension in BROKEN_DOWN:
            for figure in (each for each in report.figures if each.metric == metric):
                assert figure.value == sum(parts(report, metric, dimension, figure.currency))


def parts(report: Report, metric: str, dimension: str, currency: str | None) -> list[int]:
    return [
        share.value
        for share in report.shares
        if (share.metric, share.dimension, share.currency) == (metric, dimension, currency)
    ]


def test_a_period_in_which_nothing_happened_has_figures_of_zero(reporting: ReportingHome) -> None:
    period = period_of(reporting.history.noted[0].at.date().replace(year=2019), PeriodKind.WEEKLY)
    report = reporting.report(period)
    assert {figure.value for figure in report.figures} == {0, None}
    assert report.shares == ()


@pytest.mark.parametrize("kind", PeriodKind)
def test_asked_for_some_periods_are_the_figures_of_all(reporting: ReportingHome, kind: PeriodKind) -> None:
    periods = periods_of(reporting, kind)
    first, end = periods[1].start, periods[3].end
    within = f"period_start_date >= date '{first}' and period_end_date <= date '{end}'"
    levels = "(select metric from marts.dim_metrics where aggregation = 'level')"
    ours = f"tenant_id = '{TENANT}' and {within} and metric not in {levels}"
    of_all = f"select * from reports.rpt_period_figures where {ours}"
    of_some = f"select * from reports.period_figures('{TENANT}', date '{first}', date '{end}')"
    assert reporting.home.query(f"({of_all} except {of_some}) union all ({of_some} except {of_all})") == []
    assert reporting.home.query(f"select count(*) > 50 from ({of_some})") == [(True,)]
