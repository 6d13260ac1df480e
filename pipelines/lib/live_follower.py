"""Follows the log for as long as it may, and gives the warehouse up when a build asks for it."""

from __future__ import annotations

import threading
import time

from core.settings import Settings
from pipelines.lib.assembly import build_modeller
from pipelines.lib.live_path import BatchResult
from pipelines.lib.modeller import Modeller

#: While idle a build that waits is looked for this often.
YIELD_CHECK_SECONDS = 0.25


class LiveFollower:
    """Keeps one modeller open across calls. One thread follows at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._modeller: Modeller | None = None
        self._one_at_a_time = threading.Lock()
        self._idle_reason = "no new events"

    def why_idle(self) -> str:
        """Return why the last call modelled nothing, in words."""
        return self._idle_reason

    def follow_until(self, deadline: float) -> list[BatchResult]:
        """Model and publish what comes until `deadline` (time.monotonic seconds); return one result per batch."""
        with self._one_at_a_time:
            try:
                return self._follow(deadline)
            except BaseException:
                self._close()  # whatever broke, the next call starts from the file as it is on disk
                raise

    def _follow(self, deadline: float) -> list[BatchResult]:
        results: list[BatchResult] = []
        next_yield_check = 0.0
        while (now := time.monotonic()) < deadline:
            if self._modeller is None and not self._open():
                self._idle_reason = "a build holds the warehouse"
                time.sleep(YIELD_CHECK_SECONDS)
                continue
            modeller = self._modeller
            if modeller is None:
                continue
            if now >= next_yield_check:
                next_yield_check = now + YIELD_CHECK_SECONDS
                if modeller.lock.somebody_waits():
                    self._close()
                    continue
            if modeller.wait_for_events(timeout=min(YIELD_CHECK_SECONDS, deadline - now)):
                results += filter(None, [modeller.follow_once()])
            else:
                self._idle_reason = "no new events"
                modeller.beat()
        return results

    def _open(self) -> bool:
        modeller = build_modeller(self._settings, published_by="live path")
        if modeller.lock.somebody_waits() or modeller.lock.is_held_elsewhere():
            return False
        modeller.open()
        self._modeller = modeller
        return True

    def _close(self) -> None:
        if self._modeller is not None:
            self._modeller.close()
            self._modeller = None
