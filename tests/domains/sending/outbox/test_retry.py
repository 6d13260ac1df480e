"""Retry schedules: never sooner than the delay or what the provider asks for, and an end to every one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.connectors.retry_after import MAX_RETRY_AFTER, parse_retry_after
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.outbox.retry import (
    DEFAULT_SCHEDULES,
    RetrySchedule,
    next_attempt_at,
    schedule_of_minutes,
)
from tests.domains.sending.outbox.factories import NOON

schedules = st.builds(
    RetrySchedule,
    delays=st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=2)), min_size=1, max_size=8).map(tuple),
    max_attempts=st.integers(1, 12),
    jitter=st.floats(0, 1),
)
shares = st.floats(0, 1, exclude_max=True)
waits = st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=3)).map(lambda wait: NOON + wait)


@given(schedule=schedules, try_number=st.integers(1, 12), random=shares, retry_after=waits)
def test_jitter_is_only_added_and_no_attempt_is_too_soon(
    schedule: RetrySchedule, try_number: int, random: float, retry_after: datetime | None
) -> None:
    plain = next_attempt_at(schedule, try_number=try_number, now=NOON, random=0.0, retry_after=retry_after)
    moved = next_attempt_at(schedule, try_number=try_number, now=NOON, random=random, retry_after=retry_after)

    assert (plain is None) == (moved is None) == (try_number >= schedule.max_attempts)
    if plain is not None and moved is not None:
        delay = schedule.delays[min(try_number, len(schedule.delays)) - 1]
        assert plain == max(NOON + delay, retry_after or NOON)
        assert plain <= moved <= plain + delay


def test_a_tenant_s_own_delays_and_dead_after_five() -> None:
    own = schedule_of_minutes((5, 10, 20, 40, 80), max_attempts=5)

    ends = [next_attempt_at(own, try_number=number, now=NOON, random=0.9) for number in range(1, 7)]

    assert ends == [NOON + timedelta(minutes=minutes) for minutes in (5, 10, 20, 40)] + [None, None]


def test_without_a_number_of_attempts_every_delay_is_used_once() -> None:
    own = schedule_of_minutes((5, 10, 20, 40, 80))

    assert next_attempt_at(own, try_number=5, now=NOON, random=0.0) == NOON + timedelta(minutes=80)
    assert next_attempt_at(own, try_number=6, now=NOON, random=0.0) is None


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_is_fast_then_slow_and_a_permanent_error_ends_it(channel: Channel) -> None:
    schedule = DEFAULT_SCHEDULES[channel]

    assert schedule.delays[0] <= timedelta(seconds=5)
    assert list(schedule.delays) == sorted(schedule.delays)
    assert next_attempt_at(schedule, try_number=1, now=NOON, random=0.0, is_permanent=True) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", NOON + timedelta(minutes=2)),
        (" 0 ", NOON),
        ("1.5", NOON + timedelta(seconds=1.5)),
        ("Mon, 02 Mar 2026 12:05:00 GMT", NOON + timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 13:05:00 +0100", NOON + timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 12:05:00 -0000", NOON + timedelta(minutes=5)),
        ("9" * 400, NOON + MAX_RETRY_AFTER),
        ("Mon, 02 Mar 9026 12:05:00 GMT", NOON + MAX_RETRY_AFTER),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        (".5", None),
        ("\u0661\u0662", None),
        ("Mon, 99 Mar 2026 12:05:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, expected: datetime | None) -> None:
    assert parse_retry_after(header, now=NOON) == expected


@given(st.text(max_size=40))
def test_no_header_breaks_the_reading(header: str) -> None:
    instant = parse_retry_after(header, now=NOON)

    assert instant is None or (instant.tzinfo is not None and instant.astimezone(UTC) <= NOON + MAX_RETRY_AFTER)


@pytest.mark.parametrize(
    ("delays", "max_attempts", "jitter", "reason"),
    [
        ((), 2, 0.0, "need at least one delay"),
        ((timedelta(0),), 2, 0.0, "not above zero"),
        ((timedelta(1),), 0, 0.0, "give at least 1"),
        ((timedelta(1),), 2, -0.1, "share from 0 to 1"),
    ],
)
def test_a_senseless_schedule_is_refused(
    delays: tuple[timedelta, ...], max_attempts: int, jitter: float, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        RetrySchedule(delays=delays, max_attempts=max_attempts, jitter=jitter)


def test_the_refused_call_itself_is_counted() -> None:
    with pytest.raises(ValueError, match="from 1"):
        next_attempt_at(DEFAULT_SCHEDULES[Channel.SMS], try_number=0, now=NOON, random=0.0)
