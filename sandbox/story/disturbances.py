"""What networks do to a story: redeliveries, late deliveries, neighbours that overtake one another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from sandbox.delivery import Delivery
from sandbox.story.chance import happens

DUPLICATE_RATE = 0.015
LATE_RATE = 0.01
_LATEST = timedelta(days=3)  # Stripe redelivers for that long
_JITTER = timedelta(seconds=4)


def disturb(deliveries: Iterable[Delivery], rng: Random) -> list[Delivery]:
    """Return the deliveries in the order in which they are sent: nearly that of their times, some of them twice."""
    sent: list[tuple[datetime, int, Delivery]] = []
    for delivery in deliveries:
        sent_at = delivery.at + _JITTER * rng.expovariate(1)
        if happens(rng, LATE_RATE):
            sent_at += _LATEST * rng.random()
        sent.append((sent_at, len(sent), delivery))
        if happens(rng, DUPLICATE_RATE):
            sent.append((sent_at + _LATEST * rng.random() ** 3, len(sent), delivery))
    return [delivery for _, _, delivery in sorted(sent, key=lambda entry: entry[:2])]
