"""Tells cheaply whether anything is due: a look at the outbox only if something changed or a time has come."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from frontdesk.core.log.commit_watch import CommitWatch
from frontdesk.domains.sending.outbox.commands import Lane
from frontdesk.domains.sending.outbox.outbox import Outbox

#: Between two looks that find nothing while lanes are left out.
_PAUSE_S: Final = 0.005


class DueWatch:
    """The watch of one thread; see CommitWatch for what a look costs."""

    def __init__(self, engine: Engine, *, outbox: Outbox) -> None:
        self._outbox = outbox
        self._commits = CommitWatch(engine)
        self._skipped: frozenset[Lane] = frozenset()
        self._next_due_at: datetime | None = None
        self._is_quiet = False
        self._looked_at = 0.0

    def has_due(self, now: datetime, *, skip: Collection[Lane]) -> bool:
        """Return whether a command outside these lanes can be claimed. Raises OutboxUnavailableError."""
        skipped = frozenset(skip)
        if self._is_quiet and skipped == self._skipped:
            # With lanes left out the next due one may be theirs, and past: then only the pause saves looks.
            if skipped and time.monotonic() < self._looked_at + _PAUSE_S:
                return False
            is_before = self._next_due_at is None or now < self._next_due_at
            if is_before and not self._commits.has_changed():
                return False
        self._commits.has_changed()  # what is committed from here on is seen at the next look
        self._skipped, self._looked_at = skipped, time.monotonic()
        has_due = self._outbox.has_due(skip=skip)
        self._next_due_at = now if has_due or skipped else self._outbox.next_due_at()
        self._is_quiet = not has_due
        return has_due

    def seconds_until_due(self, now: datetime) -> float:
        """Return for how long nothing that the last look found comes due; infinite if it found nothing."""
        return math.inf if self._next_due_at is None else (self._next_due_at - now).total_seconds()

    def close(self) -> None:
        """Give the connection back."""
        self._commits.close()
