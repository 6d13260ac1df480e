"""Makes homes for tests: a log, and a warehouse that was built once and is copied, since a build takes seconds."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory, UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.set_aside import SetAside
from frontdesk.domains.bookings.outside_times import OutsideTimes
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.withdrawals import Withdrawals
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from pipelines.build.dbt_runner import DbtRunner
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.live.modeller import Modeller
from pipelines.live.outbox_filler import OutboxFiller
from pipelines.live.outside_bookings import OutsideBookings
from pipelines.live.waitlist_offers import WaitlistOffers
from tests.clocks import SetClock
from tests.pipelines.kept import CACHE, REPOSITORY, kept, project_digest, warehouse_digest

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Home:
    """One home in a folder: log, warehouse, published file."""

    folder: Path
    target_dir: Path
    tenants: Mapping[str, Tenant]
    clock: Clock
    ids: IdFactory
    project_dir: Path = REPOSITORY / "dbt_project"

    @cached_property
    def engine(self) -> Engine:
        """The operational database."""
        engine = open_engine(f"sqlite:///{self.folder / 'frontdesk.db'}")
        create_tables(engine)
        return engine

    @cached_property
    def log(self) -> EventLog:
        """The event log."""
        return EventLog(self.engine, ids=self.ids)

    @cached_property
    def outbox(self) -> Outbox:
        """The outbox."""
        return Outbox(self.engine, clock=self.clock, ids=self.ids)

    @cached_property
    def position(self) -> DecidedPosition:
        """How far this home's modellers have decided upon the log."""
        return DecidedPosition()

    @property
    def set_aside(self) -> SetAside:
        """What is set aside."""
        return SetAside(self.engine, clock=self.clock)

    @property
    def warehouse_path(self) -> Path:
        """The warehouse file."""
        return self.folder / "warehouse.duckdb"

    @property
    def analytics_path(self) -> Path:
        """The published file."""
        return self.folder / "analytics.duckdb"

    def remove(self) -> None:
        """Remove its folder: some 50 MB."""
        self.engine.dispose()
        shutil.rmtree(self.folder)

    def compile(self) -> None:
        """Compile the project, once per state of it."""
        self._dbt().compiled_manifest()

    def build(self, *models: str) -> None:
        """Build these models from what the warehouse has, and publish them: what only builds compute."""
        self._dbt().build(with_tests=False, select=models)
        with self.modeller().opened():
            pass

    def _dbt(self) -> DbtRunner:
        return DbtRunner(
            project_dir=self.project_dir,
            warehouse_path=self.warehouse_path,
            target_dir=self.target_dir,
        )

    def builder(self) -> WarehouseBuilder:
        """Return what builds the warehouse."""
        return WarehouseBuilder(
            path=self.warehouse_path,
            log=self.log,
            engine=self.engine,
            tenants=self.tenants,
            dbt=self._dbt(),
            clock=self.clock,
        )

    def modeller(self) -> Modeller:
        """Return a new modeller, closed."""
        return Modeller(
            self.builder(),
            filler=OutboxFiller(
                self.outbox,
                withdrawals=Withdrawals(self.engine, outbox=self.outbox, log=self.log),
                clock=self.clock,
                set_aside=self.set_aside,
                position=self.position,
            ),
            outside=OutsideBookings(
                OutsideTimes(self.engine, log=self.log, clock=self.clock),
                in_force=lambda: self.tenants,
                clock=self.clock,
            ),
            offers=WaitlistOffers(
                Waitlist(self.engine, log=self.log, clock=self.clock, ids=self.ids),
                in_force=lambda: self.tenants,
                clock=self.clock,
            ),
            analytics_path=self.analytics_path,
            published_by="test",
        )

    def follow_in_batches(self, batches: Sequence[Sequence[NewEvent]]) -> None:
        """Append and model one batch after the other, as the live path does."""
        with self.modeller().opened() as modeller:
            for batch in batches:
                self.log.append(batch)
                modeller.follow_to_end()

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Query the published file."""
        with duckdb.connect(str(self.analytics_path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def warehouse_query(self, sql: str) -> list[tuple[object, ...]]:
        """Query the warehouse, which nobody has open: what is not published."""
        with duckdb.connect(str(self.warehouse_path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let one worker at a time do something in a folder that they share."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _template(folder: Path, *, target_dir: Path, tenants: Mapping[str, Tenant]) -> Home:
    return Home(
        folder=folder,
        target_dir=target_dir,
        tenants=tenants,
        clock=SetClock(NOW),
        ids=UuidV7Factory(SetClock(NOW)),
    )


class HomeFactory:
    """Copies built, empty homes as often as tests want.

    What dbt compiles and builds is kept between runs, once for all workers; see kept.py.
    """

    def __init__(self, folder: Path, *, tenants: Mapping[str, Tenant] | None = None) -> None:
        self._folder = folder
        self._count = 0
        self._target_dir = folder / "dbt_target"
        self._tenants = tenants or load_tenants(REPOSITORY / "tenants")
        with alone_in(CACHE):
            shutil.copytree(kept(f"project-{project_digest()}", self._compile), self._target_dir)

    def _compile(self, folder: Path) -> None:
        home = _template(folder, target_dir=folder, tenants=self._tenants)
        home.compile()

    def _build(self, folder: Path, *, tenants: Mapping[str, Tenant]) -> None:
        home = _template(folder, target_dir=self._target_dir, tenants=tenants)
        if tenants:
            # Businesses join a warehouse that is there: a build of their own would take 25 s.
            shutil.copyfile(self._kept({}), home.warehouse_path)
            with home.modeller().opened():
                pass
        else:
            home.modeller().rebuild(with_tests=False)
        home.engine.dispose()

    def _warehouse(self, tenants: Mapping[str, Tenant]) -> Path:
        """Return a warehouse of an empty log."""
        with alone_in(CACHE):
            return self._kept(tenants)

    def _kept(self, tenants: Mapping[str, Tenant]) -> Path:
        folder = kept(f"warehouse-{warehouse_digest(tenants)}", partial(self._build, tenants=tenants))
        return folder / "warehouse.duckdb"

    def compiled_manifest(self) -> Path:
        """Return what dbt knows of the project, compiled once for all workers."""
        return self._target_dir / "compiled" / "manifest.json"

    def prepare(self, folder: Path) -> None:
        """Give a folder that real processes use as their home what they would build and compile first."""
        shutil.copyfile(self._warehouse(self._tenants), folder / "warehouse.duckdb")
        shutil.copytree(self._target_dir, folder / "dbt_target")

    def new_home(
        self,
        *,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
        tenants: Mapping[str, Tenant] | None = None,
    ) -> Home:
        """Return a home with an empty log and a warehouse that is built for its tenants."""
        self._count += 1
        folder = self._folder / f"home-{self._count}"
        folder.mkdir()
        tenants = tenants or self._tenants
        shutil.copyfile(self._warehouse(tenants), folder / "warehouse.duckdb")
        clock = clock or SetClock(NOW)
        return Home(
            folder=folder,
            target_dir=self._target_dir,
            tenants=tenants,
            clock=clock,
            ids=ids or UuidV7Factory(clock),
        )
