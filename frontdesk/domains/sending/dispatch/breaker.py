"""Circuit breaker: after failures in a row nobody is called for a while, then one command tries."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

_FAILURES: Final = 5
_FIRST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(minutes=5)


class Transition(StrEnum):
    """What people are alerted of."""

    OPENED = "opened"
    CLOSED = "closed"


class Breaker:
    """The breaker of one lane. Not safe for threads: the dispatcher's own thread alone uses it.

    Closed: calls go out. Open: none do until `opens_again_at`; then one does, the probe, whose success closes it and
    whose failure doubles the pause. Times are aware UTC datetimes.
    """

    def __init__(
        self,
        *,
        failures: int = _FAILURES,
        first_pause: timedelta = _FIRST_PAUSE,
        longest_pause: timedelta = _LONGEST_PAUSE,
    ) -> None:
        self._threshold = failures
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._failures = 0
        self._pause = first_pause
        self.opens_again_at: datetime | None = None  #: None: closed

    @property
    def is_closed(self) -> bool:
        """Tell whether calls go out as usual."""
        return self.opens_again_at is None

    def lets_probe(self, now: datetime) -> bool:
        """Tell whether it is open and its pause is over."""
        return self.opens_again_at is not None and now >= self.opens_again_at

    def succeed(self) -> Transition | None:
        """Take note of an answer, were it a refusal of that one message."""
        was_open = not self.is_closed
        self._failures, self._pause, self.opens_again_at = 0, self._first_pause, None
        return Transition.CLOSED if was_open else None

    def fail(self, now: datetime, *, retry_after: datetime | None = None) -> Transition | None:
        """Take note of a call that failed for the provider's sake; retry_after is the provider's own wish."""
        self._failures += 1
        if self.opens_again_at is None:
            if self._failures < self._threshold:
                return None
            self._open(now, retry_after)
            return Transition.OPENED
        if now >= self.opens_again_at:  # the probe; other calls that end late began before it opened
            self._pause = min(self._pause * 2, self._longest_pause)
            self._open(now, retry_after)
        return None

    def trip(self, now: datetime) -> Transition | None:
        """Take note that the provider refuses everybody, such as for wrong credentials: one such answer is enough."""
        if self.opens_again_at is None:
            self._failures = self._threshold - 1
        return self.fail(now)

    def _open(self, now: datetime, retry_after: datetime | None) -> None:
        self.opens_again_at = max(now + self._pause, retry_after or now)
