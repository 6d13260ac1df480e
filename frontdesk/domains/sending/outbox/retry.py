"""When a refused call is made again: schedules per channel as data, and the pure functions that read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from frontdesk.domains.sending.outbox.commands import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """Waits between attempts. Raises ValueError if it makes no sense."""

    delays: tuple[timedelta, ...]  #: after the first refusal, the second, and so on; the last one repeats
    max_attempts: int  #: calls in all; a command that was refused so often is dead
    jitter: float = 0.0  #: share of the delay that may be added, at most; nothing is ever taken off

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts is {self.max_attempts}; give at least 1")
        if self.max_attempts > 1 and not self.delays:
            raise ValueError(f"{self.max_attempts} attempts need at least one delay between them")
        if any(delay <= timedelta(0) for delay in self.delays):
            raise ValueError("a delay is not above zero; give the time from a refusal to the next attempt")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is {self.jitter}; give a share from 0 to 1")


def schedule_of_minutes(
    minutes: tuple[float, ...], *, max_attempts: int | None = None, jitter: float = 0.0
) -> RetrySchedule:
    """Return a tenant's own schedule; without max_attempts every delay is used once.

    >>> schedule_of_minutes((5, 10, 20, 40, 80), max_attempts=5).delays[0]
    datetime.timedelta(seconds=300)
    """
    delays = tuple(timedelta(minutes=each) for each in minutes)
    return RetrySchedule(
        delays=delays, max_attempts=len(delays) + 1 if max_attempts is None else max_attempts, jitter=jitter
    )


def _schedule_of_seconds(*seconds: float) -> RetrySchedule:
    delays = tuple(timedelta(seconds=each) for each in seconds)
    return RetrySchedule(delays=delays, max_attempts=len(delays) + 1, jitter=0.2)


_MINUTE, _HOUR = 60, 3_600

#: Fast first, since most refusals last for seconds; then slow, for as long as the message is still of use to anyone.
DEFAULT_SCHEDULES: Mapping[Channel, RetrySchedule] = MappingProxyType(
    {
        # A text is about now: after some hours a person had better call.
        Channel.SMS: _schedule_of_seconds(1, 5, 30, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR),
        # A day, as mail servers do: greylisting alone may take a quarter of an hour.
        Channel.EMAIL: _schedule_of_seconds(
            2, 30, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR
        ),
        # Our own desk: what refuses for minutes is broken.
        Channel.TASK: _schedule_of_seconds(1, 5, 30, 2 * _MINUTE, 10 * _MINUTE),
        # Records may be late, not absent: two days.
        Channel.SYNC: _schedule_of_seconds(
            2, 15, 2 * _MINUTE, 15 * _MINUTE, _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR
        ),
        # The delays that Standard Webhooks recommends, but for the jitter.
        Channel.WEBHOOK: _schedule_of_seconds(
            5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR
        ),
    }
)


def next_attempt_at(
    schedule: RetrySchedule,
    *,
    try_number: int,
    now: datetime,
    random: float,
    retry_after: datetime | None = None,
    is_permanent: bool = False,
) -> datetime | None:
    """Return when to call again after the try of that number (from 1) was refused; None: never, it is dead.

    `random` is from 0 up to 1. Never before `retry_after`; jitter is added to that too, since a provider tells all
    its callers the same instant. Raises ValueError for a try_number below 1.
    """
    if try_number < 1:
        raise ValueError(f"try_number is {try_number}; it is that of the call that was just refused, from 1")
    if is_permanent or try_number >= schedule.max_attempts:
        return None
    delay = schedule.delays[min(try_number, len(schedule.delays)) - 1]
    earliest = now + delay
    if retry_after is not None:
        earliest = max(earliest, retry_after)
    return earliest + delay * schedule.jitter * random
