"""The circuit breaker and the rate by themselves."""

from __future__ import annotations

import threading
from datetime import timedelta

from frontdesk.domains.sending.dispatch.lanes import Breaker, Rate, Transition
from tests.domains.sending.outbox.factories import NOON

SECOND = timedelta(seconds=1)


def _opened() -> Breaker:
    breaker = Breaker(failures=2, first_pause=10 * SECOND, longest_pause=25 * SECOND)
    assert breaker.fail(NOON) is None
    assert breaker.fail(NOON) is Transition.OPENED
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=2)

    transitions = [breaker.fail(NOON), breaker.succeed(), breaker.fail(NOON)]

    assert transitions == [None, None, None]
    assert breaker.is_closed


def test_each_failed_probe_doubles_the_pause_up_to_the_longest_and_tells_nobody() -> None:
    breaker = _opened()
    pauses = []
    now = NOON + 10 * SECOND
    for _ in range(3):
        assert not breaker.lets_probe(now - SECOND)
        assert breaker.lets_probe(now)
        assert breaker.fail(now) is None
        assert breaker.opens_again_at is not None
        pauses.append((breaker.opens_again_at - now).total_seconds())
        now = breaker.opens_again_at

    assert pauses == [20, 25, 25]
    assert breaker.succeed() is Transition.CLOSED
    assert breaker.is_closed


def test_calls_that_end_late_don_t_lengthen_the_pause() -> None:
    breaker = _opened()

    assert breaker.fail(NOON + SECOND) is None

    assert breaker.lets_probe(NOON + 10 * SECOND)


def test_the_provider_s_own_wish_is_heeded() -> None:
    breaker = Breaker(failures=1, first_pause=10 * SECOND)

    breaker.fail(NOON, retry_after=NOON + 60 * SECOND)

    assert not breaker.lets_probe(NOON + 59 * SECOND)
    assert breaker.lets_probe(NOON + 60 * SECOND)


def test_a_rate_gives_everybody_who_comes_too_early_another_time() -> None:
    rate = Rate(2)

    assert rate.take(NOON) is None
    assert not rate.is_free(NOON)
    waits = [rate.take(NOON) for _ in range(3)]

    assert waits == [NOON + 0.5 * SECOND, NOON + SECOND, NOON + 1.5 * SECOND]
    assert rate.take(NOON + 0.5 * SECOND) is None
    assert rate.take(NOON + 0.6 * SECOND) == NOON + 2 * SECOND


def test_nobody_overtakes_who_lined_up_before() -> None:
    rate = Rate(2)
    turns = [rate.line_up() for _ in range(4)]
    order: list[int] = []

    def go_out(number: int) -> None:
        if number != 2:  # it has nothing to send, and still has its turn
            turns[number].wait()
            order.append(number)
            turns[number].take(NOON)
        turns[number].end()

    threads = [threading.Thread(target=go_out, args=(number,)) for number in (3, 2, 1, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert order == [0, 1, 3]
