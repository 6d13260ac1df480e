"""Builds a warehouse from the log: copies the events, has dbt compute every model, notes what it was built from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import Engine

from core.clock import Clock
from core.event_log import EventLog
from core.tenants import Tenant
from pipelines.activation.rule_tables import replace_rules
from pipelines.lib import warehouse
from pipelines.lib.dbt_runner import DbtRunner
from pipelines.lib.log_copy import (
    copied_sequence,
    copy_or_quarantine,
    create_raw_tables,
    has_current_raw_tables,
    read_postponed,
    read_quarantine,
    replace_quarantine,
    replace_rejection_counts,
    replace_tenants,
    set_log_position,
)
from pipelines.lib.pipeline_tables import replace_pipelines

#: A backlog longer than this is faster built than followed (measured: about 4,000 events/s live, 30,000 built).
BUILD_BACKLOG = 50_000
_COPY_BATCH_SIZE = 20_000

#: Called with (sequence reached, sequence to reach).
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class WarehouseBuilder:
    """What a warehouse is built from, and where it lies. Whoever calls it holds the writer lock, the file closed."""

    path: Path
    log: EventLog
    engine: Engine
    tenants: Mapping[str, Tenant]
    dbt: DbtRunner
    clock: Clock

    def beside(self, path: Path) -> WarehouseBuilder:
        """Return the builder of another warehouse from the same log."""
        return replace(self, path=path, dbt=self.dbt.beside(path))

    def needs_build(self) -> bool:
        """Tell whether the warehouse is not what this project makes of the log, or too far behind to be followed."""
        with warehouse.connected(self.path) as connection:
            if not has_current_raw_tables(connection):
                return True
            row = connection.execute("select fingerprint from raw.built_from").fetchone()
            behind = self.log.last_sequence() - copied_sequence(connection)
        return row is None or row[0] != self._fingerprint() or behind > BUILD_BACKLOG

    def build(
        self,
        *,
        with_tests: bool,
        progress: Progress | None = None,
        end: int | None = None,
        quarantine: pa.Table | None = None,
    ) -> None:
        """Copy what is new in the log, up to the sequence `end`, and compute every model. Raises DbtError.

        Events that are set aside stay so; `quarantine` sets aside those of another warehouse.
        """
        self._remove_if_outdated()
        with warehouse.connected(self.path) as connection:
            create_raw_tables(connection)
            connection.execute("delete from raw.built_from")
            replace_tenants(connection, self.tenants.values())
            replace_rules(connection, self.tenants.values())
            replace_pipelines(connection, self.tenants.values())
            start = copied_sequence(connection)
            if quarantine is not None:
                replace_quarantine(connection, quarantine)
            end = self.log.last_sequence() if end is None else end
            self._copy_log(connection, progress=progress, start=start, end=end)
            modelled = copied_sequence(connection)
        self.dbt.build(with_tests=with_tests)
        with warehouse.connected(self.path) as connection:
            connection.execute("insert into raw.built_from values (?, ?)", [self._fingerprint(), modelled])

    def quarantine(self) -> pa.Table:
        """Return the events that the warehouse leaves out."""
        with warehouse.connected(self.path) as connection:
            return read_quarantine(connection)

    def _remove_if_outdated(self) -> None:
        with warehouse.connected(self.path) as connection:
            is_current = has_current_raw_tables(connection)
        if not is_current:
            warehouse.remove(self.path)

    def _copy_log(
        self, connection: duckdb.DuckDBPyConnection, *, progress: Progress | None, start: int, end: int
    ) -> None:
        now = self.clock.now()
        left_out = frozenset(read_quarantine(connection).column("sequence").to_pylist())
        copy_or_quarantine(connection, read_postponed(connection, self.log), now=now)
        for batch in self.log.read_batches(start, batch_size=_COPY_BATCH_SIZE):
            events = [event for event in batch if event.sequence <= end]
            if not events:
                break
            copy_or_quarantine(connection, [event for event in events if event.sequence not in left_out], now=now)
            if progress:
                progress(events[-1].sequence, end)
        set_log_position(connection, log_sequence=end, copied_at=now)
        replace_rejection_counts(connection, self.engine)

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self.dbt.fingerprint().encode())
        for slug in sorted(self.tenants):
            digest.update(self.tenants[slug].model_dump_json().encode())
        return digest.hexdigest()
