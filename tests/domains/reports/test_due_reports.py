"""Reports are due at nine on the business's own clock, whatever its zone does to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from frontdesk.domains.reports.due_reports import DueReport, due_reports
from frontdesk.domains.reports.periods import NoSuchPeriodError, PeriodKind, parse_period
from frontdesk.domains.reports.settings import ReportSettings
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants

TENANTS = load_tenants(Path(__file__).parents[3] / "tenants")
PERTH, YORK, TORONTO = "avatar-imaging", "mikes-detailing", "noizylab"
WEEKLY, MONTHLY = PeriodKind.WEEKLY, PeriodKind.MONTHLY
SPRING, AUTUMN = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


def wanting(slug: str, *kinds: PeriodKind) -> dict[str, Tenant]:
    reports = ReportSettings(weekly=WEEKLY in kinds, monthly=MONTHLY in kinds)
    return {slug: TENANTS[slug].model_copy(update={"reports": reports})}


def instants(tenants: dict[str, Tenant], *, start: datetime, count: int) -> list[tuple[str, str]]:
    """Return when the next reports become due (UTC), looking each quarter of an hour, and of which period."""
    found: list[tuple[str, str]] = []
    at = start
    while len(found) < count:
        due = due_reports(tenants, after=at, until=at + timedelta(minutes=15))
        at += timedelta(minutes=15)
        found += [(f"{at:%Y-%m-%d %H:%M}", each.period.start.isoformat()) for each in due]
    return found


@pytest.mark.parametrize(
    ("slug", "kind", "start", "expected"),
    [
        # New York goes from UTC-5 to UTC-4 on 8 March and back on 1 November 2026; so does Toronto; Perth never.
        (YORK, WEEKLY, SPRING, [("2026-03-02 14:00", "2026-02-23"), ("2026-03-09 13:00", "2026-03-02")]),
        (YORK, WEEKLY, AUTUMN, [("2026-10-26 13:00", "2026-10-19"), ("2026-11-02 14:00", "2026-10-26")]),
        (TORONTO, WEEKLY, AUTUMN, [("2026-10-26 13:00", "2026-10-19"), ("2026-11-02 14:00", "2026-10-26")]),
        (TORONTO, MONTHLY, SPRING, [("2026-03-01 14:00", "2026-02-01"), ("2026-04-01 13:00", "2026-03-01")]),
        (PERTH, WEEKLY, SPRING, [("2026-03-02 01:00", "2026-02-23"), ("2026-03-09 01:00", "2026-03-02")]),
        (PERTH, MONTHLY, AUTUMN, [("2026-11-01 01:00", "2026-10-01"), ("2026-12-01 01:00", "2026-11-01")]),
    ],
)
def test_nine_o_clock_is_the_businesss(
    slug: str, kind: PeriodKind, start: datetime, expected: list[tuple[str, str]]
) -> None:
    assert instants(wanting(slug, kind), start=start, count=2) == expected


def test_what_a_business_does_not_want_is_never_due() -> None:
    tenants = wanting(PERTH) | wanting(YORK, MONTHLY)
    due = list(due_reports(tenants, after=SPRING, until=SPRING + timedelta(days=70)))
    assert {(each.tenant_id, each.period.kind) for each in due} == {(YORK, MONTHLY)}


def test_a_pause_loses_no_report() -> None:
    due = list(due_reports(wanting(PERTH, WEEKLY), after=SPRING, until=SPRING + timedelta(days=22)))
    assert [each.period.start.isoformat() for each in due] == ["2026-03-09", "2026-03-02", "2026-02-23"]
    assert len(set(due)) == len(due)
    assert isinstance(due[0], DueReport)


def test_only_periods_that_are_over_can_be_asked_for() -> None:
    zone = ZoneInfo("Australia/Perth")
    almost = datetime(2026, 3, 8, 15, 59, 59, tzinfo=UTC)
    with pytest.raises(NoSuchPeriodError, match="is not over"):
        parse_period("2026-03-02", PeriodKind.WEEKLY, now=almost, zone=zone)
    over = datetime(2026, 3, 8, 16, tzinfo=UTC)
    assert parse_period("2026-03-02", PeriodKind.WEEKLY, now=over, zone=zone).end.isoformat() == "2026-03-09"
    with pytest.raises(NoSuchPeriodError, match="part of the one of 2026-03-02"):
        parse_period("2026-03-03", PeriodKind.WEEKLY, now=over, zone=zone)
    with pytest.raises(NoSuchPeriodError, match="is no date"):
        parse_period("soon", PeriodKind.WEEKLY, now=over, zone=zone)
