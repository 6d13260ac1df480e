"""The live path and the dispatcher of one home in one process: they begin by themselves, and go on for Dagster."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache

from frontdesk.core.settings import Settings
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from pipelines.live.batch_result import BatchResult
from pipelines.live.live_follower import LiveFollower
from pipelines.running_dispatcher import Dispatching

_logger = logging.getLogger(__name__)

#: Before anybody asks, it looks so often whether somebody does.
_SLICE_S = 2.0
#: After something broke before anybody asked.
_PAUSE_S = 1.0


class LiveProcess:
    """Keeps what models and what sends, with its warehouse, breakers and rates, for as long as the process lives.

    From `begin` to the first `run_for` a thread of its own models and sends: Dagster takes seconds to load and to
    ask. From then on only what is asked for is done.
    """

    def __init__(self, settings: Settings) -> None:
        position = DecidedPosition()
        self._follower = LiveFollower(settings, position=position)
        self._dispatching = Dispatching(settings, position=position)
        self._is_asked = threading.Event()
        self._is_stopping = threading.Event()
        self._early: list[BatchResult] = []
        self._beginning: threading.Thread | None = None

    def begin(self) -> None:
        """Model and send in a thread until the first `run_for`."""
        self._beginning = threading.Thread(target=self._run_unasked, name="live-path", daemon=True)
        self._beginning.start()

    def wait_until_following(self, *, timeout: float) -> bool:
        """Wait until all that the log had at the start is modelled; return whether it is."""
        return self._follower.is_following.wait(timeout)

    def run_for(self, seconds: float) -> list[BatchResult]:
        """Model and send for so long; return one result per batch, with those from before anybody asked."""
        self._is_asked.set()
        if self._beginning is not None:
            self._beginning.join()  # it ends within two seconds, or when the warehouse is built
            self._beginning = None
        early, self._early = self._early, []
        return early + self._run(seconds)

    def why_idle(self) -> str:
        """Return why the last call modelled nothing, in words."""
        return self._follower.why_idle()

    def stop(self) -> None:
        """Have what runs end as soon as it can. From any thread."""
        self._is_stopping.set()
        self._dispatching.stop()
        self._follower.stop()

    def close(self, *, within_s: float) -> bool:
        """End what runs and close the warehouse; return whether that was possible within the time.

        A warehouse that is closed is opened in a moment; one that was left open is gone through first.
        """
        self.stop()
        return self._follower.close(within_s=within_s)

    def _run(self, seconds: float) -> list[BatchResult]:
        # While a build holds the warehouse, what is due still goes out, but for businesses with newer events.
        with self._dispatching.running_for(seconds):
            return self._follower.follow_until(time.monotonic() + seconds)

    def _run_unasked(self) -> None:
        while not self._is_asked.is_set() and not self._is_stopping.is_set():
            try:
                self._early += self._run(_SLICE_S)
            except Exception:
                # As an evaluation that fails: the next one tries again.
                _logger.exception("the live path stopped; it begins again")
                self._is_asked.wait(_PAUSE_S)


@cache
def live_process_of(settings: Settings) -> LiveProcess:
    """Return the one of this process and home: what began before Dagster was loaded goes on in its sensor."""
    return LiveProcess(settings)
