"""Clocks that tests set, in place of the machine's."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from frontdesk.core.clock import SystemClock


class SetClock:
    """A clock that stands still until it is set."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """Return the set instant."""
        return self.instant

    def advance(self, **parts: float) -> None:
        """Go on by a timedelta of these parts."""
        self.instant += timedelta(**parts)


class OffsetClock:
    """The machine's clock, ahead by some seconds."""

    def __init__(self, offset_s: float) -> None:
        self._offset = timedelta(seconds=offset_s)

    def now(self) -> datetime:
        """Return the instant, aware UTC."""
        return SystemClock().now().astimezone(UTC) + self._offset


class FastClock:
    """A clock that runs so many times as fast as the machine's, from an instant on."""

    def __init__(self, instant: datetime, *, speed: float) -> None:
        self._instant = instant
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return the instant, aware UTC."""
        return self._instant + timedelta(seconds=self._speed * (time.monotonic() - self._began))
