"""How much one network address may ask of the booking pages: as much as some people behind it can, and no more."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from webhooks.intake.rate_limit import TokenBucket

#: An office or a telephone network can be one address.
LOOKS_A_MINUTE = 300
CHANGES_A_MINUTE = 60
#: Beyond so many addresses, what is known of them is forgotten: it bounds memory, and a minute later it is the same.
_MOST_ADDRESSES = 20_000


class Visitors:
    """Counts what addresses ask. Not safe between threads: the event loop owns it."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, bool], TokenBucket] = {}

    def take(self, address: str, *, is_change: bool, now: datetime) -> int:
        """Count a request; return 0, or in how many seconds there may be another if this one is too much."""
        bucket = self._buckets.get((address, is_change))
        if bucket is None:
            if len(self._buckets) >= _MOST_ADDRESSES:
                self._buckets.clear()
            bucket = TokenBucket(per_minute=CHANGES_A_MINUTE if is_change else LOOKS_A_MINUTE)
            self._buckets[address, is_change] = bucket
        return ceil(bucket.take(now))
