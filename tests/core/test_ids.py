"""UUIDv7 identifiers: layout of RFC 9562 section 5.7, order by millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from tests.clocks import SetClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, 7_000_000_000_000_000))
def test_layout(microseconds: int) -> None:
    instant = EPOCH + timedelta(microseconds=microseconds)
    text = UuidV7Factory(SetClock(instant)).new_event_id()
    value = UUID(text)

    assert text == str(value)
    assert (value.version, value.variant) == (7, RFC_4122)
    assert abs(timedelta(milliseconds=value.int >> 80) - (instant - EPOCH)) <= timedelta(milliseconds=1)


def test_ids_sort_by_the_millisecond_they_were_made_in() -> None:
    clock = SetClock(datetime(2026, 3, 2, tzinfo=UTC))
    factory = UuidV7Factory(clock)
    made = []
    for _ in range(200):
        made.append(factory.new_event_id())
        clock.instant += timedelta(milliseconds=1)

    assert made == sorted(made)


def test_ids_of_one_millisecond_differ_in_all_random_bits() -> None:
    factory = UuidV7Factory(SetClock(datetime(2026, 3, 2, tzinfo=UTC)))
    values = [UUID(factory.new_event_id()).int for _ in range(2_000)]

    assert len(set(values)) == len(values)
    ever_set, ever_clear = 0, 0
    for value in values:
        ever_set |= value
        ever_clear |= ~value
    random_bits = (0xFFF << 64) | ((1 << 62) - 1)
    assert ever_set & ever_clear & ((1 << 128) - 1) == random_bits


def test_the_system_clock_tells_utc() -> None:
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
