"""Lanes: what one provider does for one tenant. What slows one down slows no other."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from frontdesk.domains.sending.dispatch.breaker import Breaker
from frontdesk.domains.sending.dispatch.known_events import KnownEvents
from frontdesk.domains.sending.dispatch.rate import Rate, Turn
from frontdesk.domains.sending.outbox.commands import Channel, ClaimedCommand, Lane, NewCommand

#: What was claimed so long ago is compared with the log once more before it is called.
_FRESH: Final = timedelta(seconds=2)


@dataclass(slots=True, kw_only=True)
class Queued:
    """A claimed command, and the newest event that the decision about it has to take account of."""

    command: ClaimedCommand
    needs: int | None  #: None: the log could not be asked yet
    asked_at: datetime
    is_asked_again: bool = False

    @property
    def recipient(self) -> str | None:
        """Who gets it; None where its order is of no account."""
        return recipient_of(self.command)


def recipient_of(command: NewCommand) -> str | None:
    """Return the phone that a text goes to: a conversation, which has an order. None for whatever else goes out."""
    return command.payload.get("to") if command.channel is Channel.SMS else None


@dataclass(slots=True, kw_only=True)
class LaneState:
    """One lane as the dispatcher's thread sees it: what is claimed for it, and how many calls are under way."""

    lane: Lane
    calls_at_once: int
    rate: Rate | None = None  #: of the sending number
    breaker: Breaker = field(default_factory=Breaker)
    closed_reason: str = ""  #: why the breaker is open
    queue: deque[Queued] = field(default_factory=deque)  #: oldest due first
    running: list[ClaimedCommand] = field(default_factory=list)

    @property
    def count_running(self) -> int:
        """How many calls are under way."""
        return len(self.running)

    def can_start(self, now: datetime) -> bool:
        """Tell whether one more call may begin: when the breaker is half open, one alone."""
        if self.breaker.is_closed:
            return self.count_running < self.calls_at_once
        return self.breaker.lets_probe(now) and self.count_running == 0

    def wants_more(self, now: datetime) -> bool:
        """Tell whether commands of this lane should be claimed now."""
        is_free = self.rate is None or self.rate.is_free(now)
        return is_free and len(self.queue) < self.calls_at_once and self.can_start(now)

    def take_next(self, now: datetime, known: KnownEvents) -> ClaimedCommand | None:
        """Take the oldest command that may begin now; None where all have to wait.

        One recipient's go out one after the other, in their order. Raises EventLogUnavailableError.
        """
        busy = {recipient_of(command) for command in self.running} - {None}
        for queued in self.queue:
            if queued.recipient not in busy:
                if not _is_known(queued, now, known):
                    return None  # those behind it were claimed later
                self.queue.remove(queued)
                return queued.command
            busy.add(queued.recipient)
        return None

    def line_up(self) -> Turn | None:
        """Return the next place in the line of the sending number; None where it has no rate."""
        return None if self.rate is None else self.rate.line_up()

    def is_idle(self) -> bool:
        """Tell whether nothing is claimed and nothing under way."""
        return not self.queue and not self.count_running


def _is_known(queued: Queued, now: datetime, known: KnownEvents) -> bool:
    if queued.needs is None:
        queued.needs = known.newest_of(queued.command.tenant_id)
    if not known.takes_account_of(queued.needs):
        return False
    if now - queued.asked_at > _FRESH and not queued.is_asked_again:
        # Once: under events that never cease it would wait for ever.
        queued.is_asked_again = True
        queued.needs = known.newest_of(queued.command.tenant_id)
        return known.takes_account_of(queued.needs)
    return True
