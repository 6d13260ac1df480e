"""Keeps the warehouse of one home true to its log: builds it, follows the log, publishes."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb
from sqlalchemy import Engine

from core.clock import Clock
from core.envelope import Event
from core.event_log import EventLog
from core.tenants import Tenant
from pipelines.lib.dbt_runner import DbtRunner, Manifest
from pipelines.lib.live_path import BatchResult, LivePath
from pipelines.lib.log_copy import (
    copied_sequence,
    copy_events,
    create_raw_tables,
    replace_rejection_counts,
    replace_tenants,
    set_log_position,
)
from pipelines.lib.publisher import Publisher
from pipelines.lib.verification import Difference, compare_warehouses
from pipelines.lib.writer_lock import WriterLock

#: Events per batch of the live path. Larger batches cost less per event, smaller ones are seen sooner.
LIVE_BATCH_SIZE = 2_000
#: A backlog longer than this is faster built than followed (measured: about 4,000 events/s live, 30,000 built).
BUILD_BACKLOG = 50_000
_COPY_BATCH_SIZE = 20_000
#: A look at the log's end costs some 50 microseconds on SQLite; this is what a waiting event can lose.
POLL_SECONDS = 0.005

_logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


class Modeller:
    """One warehouse and its log. Opens the file for writing between open() and close() only."""

    def __init__(
        self,
        *,
        warehouse_path: Path,
        analytics_path: Path,
        log: EventLog,
        engine: Engine,
        tenants: Mapping[str, Tenant],
        dbt: DbtRunner,
        clock: Clock,
        published_by: str,
    ) -> None:
        self._warehouse_path = warehouse_path
        self._analytics_path = analytics_path
        self._log = log
        self._engine = engine
        self._tenants = tenants
        self._dbt = dbt
        self._clock = clock
        self._published_by = published_by
        self.lock = WriterLock(warehouse_path)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._manifest: Manifest | None = None
        self._live: LivePath | None = None
        self._publisher: Publisher | None = None
        self._modelled_sequence = 0

    @property
    def modelled_sequence(self) -> int:
        """The newest sequence that the open warehouse has modelled."""
        return self._modelled_sequence

    @property
    def is_open(self) -> bool:
        """Tell whether this holds the writer lock and the file."""
        return self._connection is not None

    def open(self, *, progress: Progress | None = None) -> None:
        """Take the writer lock and open the warehouse; build it first where it is not what the project says."""
        manifest = self._dbt.live_manifest()
        self.lock.acquire()
        try:
            if self._needs_build():
                self._build(with_tests=False, progress=progress)
            connection = _connect(self._warehouse_path)
            self._manifest, self._connection = manifest, connection
            self._live = LivePath(connection, manifest, engine=self._engine)
            self._publisher = Publisher(connection, manifest, analytics_path=self._analytics_path)
            self._modelled_sequence = copied_sequence(connection)
            self._publisher.publish_all(now=self._clock.now(), published_by=self._published_by)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the warehouse and give the writer lock back."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._live = self._publisher = None
        self.lock.release()

    @contextmanager
    def opened(self, *, progress: Progress | None = None) -> Iterator[Modeller]:
        """Open for a block."""
        self.open(progress=progress)
        try:
            yield self
        finally:
            self.close()

    def rebuild(self, *, with_tests: bool, progress: Progress | None = None) -> None:
        """Compute everything from the log's first event. Waits for the writer lock. Raises DbtError."""
        with self.lock.held():
            self._build(with_tests=with_tests, progress=progress)

    def verify(self, *, progress: Progress | None = None) -> list[Difference]:
        """Follow the log to its end, build from the log beside, and compare. Needs the files of this home closed.

        The build stops where the followed warehouse stopped, so intake may go on meanwhile.
        """
        with self.opened():
            self.follow_to_end()
            end = self._modelled_sequence
        beside = self._warehouse_path.parent / "verification" / self._warehouse_path.name
        _remove_warehouse(beside)
        other = self._beside(beside)
        other._build(with_tests=False, progress=progress, end=end)
        with self.lock.held():
            differences = compare_warehouses(self._warehouse_path, beside)
        _remove_warehouse(beside)
        return differences

    def follow_once(self) -> BatchResult | None:
        """Model and publish the next batch; None when the log has no new event. Needs open()."""
        events = self._log.read_after(self._modelled_sequence, limit=LIVE_BATCH_SIZE)
        if not events:
            return None
        result = self._run_batch(events)
        self._publish(result)
        return result

    def follow_to_end(self, *, progress: Progress | None = None) -> int:
        """Model and publish until the log has nothing new; return how many events."""
        count = 0
        end = self._log.last_sequence()
        while result := self.follow_once():
            count += result.count_events
            if progress:
                progress(result.last_sequence, max(end, result.last_sequence))
        return count

    def wait_for_events(self, *, timeout: float) -> None:
        """Return as soon as the log has an event that is not modelled, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._log.last_sequence() <= self._modelled_sequence and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _run_batch(self, events: list[Event]) -> BatchResult:
        """Model a batch; where one event breaks it, set that event aside and go on with the others."""
        live, connection = _opened(self._live), _opened(self._connection)
        now = self._clock.now()
        try:
            result = live.run_batch(
                events,
                modelled_sequence=self._modelled_sequence,
                log_sequence=max(self._log.last_sequence(), events[-1].sequence),
                now=now,
            )
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            if len(events) == 1:
                _logger.exception("event set aside", extra={"event_id": events[0].event_id})
                _quarantine(connection, events[0], error)
                self._modelled_sequence = events[0].sequence
                return BatchResult(count_events=1, last_sequence=events[0].sequence, changes=())
            half = len(events) // 2
            first, second = self._run_batch(events[:half]), self._run_batch(events[half:])
            return BatchResult(
                count_events=len(events),
                last_sequence=second.last_sequence,
                changes=first.changes + second.changes,
            )
        self._modelled_sequence = result.last_sequence
        return result

    def _publish(self, result: BatchResult) -> None:
        _opened(self._publisher).publish_changes(
            result.changes, now=self._clock.now(), published_by=self._published_by
        )

    def _needs_build(self) -> bool:
        # A write-ahead log on disk: the last holder was killed. Replaying it under indexes was seen to leave rows
        # that later deletes by index miss, so the file is not trusted: it is built again from the log.
        was_killed = self._warehouse_path.with_name(self._warehouse_path.name + ".wal").exists()
        with _closing(_connect(self._warehouse_path)) as connection:
            create_raw_tables(connection)
            row = connection.execute("select fingerprint from raw.built_from").fetchone()
            behind = self._log.last_sequence() - copied_sequence(connection)
        return was_killed or row is None or row[0] != self._fingerprint() or behind > BUILD_BACKLOG

    def _beside(self, warehouse_path: Path) -> Modeller:
        return Modeller(
            warehouse_path=warehouse_path,
            analytics_path=warehouse_path.with_name("analytics.duckdb"),
            log=self._log,
            engine=self._engine,
            tenants=self._tenants,
            dbt=self._dbt.beside(warehouse_path),
            clock=self._clock,
            published_by=self._published_by,
        )

    def _build(self, *, with_tests: bool, progress: Progress | None, end: int | None = None) -> None:
        with _closing(_connect(self._warehouse_path)) as connection:
            create_raw_tables(connection)
            connection.execute("delete from raw.built_from")
            replace_tenants(connection, self._tenants.values())
            self._copy_log(connection, progress=progress, end=self._log.last_sequence() if end is None else end)
            modelled = copied_sequence(connection)
        self._dbt.build(with_tests=with_tests)
        with _closing(_connect(self._warehouse_path)) as connection:
            connection.execute("insert into raw.built_from values (?, ?)", [self._fingerprint(), modelled])

    def _copy_log(self, connection: duckdb.DuckDBPyConnection, *, progress: Progress | None, end: int) -> None:
        for batch in self._log.read_batches(copied_sequence(connection), batch_size=_COPY_BATCH_SIZE):
            events = [event for event in batch if event.sequence <= end]
            if not events:
                break
            copy_events(connection, events)
            if progress:
                progress(events[-1].sequence, end)
        set_log_position(connection, log_sequence=end, copied_at=self._clock.now())
        replace_rejection_counts(connection, self._engine)

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self._dbt.fingerprint().encode())
        for slug in sorted(self._tenants):
            digest.update(self._tenants[slug].model_dump_json().encode())
        return digest.hexdigest()


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextmanager
def _closing(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        yield connection
    finally:
        connection.close()


def _remove_warehouse(path: Path) -> None:
    for name in (path.name, path.name + ".wal"):
        path.with_name(name).unlink(missing_ok=True)


def _quarantine(connection: duckdb.DuckDBPyConnection, event: Event, error: duckdb.Error) -> None:
    connection.execute(
        "insert into raw.quarantined_events values (?, ?, ?, ?, ?, ?)",
        [event.sequence, event.event_id, event.tenant_id, event.source, event.type, str(error)],
    )


_Part = TypeVar("_Part")


def _opened(part: _Part | None) -> _Part:
    if part is None:
        raise RuntimeError("the warehouse is not open; call open() first")
    return part
