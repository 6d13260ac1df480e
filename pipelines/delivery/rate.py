"""Rate of a sending number: who comes too early is told when to come again."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta


class Rate:
    """So many calls a second, evenly spaced. Safe to use from several threads; times are aware UTC datetimes."""

    def __init__(self, per_second: float) -> None:
        self._interval = timedelta(seconds=1 / per_second)
        self._free_at: datetime | None = None
        self._promised_at: datetime | None = None
        self._lock = threading.Lock()

    def is_free(self, now: datetime) -> bool:
        """Tell whether a call could go out now."""
        return self._free_at is None or now >= self._free_at

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
