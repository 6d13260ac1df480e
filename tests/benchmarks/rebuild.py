"""Rebuild: the whole warehouse from the log, beside DuckDB merely reading the same JSON once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import duckdb

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.tenancy.tenant import load_tenants
from pipelines.build.dbt_runner import DbtRunner
from pipelines.build.warehouse_builder import WarehouseBuilder
from tests.benchmarks.figures import Figures, Report, scale_name
from tests.benchmarks.homes import BenchHome

_SCANS = 5
#: One field out of every payload, as cheaply as DuckDB can.
_SCAN = "select count(payload ->> '$.id') from raw.event_log"


class _TimedDbt(DbtRunner):
    """dbt, and how long its builds took."""

    build_s = 0.0

    def build(self, *, with_tests: bool, select: Sequence[str] = ()) -> None:
        """Build; see DbtRunner."""
        started_at = time.perf_counter()
        super().build(with_tests=with_tests, select=select)
        self.build_s += time.perf_counter() - started_at


def measure_rebuild(home: BenchHome, report: Report) -> Figures:
    """Return the rebuild figures of a home; its warehouse is built anew."""
    settings, scale = home.settings, scale_name(home.count)
    for file in home.folder.glob("warehouse.duckdb*"):
        file.unlink()
    dbt = _TimedDbt(
        project_dir=settings.dbt_project_dir,
        warehouse_path=settings.warehouse_path,
        target_dir=home.folder / "dbt_target",
    )
    engine, clock = open_engine(settings.event_log_url), SystemClock()
    builder = WarehouseBuilder(
        path=settings.warehouse_path,
        log=EventLog(engine, ids=UuidV7Factory(clock)),
        engine=engine,
        tenants=load_tenants(settings.tenants_dir),
        dbt=dbt,
        clock=clock,
    )
    report.step(f"rebuild of {home.count:,} events")
    started_at = time.perf_counter()
    builder.build(with_tests=False)
    rebuild_s = time.perf_counter() - started_at
    engine.dispose()
    scan_s = _scan_s(settings.warehouse_path)
    return {
        f"rebuild_s_{scale}": round(rebuild_s, 1),
        f"rebuild_copy_s_{scale}": round(rebuild_s - dbt.build_s, 1),
        f"rebuild_dbt_s_{scale}": round(dbt.build_s, 1),
        f"rebuild_scan_s_{scale}": round(scan_s, 3),
        "rebuild_vs_scan": round(rebuild_s / scan_s, 1),
    }


def _scan_s(warehouse: Path) -> float:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return median(_timed_scan(connection) for _ in range(_SCANS))


def _timed_scan(connection: duckdb.DuckDBPyConnection) -> float:
    started_at = time.perf_counter()
    connection.execute(_SCAN).fetchone()
    return time.perf_counter() - started_at
