"""When reports are made: Monday, and the first of the month, at 9:00 on the business's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dagster import (
    AssetsDefinition,
    AssetSelection,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    define_asset_job,
    in_process_executor,
    schedule,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from frontdesk.core.settings import Settings
from frontdesk.domains.reports.periods import PeriodKind, last_complete
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from pipelines.defs.reporting.assets import build_report_asset, report_key

#: Minute, hour, day, month, weekday; on the business's clock, whatever its zone does to it.
CRON = {PeriodKind.WEEKLY: "0 9 * * 1", PeriodKind.MONTHLY: "0 9 1 * *"}


@dataclass(frozen=True, slots=True)
class ReportDefinitions:
    """What Dagster is given of the reports."""

    assets: tuple[AssetsDefinition, ...]
    jobs: tuple[UnresolvedAssetJobDefinition, ...]
    schedules: tuple[ScheduleDefinition, ...]


def build_report_definitions(settings: Settings) -> ReportDefinitions:
    """Return assets, jobs and schedules of every business and kind. Raises ConfigurationError for a wrong file."""
    tenant_kinds = [(tenant, kind) for tenant in load_tenants(settings.tenants_dir).values() for kind in PeriodKind]
    jobs = {(tenant.slug, kind): _job(tenant, kind) for tenant, kind in tenant_kinds}
    return ReportDefinitions(
        assets=tuple(build_report_asset(settings, tenant, kind) for tenant, kind in tenant_kinds),
        jobs=tuple(jobs.values()),
        schedules=tuple(
            build_report_schedule(tenant, kind, job=jobs[tenant.slug, kind]) for tenant, kind in tenant_kinds
        ),
    )


def build_report_schedule(
    tenant: Tenant, kind: PeriodKind, *, job: UnresolvedAssetJobDefinition
) -> ScheduleDefinition:
    """Return the schedule of one business and kind: it asks for the period that is just over, once."""
    is_wanted = tenant.reports.weekly if kind is PeriodKind.WEEKLY else tenant.reports.monthly

    @schedule(
        name=f"{_name(tenant, kind)}_schedule",
        job=job,
        cron_schedule=CRON[kind],
        execution_timezone=tenant.zone,
        default_status=DefaultScheduleStatus.RUNNING if is_wanted else DefaultScheduleStatus.STOPPED,
    )
    def report_schedule(context: ScheduleEvaluationContext) -> RunRequest:
        zone = ZoneInfo(tenant.zone)
        period = last_complete(kind, now=context.scheduled_execution_time.astimezone(zone), zone=zone)
        return RunRequest(run_key=period.start.isoformat(), partition_key=period.start.isoformat())

    return report_schedule


def _job(tenant: Tenant, kind: PeriodKind) -> UnresolvedAssetJobDefinition:
    return define_asset_job(
        f"{_name(tenant, kind)}_job",
        selection=AssetSelection.assets(report_key(tenant.slug, kind)),
        executor_def=in_process_executor,
        description=f"Make a {kind} report of {tenant.name}.",
    )


def _name(tenant: Tenant, kind: PeriodKind) -> str:
    return f"{tenant.slug.replace('-', '_')}_{kind}_report"
