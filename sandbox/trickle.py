"""The live trickle after the year: new customers whose journeys unfold now, a delivery or two a second."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from sandbox.businesses import Business
from sandbox.delivery import Delivery
from sandbox.http_connection import HttpConnection
from sandbox.sender import Sender
from sandbox.story.agenda import Setting, Step
from sandbox.story.year import PLOTS, begin_life, customers, steps_for_real_time

_JOURNEYS_AT_ONCE = 12
_REDELIVERY_RATE = 0.02
_NUMBERS = 700  # so many starting points for customers' numbers, so that two trickles seldom share phones


@dataclass(slots=True)
class Trickle:
    """Journeys told as fast as their next step is asked for: days between steps pass in seconds."""

    businesses: Mapping[str, Business]
    scale: float  # of the year told before, whose customers' numbers are taken
    started_at: datetime
    rng: Random
    _journeys: list[deque[Step]] = field(default_factory=list)
    _count_begun: int = 0

    def deliveries(self, now: datetime) -> Iterator[Delivery]:
        """Yield what happens next, written for this instant: mostly one delivery, now and then the same once more."""
        while len(self._journeys) < _JOURNEYS_AT_ONCE:
            self._begin_journey(now)
        journey = self.rng.choice(self._journeys)
        delivery = journey.popleft().make(now)
        if not journey:
            self._journeys.remove(journey)
        yield delivery
        if self.rng.random() < _REDELIVERY_RATE:
            yield delivery

    def _begin_journey(self, now: datetime) -> None:
        slugs = sorted(PLOTS.keys() & self.businesses.keys())
        slug = self.rng.choices(slugs, [PLOTS[slug].customers_per_year for slug in slugs])[0]
        start = int(self.started_at.timestamp())
        number = customers(slug, self.scale) + start % _NUMBERS + self._count_begun
        self._count_begun += 1
        agenda = begin_life(
            Setting(self.businesses[slug], dated_from=self.started_at, texts_until=now),
            key=f"{start}:{slug}:live{self._count_begun}",
            number=number,
            at=now,
        )
        # Steps from before "now", such as the touches that led here, are told like the rest: first, and now.
        steps = deque(steps_for_real_time(agenda, now))
        if steps:
            self._journeys.append(steps)


async def run_trickle(trickle: Trickle, sender: Sender, *, per_second: float, stopped: asyncio.Event) -> None:
    """Send about so many deliveries a second until stopped."""
    connection = HttpConnection(sender.receiver.host, sender.receiver.port)
    try:
        while not stopped.is_set():
            for delivery in trickle.deliveries(sender.now()):
                await sender.deliver((delivery,), connection)
            pause_s = trickle.rng.expovariate(per_second)
            try:
                await asyncio.wait_for(stopped.wait(), pause_s)
            except TimeoutError:
                continue
    finally:
        await connection.close()
