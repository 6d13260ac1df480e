"""Lanes: what one provider does for one tenant. What slows one down slows no other."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from core.outbox.commands import ClaimedCommand, Lane
from pipelines.delivery.breaker import Breaker
from pipelines.delivery.rate import Rate, Turn


@dataclass(slots=True, kw_only=True)
class LaneState:
    """One lane as the dispatcher's thread sees it: what is claimed for it, and how many calls are under way."""

    lane: Lane
    calls_at_once: int
    rate: Rate | None = None  #: of the sending number
    breaker: Breaker = field(default_factory=Breaker)
    queue: deque[ClaimedCommand] = field(default_factory=deque)  #: oldest due first
    count_running: int = 0

    def can_start(self, now: datetime) -> bool:
        """Tell whether one more call may begin: when the breaker is half open, one alone."""
        if self.breaker.is_closed:
            return self.count_running < self.calls_at_once
        return self.breaker.lets_probe(now) and self.count_running == 0

    def wants_more(self, now: datetime) -> bool:
        """Tell whether commands of this lane should be claimed now."""
        is_free = self.rate is None or self.rate.is_free(now)
        return is_free and len(self.queue) < self.calls_at_once and self.can_start(now)

    def line_up(self) -> Turn | None:
        """Return the next place in the line of the sending number; None where it has no rate."""
        return None if self.rate is None else self.rate.line_up()

    def is_idle(self) -> bool:
        """Tell whether nothing is claimed and nothing under way."""
        return not self.queue and not self.count_running
