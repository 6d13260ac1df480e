"""Lanes: what one provider does for one tenant, with its rate and its breaker. What slows one down slows no other."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from frontdesk.domains.sending.dispatch.decided_position import KnownEvents
from frontdesk.domains.sending.outbox.commands import Channel, ClaimedCommand, Lane, NewCommand

_MOST_FAILURES: Final = 5
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
        failures: int = _MOST_FAILURES,
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

    def let_probe(self, now: datetime) -> None:
        """Let a probe go out now, if it is open: what kept the provider from answering may be mended."""
        if self.opens_again_at is not None:
            self.opens_again_at = now

    def _open(self, now: datetime, retry_after: datetime | None) -> None:
        self.opens_again_at = max(now + self._pause, retry_after or now)


class Rate:
    """So many calls a second, evenly spaced. Safe to use from several threads; times are aware UTC datetimes."""

    def __init__(self, per_second: float) -> None:
        self._interval = timedelta(seconds=1 / per_second)
        self._free_at: datetime | None = None
        self._promised_at: datetime | None = None
        self._last_turn: Turn | None = None
        self._lock = threading.Lock()

    def change(self, per_second: float) -> None:
        """Go on at another pace, from the next call on."""
        with self._lock:
            self._interval = timedelta(seconds=1 / per_second)

    def is_free(self, now: datetime) -> bool:
        """Tell whether a call could go out now."""
        return self._free_at is None or now >= self._free_at

    def line_up(self) -> Turn:
        """Return the next turn. One thread lines up for all calls, in the order that they are to go out in."""
        self._last_turn = Turn(self, after=self._last_turn)
        return self._last_turn

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


class Turn:
    """One call's place in the line of a number. It must be over in the end, whether the call was made or not."""

    def __init__(self, rate: Rate, *, after: Turn | None) -> None:
        self._rate = rate
        self._before = after
        self._is_over = threading.Event()

    def wait(self) -> None:
        """Return once the turn before is over: its call has begun, or will not be made now."""
        if self._before is not None:
            self._before._is_over.wait()
            self._before = None  # not kept: it would keep the one before it

    def take(self, now: datetime) -> datetime | None:
        """Take the call as Rate.take does; the turn must have come."""
        return self._rate.take(now)

    def end(self) -> None:
        """Let the next one have its turn. Once is enough; more do no harm."""
        self.wait()
        self._is_over.set()


#: What was claimed so long ago is compared with the log once more before it is called.
_FRESH: Final = timedelta(seconds=2)


@dataclass(slots=True, kw_only=True)
class QueuedCommand:
    """A claimed command, and the newest event that the decision about it has to take account of."""

    command: ClaimedCommand
    needs: int | None  #: None: the log could not be asked yet
    asked_at: datetime
    is_asked_again: bool = False

    @property
    def recipient(self) -> str | None:
        """Who gets it; None if its order is of no account."""
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
    is_set_up_refused: bool = False  #: the breaker is open since the provider refuses the credentials, or such
    queue: deque[QueuedCommand] = field(default_factory=deque)  #: oldest due first
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
        """Take the oldest command that may begin now; None if all have to wait.

        One recipient's go out one after the other, in their order. Raises EventLogUnavailableError.
        """
        busy = {recipient_of(command) for command in self.running} - {None}
        for queued in self.queue:
            if queued.recipient not in busy:
                if not _may_be_called(queued, now, known):
                    return None  # those behind it were claimed later
                self.queue.remove(queued)
                return queued.command
            busy.add(queued.recipient)
        return None

    def set_rate(self, per_second: float | None) -> None:
        """Let so many calls begin a second; None: as many as there are. Who is in line stays there."""
        if per_second is None:
            self.rate = None
        elif self.rate is None:
            self.rate = Rate(per_second)
        else:
            self.rate.change(per_second)

    def line_up(self) -> Turn | None:
        """Return the next place in the line of the sending number; None if it has no rate."""
        return None if self.rate is None else self.rate.line_up()

    def is_idle(self) -> bool:
        """Tell whether nothing is claimed and nothing under way."""
        return not self.queue and not self.count_running


def _may_be_called(queued: QueuedCommand, now: datetime, known: KnownEvents) -> bool:
    tenant_id = queued.command.tenant_id
    if queued.needs is None:
        queued.needs = known.newest_of(tenant_id)
    if not known.takes_account_of(queued.needs, tenant_id=tenant_id):
        return False
    if now - queued.asked_at > _FRESH and not queued.is_asked_again:
        # Once: under events that never cease it would wait for ever.
        queued.is_asked_again = True
        queued.needs = known.newest_of(tenant_id)
        return known.takes_account_of(queued.needs, tenant_id=tenant_id)
    return True
