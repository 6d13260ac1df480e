"""Rate of a sending number: who comes too early is told when to come again, and nobody is overtaken."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta


class Rate:
    """So many calls a second, evenly spaced. Safe to use from several threads; times are aware UTC datetimes."""

    def __init__(self, per_second: float) -> None:
        self._interval = timedelta(seconds=1 / per_second)
        self._free_at: datetime | None = None
        self._promised_at: datetime | None = None
        self._last_turn: Turn | None = None
        self._lock = threading.Lock()

    def is_free(self, now: datetime) -> bool:
        """Tell whether a call could go out now."""
        return self._free_at is None or now >= self._free_at

    def line_up(self) -> Turn:
        """Return the next turn. One thread lines up for all calls, in the order that they are to go out in."""
        self._last_turn = Turn(self, after=self._last_turn)
        return self._last_turn

    def take(self, now: datetime) -> datetime | None:
        """Take the call that may go out now and return None, or return when to try again: a later time for each."""
        with self._lock:
            if self._free_at is None or now >= self._free_at:
                self._free_at = now + self._interval
                return None
            earliest = self._free_at
            if self._promised_at is not None and self._promised_at >= self._free_at:
                earliest = self._promised_at + self._interval
            self._promised_at = earliest
            return earliest


class Turn:
    """One call's place in the line of a number. It must be over in the end, whether the call was made or not."""

    def __init__(self, rate: Rate, *, after: Turn | None) -> None:
        self._rate = rate
        self._before = after
        self._is_over = threading.Event()

    def wait(self) -> None:
        """Return once the turn before is over: its call has begun, or will not be made now."""
        if self._before is not None:
            self._before._is_over.wait()
            self._before = None  # not kept: it would keep the one before it

    def take(self, now: datetime) -> datetime | None:
        """Take the call as Rate.take does; the turn must have come."""
        return self._rate.take(now)

    def over(self) -> None:
        """Let the next one have its turn. Once is enough; more do no harm."""
        self.wait()
        self._is_over.set()
