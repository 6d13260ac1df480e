"""Asks for each business's reports when they are due: one sensor for all businesses, as they are configured now."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from dagster import (
    AssetSelection,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    define_asset_job,
    in_process_executor,
    sensor,
)

from frontdesk.core.clock import Clock
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.due_reports import DueReport, due_reports
from frontdesk.domains.reports.periods import PeriodKind
from frontdesk.domains.tenancy.directory import TenantDirectory
from pipelines.defs.reporting.assets import BUSINESSES, partition_of, report_key
from pipelines.reporting.businesses import open_home_directory

SENSOR_NAME = "reports_sensor"
_EVERY_SECONDS = 60


def build_report_sensor(settings: Settings, *, clock: Clock) -> SensorDefinition:
    """Return the sensor, with a job for each kind of report.

    Its cursor is the instant up to which it has asked, so a pause loses no report.
    """
    jobs = [
        define_asset_job(
            job_name(kind),
            selection=AssetSelection.assets(report_key(kind)),
            executor_def=in_process_executor,
            description=f"Make a {kind} report of a business.",
        )
        for kind in PeriodKind
    ]

    @cache
    def open_directory() -> TenantDirectory:
        return open_home_directory(settings)

    @sensor(
        name=SENSOR_NAME,
        jobs=jobs,
        minimum_interval_seconds=_EVERY_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Asks for the report of a week or month that is over, at nine on the business's own clock.",
    )
    def reports_sensor(context: SensorEvaluationContext) -> SensorResult:
        now = clock.now()
        after = datetime.fromisoformat(context.cursor) if context.cursor else now
        directory = open_directory()
        directory.refresh()
        due = list(due_reports(directory, after=after, until=now))
        return SensorResult(
            run_requests=[_request(each) for each in due],
            dynamic_partitions_requests=[BUSINESSES.build_add_request(sorted({each.tenant_id for each in due}))],
            cursor=now.isoformat(),
        )

    return reports_sensor


def job_name(kind: PeriodKind) -> str:
    """Return the name of the job that makes reports of a kind."""
    return f"{kind}_report_job"


def _request(due: DueReport) -> RunRequest:
    key = partition_of(due.tenant_id, due.period)
    return RunRequest(run_key=f"{due.period.kind}:{key}", job_name=job_name(due.period.kind), partition_key=key)
