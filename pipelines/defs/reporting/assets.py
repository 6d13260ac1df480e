"""The reports as assets: one per kind, a partition for every period of every business."""

from importlib import import_module
from zoneinfo import ZoneInfo

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Config,
    DynamicPartitionsDefinition,
    MaterializeResult,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    WeeklyPartitionsDefinition,
    asset,
)
from pydantic import Field

from frontdesk.core.clock import SystemClock
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.periods import Period, PeriodKind, parse_period
from pipelines.defs.publishing.assets import PUBLISHED_KEY
from pipelines.reporting.businesses import find_tenant

#: What the keys of these assets begin with.
ARCHIVE = "archive"
#: Businesses that have had reports made here: one that joins is a partition more, and no definition.
BUSINESSES = DynamicPartitionsDefinition(name="businesses")
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


def report_key(kind: PeriodKind) -> AssetKey:
    """Return the key of the weekly or monthly reports."""
    return AssetKey([ARCHIVE, f"{kind}_report"])


def partition_of(tenant_id: str, period: Period) -> MultiPartitionKey:
    """Return the key of the partition of a business's period; a period is named by its first day."""
    return MultiPartitionKey({"business": tenant_id, "first_day": period.start.isoformat()})


def _partitions(kind: PeriodKind) -> MultiPartitionsDefinition:
    # By days, whose instants differ from zone to zone: the business's own clock says when a period is over.
    first_days: WeeklyPartitionsDefinition | MonthlyPartitionsDefinition = (
        WeeklyPartitionsDefinition(start_date=_FIRST_WEEK, day_offset=1, end_offset=1)
        if kind is PeriodKind.WEEKLY
        else MonthlyPartitionsDefinition(start_date=_FIRST_MONTH, end_offset=1)
    )
    return MultiPartitionsDefinition({"business": BUSINESSES, "first_day": first_days})


def build_report_asset(settings: Settings, kind: PeriodKind) -> AssetsDefinition:
    """Return the asset; materialising a partition again adds a version if more is known by now."""

    @asset(
        key=report_key(kind),
        partitions_def=_partitions(kind),
        deps=[AssetKey(PUBLISHED_KEY)],
        group_name="reporting",
        kinds={"python", "duckdb"},
        description=f"The {kind} reports of all businesses: figures, page and PDF in the archive.",
    )
    def report(context: AssetExecutionContext, config: ReportConfig) -> MaterializeResult:  # type: ignore[type-arg]  # generic only since Dagster 1.13's stubs
        business, first_day = _parts(context.partition_key)
        tenant = find_tenant(settings, business)
        zone = ZoneInfo(tenant.zone)
        period = parse_period(first_day, kind, now=SystemClock().now(), zone=zone)
        # What draws reports is loaded by the run that makes one, and not by the code server beside it.
        maker = import_module("pipelines.reporting.assembly").build_report_maker(settings)
        made = maker.make(tenant, period, patience_seconds=_PATIENCE_SECONDS, is_mailed=config.mail)
        return MaterializeResult(
            metadata={
                "report_id": str(made.report_id),
                "log_sequence": made.log_sequence,
                "starts_at": period.starts_at(zone).isoformat(),
                "ends_at": period.ends_at(zone).isoformat(),
            }
        )

    return report


def _parts(partition_key: str) -> tuple[str, str]:
    """Return business and first day of a partition's key: its dimensions stand in the order of their names."""
    business, _, first_day = partition_key.partition("|")
    return business, first_day
