"""Puts the parts of one home together from its settings: the composition shared by Dagster and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import has_tables, open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.configurations import read_newest
from frontdesk.domains.bookings.outside_times import OutsideTimes
from frontdesk.domains.bookings.projection import BookingTables
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.operations.heartbeats import Heartbeats
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.withdrawals import Withdrawals
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from frontdesk.domains.tenancy.tenant import Tenant, read_tenants
from pipelines.build.dbt_runner import DbtRunner
from pipelines.build.start_cache import StartCache
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.live.modeller import Modeller
from pipelines.live.outbox_filler import OutboxFiller
from pipelines.live.outside_bookings import OutsideBookings
from pipelines.live.waitlist_offers import WaitlistOffers


def build_dbt_runner(settings: Settings) -> DbtRunner:
    """Return dbt for this home's warehouse. Raises ConfigurationError if the project is not in its folder."""
    if not (settings.dbt_project_dir / "dbt_project.yml").is_file():
        raise ConfigurationError(
            f"{settings.dbt_project_dir.absolute()} has no dbt_project.yml; set FRONTDESK_DBT_PROJECT_DIR to the "
            "folder dbt_project of your checkout"
        )
    return DbtRunner(
        project_dir=settings.dbt_project_dir,
        warehouse_path=settings.warehouse_path,
        target_dir=settings.home.absolute() / "dbt_target",
        cache=StartCache(settings.start_cache_path),
    )


def build_event_log(settings: Settings) -> EventLog:
    """Return the home's event log; its tables are made if they are missing."""
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))


def build_booking_tables(settings: Settings) -> BookingTables:
    """Return what is taken by bookings of a home; its tables are made if they are missing."""
    return BookingTables(open_database(settings.event_log_url, backups=settings.backups_path))


def build_heartbeats(settings: Settings) -> Heartbeats:
    """Return where the pipelines of a home leave their heartbeats; its tables are made if they are missing."""
    return heartbeats_on(open_database(settings.event_log_url, backups=settings.backups_path))


def heartbeats_on(engine: Engine) -> Heartbeats:
    """Return the heartbeats in a database; nothing is opened yet."""
    clock = SystemClock()
    return Heartbeats(engine, clock=clock, ids=UuidV7Factory(clock))


def build_warehouse_builder(settings: Settings) -> WarehouseBuilder:
    """Return what builds this home's warehouse. Raises ConfigurationError for a wrong tenant file."""
    return warehouse_builder_on(
        open_database(settings.event_log_url, backups=settings.backups_path), settings=settings, clock=SystemClock()
    )


def warehouse_builder_on(engine: Engine, *, settings: Settings, clock: Clock) -> WarehouseBuilder:
    """Return what builds this home's warehouse from the log of an open database. Raises ConfigurationError."""
    return WarehouseBuilder(
        path=settings.warehouse_path,
        log=EventLog(engine, ids=UuidV7Factory(clock)),
        engine=engine,
        tenants=_tenants_in_files(settings, engine),
        dbt=build_dbt_runner(settings),
        clock=clock,
        cache=StartCache(settings.start_cache_path),
    )


def build_modeller(settings: Settings, *, published_by: str, position: DecidedPosition | None = None) -> Modeller:
    """Return the modeller of one home, whose files are in the log by then. Raises ConfigurationError.

    `position` is told how far the outbox takes account of the log.
    """
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    TenantFiles.open(engine, folder=settings.tenants_dir).write_changes()
    builder = warehouse_builder_on(engine, settings=settings, clock=SystemClock())
    outbox = Outbox(builder.engine, clock=builder.clock, ids=UuidV7Factory(builder.clock))
    withdrawals = Withdrawals(builder.engine, outbox=outbox, log=builder.log)
    filler = OutboxFiller(
        outbox, withdrawals=withdrawals, clock=builder.clock, set_aside=builder.set_aside, position=position
    )
    in_force = _followed(TenantDirectory.open(engine, folder=settings.tenants_dir, clock=builder.clock))
    waitlist = Waitlist(builder.engine, log=builder.log, clock=builder.clock, ids=UuidV7Factory(builder.clock))
    return Modeller(
        builder,
        filler=filler,
        outside=OutsideBookings(
            OutsideTimes(builder.engine, log=builder.log, clock=builder.clock),
            in_force=in_force,
            clock=builder.clock,
        ),
        offers=WaitlistOffers(waitlist, in_force=in_force, clock=builder.clock),
        analytics_path=settings.analytics_path,
        published_by=published_by,
    )


def _followed(directory: TenantDirectory) -> Callable[[], TenantDirectory]:
    def in_force() -> TenantDirectory:
        directory.refresh()
        return directory

    return in_force


def _tenants_in_files(settings: Settings, engine: Engine) -> Mapping[str, Tenant]:
    """Return what the files say: of businesses whose file is not in the log yet, that counts."""
    in_log = read_newest(engine) if has_tables(engine) else {}
    if in_log and all(file.stem in in_log for file in settings.tenants_dir.glob("*.yaml")):
        return {}  # reading them takes 30 ms of CPU each
    try:
        return read_tenants(settings.tenants_dir).tenants
    except ConfigurationError:
        if in_log:
            return {}
        raise
