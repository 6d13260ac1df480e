"""Follows the log for as long as it may, and gives the warehouse up when a build asks for it."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import open_engine
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.published.reader import opened as opened_published
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import LIVE_PATH, Heartbeats, LiveState
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.tenancy.files import TenantFiles
from pipelines.build.writer_lock import WriterLock
from pipelines.home_parts import build_modeller, heartbeats_on
from pipelines.live.batch_result import BatchResult
from pipelines.live.modeller import Modeller

_logger = logging.getLogger(__name__)

#: While idle a build that waits is looked for this often.
YIELD_CHECK_SECONDS = 0.25
#: Businesses' files are looked at this often: what is changed in one is in force within two seconds.
FILES_CHECK_SECONDS = 0.5
#: How often it says that it lives; the monitor misses it after two minutes (alert_conditions.py).
BEAT_SECONDS = 5.0


class LiveFollower:
    """Keeps one modeller open across calls. One thread follows at a time."""

    def __init__(self, settings: Settings, *, position: DecidedPosition | None = None) -> None:
        """`position` is told how far the outbox takes account of the log."""
        self._settings = settings
        self._position = position
        self._modeller: Modeller | None = None
        self._one_at_a_time = threading.Lock()
        self._idle_reason = "no new events"
        self._heartbeats: Heartbeats | None = None  #: built once: its engine keeps its connections
        self._files: TenantFiles | None = None  #: likewise
        self._files_seen_at = float("-inf")
        self._beat_at = float("-inf")
        self._state: LiveState | None = None
        self._error: str | None = None  #: of the last try, until one succeeds
        self._warehouse: tuple[int, int] | None = None  #: device and inode of the file that is open
        self._is_stopping = threading.Event()
        self.is_following = threading.Event()  #: all that the log had when the warehouse was opened is modelled

    def why_idle(self) -> str:
        """Return why the last call modelled nothing, in words."""
        return self._idle_reason

    def follow_until(self, deadline: float) -> list[BatchResult]:
        """Model and publish what comes until `deadline` (time.monotonic seconds); return one result per batch."""
        with self._one_at_a_time:
            try:
                return self._follow(deadline)
            except BaseException as error:
                self._close()  # whatever broke, the next call starts from the file as it is on disk
                if isinstance(error, Exception):
                    self._error = f"{type(error).__name__}: {error}"
                    self._beat(LiveState.FAILING)
                raise

    def stop(self) -> None:
        """Have following end after the batch under way. From any thread."""
        self._is_stopping.set()

    def close(self, *, within_s: float) -> bool:
        """Close the warehouse once following has ended; return whether it did within the time."""
        if not self._one_at_a_time.acquire(timeout=within_s):
            return False
        try:
            self._close()
        finally:
            self._one_at_a_time.release()
        return True

    def _follow(self, deadline: float) -> list[BatchResult]:
        results: list[BatchResult] = []
        next_yield_check = 0.0
        while (now := time.monotonic()) < deadline and not self._is_stopping.is_set():
            if self._modeller is None and not self._open():
                self._idle_reason = "a build holds the warehouse"
                self._beat(LiveState.WAITING)
                self._fall_back()
                time.sleep(YIELD_CHECK_SECONDS)
                continue
            modeller = self._modeller
            if modeller is None:
                continue
            self._write_files(now)
            if now >= next_yield_check:
                next_yield_check = now + YIELD_CHECK_SECONDS
                if modeller.lock.somebody_waits() or (modeller.has_published and self._is_replaced()):
                    self._close()
                    continue
            # What has waited goes out before all is published anew, which takes seconds.
            patience = min(YIELD_CHECK_SECONDS, deadline - now) if modeller.has_published else 0.0
            if modeller.wait_for_events(timeout=patience):
                results += filter(None, [modeller.follow_once()])
                self._error = None
            else:
                self.is_following.set()
                self._idle_reason = "no new events"
                if modeller.beat():
                    self._error = None
            self._beat(LiveState.FOLLOWING)
        return results

    def _write_files(self, now: float) -> None:
        """Have the log know what changed in the businesses' files."""
        if now < self._files_seen_at + FILES_CHECK_SECONDS:
            return
        self._files_seen_at = now
        if self._files is None:
            self._files = TenantFiles.open(
                open_engine(self._settings.event_log_url), folder=self._settings.tenants_dir
            )
        self._files.write_changes()

    def _open(self) -> bool:
        lock = WriterLock(self._settings.warehouse_path)
        if lock.somebody_waits() or lock.is_held_elsewhere():
            return False  # before anything is read or written for it: this is asked four times a second
        modeller = build_modeller(self._settings, published_by="live path", position=self._position)
        self._beat(LiveState.OPENING)
        modeller.open(publishes=False)
        self._modeller = modeller
        self._warehouse = _identity(self._settings.warehouse_path)
        return True

    def _is_replaced(self) -> bool:
        """Tell whether the warehouse or the published file was deleted or replaced underfoot: both are made anew."""
        published = _identity(self._settings.analytics_path)
        ring = {_identity(file) for file in (self._settings.analytics_path.parent / "published").glob("*.duckdb")}
        return _identity(self._settings.warehouse_path) != self._warehouse or published not in ring - {None}

    def _beat(self, state: LiveState) -> None:
        """Say what is being done: at once if that is something else, else every few seconds.

        What can't be said is noted in the log: the next one says it, and following does not end for it.
        """
        if state is self._state and time.monotonic() - self._beat_at < BEAT_SECONDS:
            return
        try:
            self._write_beat(state)
        except EventLogUnavailableError as lost:
            _logger.warning("the live path could not say that it is %s: %s", state.value, lost.detail)
        self._state, self._beat_at = state, time.monotonic()

    def _write_beat(self, state: LiveState) -> None:
        if self._heartbeats is None:
            self._heartbeats = heartbeats_on(open_engine(self._settings.event_log_url))
        sequence = None if self._modeller is None else self._modeller.modelled_sequence
        if sequence is None and (before := self._heartbeats.heartbeat(LIVE_PATH)) is not None:
            sequence = before.modelled_sequence
        self._heartbeats.beat(LIVE_PATH, state=state, modelled_sequence=sequence, error=self._error)

    def _fall_back(self) -> None:
        """Until the warehouse can be opened, go by what was published last: the outbox takes account of that."""
        if self._position is None or self._position.sequence is not None:
            return
        try:
            with opened_published(self._settings.analytics_path) as file:
                self._position.advance(file.modelled_sequence())
        except NothingPublishedError:
            return  # then nothing is decided yet, and nothing goes out

    def _close(self) -> None:
        if self._modeller is not None:
            self._modeller.close()
            self._modeller = None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
