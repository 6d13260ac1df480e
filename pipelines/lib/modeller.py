"""Keeps the warehouse of one home true to its log: builds it, follows the log, acts on it, publishes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb

from core.envelope import Event
from pipelines.activation.outbox_filler import OutboxFiller
from pipelines.lib import warehouse
from pipelines.lib.echoes import are_echoes, choose_batch
from pipelines.lib.live_path import BatchGivenUp, BatchResult, LivePath, combine
from pipelines.lib.log_copy import EVENT_ERRORS, copied_sequence, quarantine_event, read_postponed
from pipelines.lib.publisher import Publisher
from pipelines.lib.verification import Difference, compare_warehouses
from pipelines.lib.warehouse_builder import Progress, WarehouseBuilder
from pipelines.lib.writer_lock import WriterLock

#: Events per batch of the live path. Larger batches cost less per event, smaller ones are seen sooner.
LIVE_BATCH_SIZE = 2_000
#: A look at the log's end costs some 50 microseconds on SQLite; this is what a waiting event can lose.
POLL_SECONDS = 0.005
#: Without events, readers still get new counts of refused deliveries, and the proof that somebody publishes.
HEARTBEAT = timedelta(minutes=1)
#: What only tells of our own commands is modelled together: each batch costs some 300 ms, whatever is in it.
ECHOES_GATHER = timedelta(milliseconds=100)
_ECHOES_LOOKED_AT = 200


class Modeller:
    """One warehouse and its log. Opens the file for writing between open() and close() only."""

    def __init__(
        self, builder: WarehouseBuilder, *, filler: OutboxFiller, analytics_path: Path, published_by: str
    ) -> None:
        self._builder = builder
        self._filler = filler
        self._log = builder.log
        self._clock = builder.clock
        self._analytics_path = analytics_path
        self._published_by = published_by
        self.lock = WriterLock(builder.path)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._live: LivePath | None = None
        self._publisher: Publisher | None = None
        self._modelled_sequence = 0
        #: Echoes before it that wait for a later batch.
        self._postponed: list[Event] = []
        self._published_at = datetime.min.replace(tzinfo=UTC)

    @property
    def modelled_sequence(self) -> int:
        """The newest sequence that the open warehouse has modelled."""
        return self._modelled_sequence

    def open(self, *, progress: Progress | None = None) -> None:
        """Take the writer lock and open the warehouse; build it first where it is not what the project says."""
        manifest = self._builder.dbt.live_manifest()
        self.lock.acquire()
        try:
            if self._builder.needs_build():
                self._builder.build(with_tests=False, progress=progress)
            self._connection = connection = warehouse.connect(self._builder.path)
            self._live = LivePath(connection, manifest, engine=self._builder.engine, sink=self._filler)
            self._publisher = Publisher(connection, manifest, analytics_path=self._analytics_path)
            self._modelled_sequence = copied_sequence(connection)
            self._postponed = read_postponed(connection, self._log)
            self._filler.reconcile(connection)
            self._published_at = self._clock.now()
            self._publisher.publish_all(now=self._published_at, published_by=self._published_by)
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
            self._builder.build(with_tests=with_tests, progress=progress)

    def verify(self, *, progress: Progress | None = None) -> list[Difference]:
        """Follow the log to its end, build from the log beside, and compare. Needs the files of this home closed.

        The build stops where the followed warehouse stopped, so intake may go on meanwhile.
        """
        with self.opened():
            self.follow_to_end()
            end = self._modelled_sequence
        path = self._builder.path
        beside = path.parent / "verification" / path.name
        with self.lock.held():
            quarantine = self._builder.quarantine()
        warehouse.remove(beside)
        self._builder.beside(beside).build(with_tests=False, progress=progress, end=end, quarantine=quarantine)
        with self.lock.held():
            differences = compare_warehouses(path, beside)
        warehouse.remove(beside)
        return differences

    def follow_once(self) -> BatchResult | None:
        """Model and publish the next batch; None when the log has no new event. Needs open()."""
        results: list[BatchResult] = []
        while coming := self._postponed + self._log.read_after(self._modelled_sequence, limit=LIVE_BATCH_SIZE):
            batch = choose_batch(coming, now=self._clock.now())
            try:
                results.append(self._run_batch(batch.events, postponed=batch.postponed))
            except BatchGivenUp:
                continue  # what overtook it goes first
            self._postponed = batch.postponed
            if not (are_echoes(batch.events) and self._is_overtaken(self._modelled_sequence)):
                break  # else it is published together with what overtook it
        if not results:
            return None
        result = combine(results)
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

    def wait_for_events(self, *, timeout: float) -> bool:
        """Wait for `timeout` seconds at most; return whether the log has events that are to be modelled now.

        Echoes alone are left to gather for a moment.
        """
        deadline = time.monotonic() + timeout
        while not (is_ready := self._has_events_to_model()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return is_ready

    def _has_events_to_model(self) -> bool:
        if self._postponed:
            return True
        if self._log.last_sequence() <= self._modelled_sequence:
            return False
        events = self._log.read_after(self._modelled_sequence, limit=_ECHOES_LOOKED_AT)
        gathered_since = min((event.received_at for event in events), default=self._clock.now())
        return not are_echoes(events) or self._clock.now() - gathered_since >= ECHOES_GATHER

    def _is_overtaken(self, sequence: int) -> bool:
        """Tell whether something that is no echo came after a sequence."""
        if self._log.last_sequence() <= sequence:
            return False
        return not are_echoes(self._log.read_after(sequence, limit=_ECHOES_LOOKED_AT))

    def beat(self) -> bool:
        """Publish again, with the refusals of the meantime, where the last publish is old; tell whether it was."""
        if self._clock.now() - self._published_at < HEARTBEAT:
            return False
        self._publish(self._run_empty_batch(postponed=self._postponed))
        return True

    def _run_batch(self, events: list[Event], *, postponed: Sequence[Event]) -> BatchResult:
        """Model a batch; where one event breaks it, set that event aside and go on with the others."""
        try:
            result = _opened(self._live).run_batch(
                events,
                modelled_sequence=self._modelled_sequence,
                log_sequence=max(self._log.last_sequence(), events[-1].sequence),
                now=self._clock.now(),
                postponed=[event.sequence for event in postponed],
                gives_up=partial(self._is_overtaken, max(self._modelled_sequence, events[-1].sequence))
                if are_echoes(events)
                else lambda: False,
            )
        except EVENT_ERRORS as error:
            if len(events) == 1:
                return self._quarantine(events[0], error, postponed=postponed)
            half = len(events) // 2
            return combine([self._run_batch(part, postponed=postponed) for part in (events[:half], events[half:])])
        self._modelled_sequence = result.last_sequence
        return result

    def _run_empty_batch(self, *, postponed: Sequence[Event]) -> BatchResult:
        return _opened(self._live).run_batch(
            [],
            modelled_sequence=self._modelled_sequence,
            log_sequence=self._log.last_sequence(),
            now=self._clock.now(),
            postponed=[event.sequence for event in postponed],
        )

    def _quarantine(self, event: Event, error: duckdb.Error, *, postponed: Sequence[Event]) -> BatchResult:
        quarantine_event(_opened(self._connection), event, reason=str(error), now=self._clock.now())
        self._modelled_sequence = max(self._modelled_sequence, event.sequence)
        return replace(self._run_empty_batch(postponed=postponed), count_events=1)

    def _publish(self, result: BatchResult) -> None:
        self._published_at = self._clock.now()
        _opened(self._publisher).publish_changes(
            result.changes, now=self._published_at, published_by=self._published_by
        )


_Part = TypeVar("_Part")


def _opened(part: _Part | None) -> _Part:
    if part is None:
        raise RuntimeError("the warehouse is not open; call open() first")
    return part
