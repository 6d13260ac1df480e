"""The reports as assets: one per business and kind, a partition for every period on the business's calendar."""

from datetime import date
from zoneinfo import ZoneInfo

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Config,
    MaterializeResult,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
    asset,
)
from pydantic import Field

from frontdesk.core.settings import Settings
from frontdesk.domains.reports.periods import Period, PeriodKind
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.defs.publishing.assets import PUBLISHED_KEY
from pipelines.reporting.assembly import build_report_maker

#: What the keys of these assets begin with.
ARCHIVE = "archive"
#: The first period that can be made here; `frontdesk report make` makes any.
_FIRST_WEEK, _FIRST_MONTH = "2015-01-05", "2015-01-01"
#: The live path models an event within a second; a build of everything holds it up for minutes.
_PATIENCE_SECONDS = 900.0


class ReportConfig(Config):
    """What a run of a report can be told in the launchpad."""

    mail: bool | None = Field(
        default=None,
        description="Whether it goes to those who get reports. Left out: where it is the newest period that is over, "
        "and they have no report of it yet; so a backfill of old periods mails nobody.",
    )


def report_key(tenant_id: str, kind: PeriodKind) -> AssetKey:
    """Return the key of a business's weekly or monthly reports."""
    return AssetKey([ARCHIVE, tenant_id.replace("-", "_"), f"{kind}_report"])


def partitions_of(tenant: Tenant, kind: PeriodKind) -> TimeWindowPartitionsDefinition:
    """Return the periods of a kind; a partition's key is the first day, and it begins at midnight in the zone."""
    if kind is PeriodKind.WEEKLY:
        return WeeklyPartitionsDefinition(start_date=_FIRST_WEEK, day_offset=1, timezone=tenant.zone)
    return MonthlyPartitionsDefinition(start_date=_FIRST_MONTH, timezone=tenant.zone)


def build_report_asset(settings: Settings, tenant: Tenant, kind: PeriodKind) -> AssetsDefinition:
    """Return the asset; materialising a partition again adds a version if more is known by now."""

    @asset(
        key=report_key(tenant.slug, kind),
        partitions_def=partitions_of(tenant, kind),
        deps=[AssetKey(PUBLISHED_KEY)],
        group_name="reporting",
        kinds={"python", "duckdb"},
        description=f"The {kind} reports of {tenant.name}, {tenant.zone}: figures, page and PDF in the archive.",
    )
    def report(context: AssetExecutionContext, config: ReportConfig) -> MaterializeResult:  # type: ignore[type-arg]  # generic only since Dagster 1.13's stubs
        period = Period(kind, date.fromisoformat(context.partition_key))
        made = build_report_maker(settings).make(
            tenant, period, patience_seconds=_PATIENCE_SECONDS, is_mailed=config.mail
        )
        zone = ZoneInfo(tenant.zone)
        return MaterializeResult(
            metadata={
                "report_id": str(made.report_id),
                "log_sequence": made.log_sequence,
                "starts_at": period.starts_at(zone).isoformat(),
                "ends_at": period.ends_at(zone).isoformat(),
            }
        )

    return report
