"""Keeps the warehouse of one home true to its log: builds it, follows the log, acts on it, publishes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

import duckdb

from frontdesk.core.log.commit_watch import CommitWatch
from frontdesk.core.log.envelope import Event
from frontdesk.core.progress import ProgressCallback
from frontdesk.core.tenant.configurations import is_configuration
from frontdesk.domains.sending.echoes import are_echoes, choose_batch
from pipelines.build import warehouse
from pipelines.build.verification import Difference, compare_warehouses
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.build.writer_lock import WriterLock
from pipelines.ingest.log_copy import (
    ask_for_build,
    count_copied_after,
    knows_set_aside,
    read_postponed,
    read_quarantine,
    read_side_tables,
    read_undone_runs,
)
from pipelines.live.batch_result import BatchResult, combine
from pipelines.live.live_path import BatchGivenUp
from pipelines.live.open_warehouse import OpenWarehouse, RuleSetAside
from pipelines.live.outbox_filler import OutboxFiller
from pipelines.live.outside_bookings import OutsideBookings
from pipelines.live.waitlist_offers import WaitlistOffers
from pipelines.publish.publisher import Publisher

#: Events per batch of the live path. Larger batches cost less per event, smaller ones are seen sooner.
LIVE_BATCH_SIZE = 2_000
#: Between two looks whether anybody has committed (commit_watch.py); this is what a waiting event can lose.
POLL_SECONDS = 0.005
#: The same after a quiet while: two hundred looks a second take half a second of processor time a minute.
QUIET_POLL_SECONDS = 0.02
QUIET_AFTER_SECONDS = 5.0
#: Without events, readers still get new counts of refused deliveries, and the proof that somebody publishes.
HEARTBEAT = timedelta(minutes=1)
#: What only tells of our own commands is modelled together: each batch costs some 300 ms, whatever is in it, and who
#: looks for a receipt sees it half a second later.
ECHOES_GATHER = timedelta(milliseconds=500)
_ECHOES_LOOKED_AT = 200


class Modeller:
    """One warehouse and its log. Opens the file for writing between open() and close() only."""

    def __init__(
        self,
        builder: WarehouseBuilder,
        *,
        filler: OutboxFiller,
        outside: OutsideBookings,
        offers: WaitlistOffers,
        analytics_path: Path,
        published_by: str,
    ) -> None:
        self._builder = builder
        self._filler = filler
        self._outside = outside
        self._offers = offers
        self._log = builder.log
        self._clock = builder.clock
        self._analytics_path = analytics_path
        self._published_by = published_by
        self.lock = WriterLock(builder.path)
        self._warehouse: OpenWarehouse | None = None
        self._publisher: Publisher | None = None
        self.verified_sequence = 0  #: how far the last verification went
        #: Echoes before it that wait for a later batch.
        self._postponed: list[Event] = []
        self._undone_runs: frozenset[str] = frozenset()
        self._commits = CommitWatch(builder.engine)
        self._has_no_news = False  #: as of the last look at the log
        self._ready_at = float("-inf")  #: when events were last there to be modelled (time.monotonic)
        self._published_at = datetime.min.replace(tzinfo=UTC)

    @property
    def modelled_sequence(self) -> int:
        """The newest sequence that the open warehouse has modelled."""
        return _opened(self._warehouse).modelled_sequence

    @property
    def is_renewing(self) -> bool:
        """Whether something of the past is still to be made anew by how businesses are configured now."""
        return _opened(self._warehouse).is_renewing

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection to the open warehouse."""
        return _opened(self._warehouse).connection

    @property
    def has_published(self) -> bool:
        """Whether what is published is what was modelled since the warehouse was opened."""
        return self._publisher is not None

    def open(self, *, progress: ProgressCallback | None = None, publishes: bool = True) -> None:
        """Take the writer lock and open the warehouse; build it first if it is not what the project says.

        `publishes`: all of it at once, with all of the past as businesses are configured; if not, the first batch
        does, or the first `beat`.
        """
        self._builder.dbt.manifest()
        self.lock.acquire()
        try:
            is_empty = self._builder.needs_build() and self._builder.begin(progress=progress)
            self._open_built(is_empty=is_empty, publishes=publishes)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the warehouse and give the writer lock back."""
        self._commits.close()
        self._close_warehouse()
        self.lock.release()

    def _open_built(self, *, is_empty: bool = False, publishes: bool = True) -> None:
        """Open the warehouse that is built, act on what it decides, and publish it if it is to be.

        is_empty: it has nothing of this home yet, neither of its log nor of what is beside the log.
        """
        self._warehouse = opened = self._builder.open(sink=self._filler)
        # What a thread of ours has freed goes back to the machine though the thread does nothing more, or has ended.
        opened.connection.execute("set allocator_background_threads = true")
        self._postponed = read_postponed(opened.connection, self._log)
        self._undone_runs = read_undone_runs(opened.connection)
        if changed := self._builder.changed_others(opened.connection):
            opened.take_over(changed)
            self._builder.note_others(opened.connection)
        self._filler.reconcile(opened.connection, modelled_sequence=self.modelled_sequence)
        self._filler.opened(self.modelled_sequence)
        self._outside.reconcile(opened.connection)
        if is_empty or not knows_set_aside(opened.connection, self._builder.engine):
            self._refresh()
        if publishes:
            while opened.renew():
                pass
            self._publish_all()

    def _close_warehouse(self) -> None:
        if self._warehouse is not None:
            self._warehouse.close()
        self._warehouse = self._publisher = None

    @contextmanager
    def opened(self, *, progress: ProgressCallback | None = None) -> Iterator[Modeller]:
        """Open for a block."""
        self.open(progress=progress)
        try:
            yield self
        finally:
            self.close()

    def rebuild(
        self, *, with_tests: bool, progress: ProgressCallback | None = None, is_tried_again: bool = True
    ) -> None:
        """Compute everything from the log's first event. Waits for the writer lock. Raises DbtError.

        What fails it is set aside. `is_tried_again`: rules that are set aside are tried first.
        """
        with self.lock.held():
            self._builder.build(with_tests=with_tests, progress=progress, is_tried_again=is_tried_again)

    def verify(self, *, progress: ProgressCallback | None = None) -> list[Difference]:
        """Follow the log to its end, build from the log beside, and compare. Needs this modeller closed.

        A copy is compared, and the build stops where it stopped: intake and live path may go on meanwhile.
        """
        folder = self._builder.path.parent / "verification"
        live, beside = folder / "live" / self._builder.path.name, folder / self._builder.path.name
        for path in (live, beside):
            warehouse.remove(path)
        self._copy_followed(live)
        with warehouse.connected(live) as connection:
            quarantine = read_quarantine(connection)
            side_tables = read_side_tables(connection)
        self._builder.beside(beside).build(
            with_tests=False,
            progress=progress,
            end=self.verified_sequence,
            quarantine=quarantine,
            side_tables=side_tables,
        )
        differences = compare_warehouses(live, beside)
        for path in (live, beside):
            warehouse.remove(path)
        return differences

    def _copy_followed(self, path: Path) -> None:
        """Follow the log to its end, and copy the warehouse as it is then."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.open()
        try:
            self.follow_to_end()
            self.verified_sequence = self.modelled_sequence
            # Closed, the file is whole; nobody else opens it before the lock is given back.
            self._close_warehouse()
            shutil.copyfile(self._builder.path, path)
        finally:
            self.close()

    def follow_once(self) -> BatchResult | None:
        """Model and publish the next batch; None when there is nothing to model. Needs open().

        After the new events, which are what somebody waits for, comes a part of what is made anew.
        """
        results: list[BatchResult] = []
        while coming := self._postponed + self._log.read_after(self.modelled_sequence, limit=LIVE_BATCH_SIZE):
            if ask_for_build(coming, undone_runs=self._undone_runs):
                results.append(self._build_again())
                break
            if versions := list(takewhile(is_configuration, coming)):
                results.append(self._configure(versions))
                break
            coming = _before_configuration(coming)
            batch = choose_batch(coming, now=self._clock.now())
            try:
                results.append(self._run_batch(batch.events, postponed=batch.postponed))
            except BatchGivenUp:
                continue  # what overtook it goes first
            except RuleSetAside:
                results.append(self._build_again())
                break
            self._postponed = batch.postponed
            if not (are_echoes(batch.events) and self._is_overtaken(self.modelled_sequence)):
                break  # else it is published together with what overtook it
        results += filter(None, [_opened(self._warehouse).renew()])
        if not results:
            return None
        result = combine(results)
        self._outside.follow(self.connection, result.changes)
        self._publish(result)
        self._offers.follow(result.changes)
        return result

    def follow_to_end(self, *, progress: ProgressCallback | None = None) -> int:
        """Model and publish until the log has nothing new, and the past is as configured; return how many events."""
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
        while not self._has_events_to_model():
            if (now := time.monotonic()) >= deadline:
                return False
            is_quiet = now - self._ready_at >= QUIET_AFTER_SECONDS
            time.sleep(QUIET_POLL_SECONDS if is_quiet else POLL_SECONDS)
        self._ready_at = time.monotonic()
        return True

    def _has_events_to_model(self) -> bool:
        if self._postponed or self.is_renewing:
            return True
        if self._has_no_news and not self._commits.has_changed():
            return False
        self._commits.has_changed()  # what is committed from here on is seen at the next look
        self._has_no_news = self._log.last_sequence() <= self.modelled_sequence
        if self._has_no_news:
            return False
        events = self._log.read_after(self.modelled_sequence, limit=_ECHOES_LOOKED_AT)
        gathered_since = min((event.received_at for event in events), default=self._clock.now())
        return not are_echoes(events) or self._clock.now() - gathered_since >= ECHOES_GATHER

    def _is_overtaken(self, sequence: int) -> bool:
        """Tell whether something that is no echo came after a sequence, and can go before what is there.

        What came after another configuration can't: it is modelled by that one.
        """
        if self._log.last_sequence() <= sequence:
            return False
        return not are_echoes(_before_configuration(self._log.read_after(sequence, limit=_ECHOES_LOOKED_AT)))

    def beat(self) -> bool:
        """Publish again, with the refusals of the meantime, if the last publish is old; tell whether it was."""
        self._offers.follow()
        if self._publisher is None:
            self._publish_all()
            return True
        if self._clock.now() - self._published_at < HEARTBEAT:
            return False
        self._publish(self._refresh())
        return True

    def _run_batch(self, events: list[Event], *, postponed: Sequence[Event]) -> BatchResult:
        """Model a batch; what only tells of our own commands gives way to what overtakes it."""
        is_overtaken = partial(self._is_overtaken, max(self.modelled_sequence, events[-1].sequence))
        result = _opened(self._warehouse).run(
            events,
            postponed=[event.sequence for event in postponed],
            gives_up=is_overtaken if are_echoes(events) else lambda: False,
        )
        self._filler.decided(self.modelled_sequence)  # what was set aside is decided upon too
        self._filler.settle(_opened(self._warehouse).connection, modelled_sequence=self.modelled_sequence)
        return result

    def _configure(self, versions: list[Event]) -> BatchResult:
        """Take over configurations that the log brings; what they decide otherwise goes to the outbox."""
        result = _opened(self._warehouse).configure(versions)
        self._filler.decided(self.modelled_sequence)
        return result

    def _refresh(self) -> BatchResult:
        return _opened(self._warehouse).refresh(postponed=[event.sequence for event in self._postponed])

    def _build_again(self) -> BatchResult:
        """Compute everything anew, by the rules and imports that are left, and publish it."""
        before = self.modelled_sequence
        self._close_warehouse()
        self._builder.build(with_tests=False)
        self._open_built()
        count = count_copied_after(_opened(self._warehouse).connection, before)
        return BatchResult(count_events=max(count, 1), last_sequence=self.modelled_sequence, changes=())

    def _publish_all(self) -> None:
        opened = _opened(self._warehouse)
        self._publisher = Publisher(
            opened.connection,
            self._builder.dbt.manifest(),
            analytics_path=self._analytics_path,
            set_aside=self._builder.set_aside,
        )
        self._published_at = self._clock.now()
        self._publisher.publish_all(now=self._published_at, published_by=self._published_by)

    def _publish(self, result: BatchResult) -> None:
        publisher = self._publisher
        if publisher is None or not publisher.writes_from(_opened(self._warehouse).connection):
            self._publish_all()  # it was opened meanwhile, or is another
            return
        self._published_at = self._clock.now()
        publisher.publish_changes(result.changes, now=self._published_at, published_by=self._published_by)


def _before_configuration(events: Sequence[Event]) -> list[Event]:
    """Return the events up to the first that brings another configuration."""
    return list(takewhile(lambda event: not is_configuration(event), events))


_Part = TypeVar("_Part")


def _opened(part: _Part | None) -> _Part:
    if part is None:
        raise RuntimeError("the warehouse is not open; call open() first")
    return part
