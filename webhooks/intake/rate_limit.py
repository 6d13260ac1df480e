"""A token bucket: so many a minute on average, as many at once."""

from __future__ import annotations

from datetime import datetime

_SECONDS_PER_MINUTE = 60


class TokenBucket:
    """Allows `per_minute` in a burst and on average. Not safe between threads: the event loop owns it."""

    def __init__(self, *, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / _SECONDS_PER_MINUTE
        self._tokens = self._capacity
        self._filled_at = 0.0

    def take(self, now: datetime) -> float:
        """Take a token; return 0, or the seconds until there is one if there is none."""
        instant = now.timestamp()
        if instant > self._filled_at:  # a clock set back fills nothing
            self._tokens = min(self._capacity, self._tokens + (instant - self._filled_at) * self._per_second)
        self._filled_at = instant
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._per_second
