"""Reports are asked for at nine on the business's own clock, whatever its zone does to it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster import DagsterInstance, RunRequest, ScheduleDefinition, build_schedule_context
from dagster._utils.schedules import cron_string_iterator

from frontdesk.core.settings import Settings
from frontdesk.domains.reports.periods import NoSuchPeriodError, PeriodKind, last_complete, parse_period
from frontdesk.domains.tenancy.tenant import load_tenants
from pipelines.defs.reporting.assets import partitions_of
from pipelines.defs.reporting.schedules import build_report_definitions
from tests.pipelines.kept import REPOSITORY

PERTH, YORK, TORONTO = "avatar_imaging", "mikes_detailing", "noizylab"
SPRING, AUTUMN = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)


@pytest.fixture(scope="module")
def schedules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ScheduleDefinition]:
    folder: Path = tmp_path_factory.mktemp("home")
    settings = Settings(home=folder, tenants_dir=REPOSITORY / "tenants")
    return {schedule.name: schedule for schedule in build_report_definitions(settings).schedules}


def ticks(schedule: ScheduleDefinition, *, start: datetime, count: int) -> list[datetime]:
    """Return the next instants that Dagster evaluates a schedule at."""
    assert isinstance(schedule.cron_schedule, str)
    instants = cron_string_iterator(start.timestamp(), schedule.cron_schedule, schedule.execution_timezone)
    return list(islice(instants, count))


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        # New York goes from UTC-5 to UTC-4 on 8 March and back on 1 November 2026; so does Toronto; Perth never.
        (f"{YORK}_weekly", SPRING, ["2026-03-02 14:00", "2026-03-09 13:00"]),
        (f"{YORK}_weekly", AUTUMN, ["2026-10-26 13:00", "2026-11-02 14:00"]),
        (f"{TORONTO}_weekly", AUTUMN, ["2026-10-26 13:00", "2026-11-02 14:00"]),
        (f"{TORONTO}_monthly", SPRING, ["2026-03-01 14:00", "2026-04-01 13:00"]),
        (f"{PERTH}_weekly", SPRING, ["2026-03-02 01:00", "2026-03-09 01:00"]),
        (f"{PERTH}_monthly", AUTUMN, ["2026-11-01 01:00", "2026-12-01 01:00"]),
    ],
)
def test_nine_o_clock_is_the_businesss(
    schedules: dict[str, ScheduleDefinition], name: str, start: datetime, expected: list[str]
) -> None:
    at = ticks(schedules[f"{name}_report_schedule"], start=start, count=2)
    assert [f"{each.astimezone(UTC):%Y-%m-%d %H:%M}" for each in at] == expected
    assert {each.hour for each in at} == {9}


@pytest.mark.parametrize(
    ("name", "at", "period"),
    [
        (f"{YORK}_weekly", datetime(2026, 3, 9, 13, tzinfo=UTC), "2026-03-02"),
        (f"{YORK}_weekly", datetime(2026, 11, 2, 14, tzinfo=UTC), "2026-10-26"),
        (f"{YORK}_monthly", datetime(2026, 11, 1, 13, tzinfo=UTC), "2026-10-01"),
        (f"{PERTH}_weekly", datetime(2026, 3, 9, 1, tzinfo=UTC), "2026-03-02"),
        (f"{PERTH}_monthly", datetime(2027, 1, 1, 1, tzinfo=UTC), "2026-12-01"),
    ],
)
def test_a_tick_asks_for_the_period_that_is_just_over(
    schedules: dict[str, ScheduleDefinition], name: str, at: datetime, period: str
) -> None:
    schedule = schedules[f"{name}_report_schedule"]
    with DagsterInstance.ephemeral() as instance:
        asked = schedule(build_schedule_context(instance=instance, scheduled_execution_time=at))
    assert isinstance(asked, RunRequest)
    assert asked.partition_key == asked.run_key == period


def test_a_partition_is_the_period_to_the_second() -> None:
    for tenant in load_tenants(REPOSITORY / "tenants").values():
        for kind in PeriodKind:
            zone = ZoneInfo(tenant.zone)
            for now in (SPRING, AUTUMN, datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)):
                period = last_complete(kind, now=now, zone=zone)
                window = partitions_of(tenant, kind).time_window_for_partition_key(period.start.isoformat())
                assert (window.start, window.end) == (period.starts_at(zone), period.ends_at(zone))


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
