"""Workers that die or stall between any two steps, on both databases: nothing twice, none lost, doubts listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest

from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState, KnownCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import LEASE, new_command

pytestmark = pytest.mark.processes

COMMANDS_COUNT = 2
#: Where a worker can be stopped: before its claim, and four times for each command.
STOPS = range(1, 2 + 4 * COMMANDS_COUNT)


class Provider:
    """Counts for itself what it accepted."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()

    def call(self, command_key: str) -> str:
        """Accept a command and return the provider's id."""
        self.accepted[command_key] += 1
        return f"SM-{command_key}"


def steps(outbox: Outbox, provider: Provider) -> Iterator[str]:
    """Work off what is due, giving way between any two steps."""
    yield "before the claim"
    for claimed in outbox.claim(limit=COMMANDS_COUNT, lease=LEASE):
        key, token = claimed.command_key, claimed.token
        yield "after the claim"
        if not outbox.begin_call(key, token=token, lease=LEASE):
            continue
        yield "before the call"
        provider_id = provider.call(key)
        yield "before the record"
        outbox.complete(key, token=token, provider_id=provider_id)
        yield "after the record"


def enqueue(outbox: Outbox, round_name: str) -> list[str]:
    keys = [f"{round_name}-{number}" for number in range(COMMANDS_COUNT)]
    outbox.enqueue([new_command(key) for key in keys])
    return keys


def go_on(outbox: Outbox, provider: Provider, clock: SetClock) -> list[KnownCommand]:
    """Let the leases run out and another worker go on to the end; return what is uncertain."""
    clock.advance(minutes=1)
    outbox.expire_leases()
    list(steps(outbox, provider))
    return outbox.search(CommandFilter(), limit=99, states=[CommandState.UNCERTAIN])


def look_up(outbox: Outbox, provider: Provider, uncertain: list[KnownCommand]) -> None:
    """Settle doubts by what the provider knows."""
    for known in uncertain:
        key, number = known.command_key, known.attempts_count
        if provider.accepted[key]:
            assert outbox.resolve_as_sent(key, attempt_number=number, resolved_by="look-up", provider_id=f"SM-{key}")
        else:
            assert outbox.resolve_as_not_sent(key, attempt_number=number, resolved_by="look-up")


def check_doubts(outbox: Outbox, provider: Provider, keys: list[str], uncertain: list[KnownCommand]) -> None:
    """Whatever is not sent exactly once is listed as uncertain; what was sent without a record is among that."""
    doubtful = {known.command_key for known in uncertain}
    for key in keys:
        known = outbox.find(key)
        assert known is not None
        assert provider.accepted[key] <= 1
        assert (known.state is CommandState.SENT) != (key in doubtful)
        assert provider.accepted[key] == 1 or key in doubtful


def check_sent_once(outbox: Outbox, provider: Provider, keys: list[str]) -> None:
    assert {key: provider.accepted[key] for key in keys} == dict.fromkeys(keys, 1)
    for key in keys:
        known = outbox.find(key)
        assert known is not None
        assert (known.state, known.provider_id) == (CommandState.SENT, f"SM-{key}")


@pytest.mark.parametrize("first_stop", STOPS)
def test_two_workers_die_one_after_the_other(outbox: Outbox, clock: SetClock, first_stop: int) -> None:
    provider = Provider()
    for second_stop in STOPS:
        keys = enqueue(outbox, f"r{second_stop}")
        list(islice(steps(outbox, provider), first_stop))
        clock.advance(minutes=1)
        outbox.expire_leases()
        list(islice(steps(outbox, provider), second_stop))

        uncertain = go_on(outbox, provider, clock)
        check_doubts(outbox, provider, keys, uncertain)
        look_up(outbox, provider, uncertain)
        assert go_on(outbox, provider, clock) == []

        check_sent_once(outbox, provider, keys)


@pytest.mark.parametrize("stop", STOPS)
def test_a_stalled_worker_wakes_after_another_took_over(outbox: Outbox, clock: SetClock, stop: int) -> None:
    provider = Provider()
    keys = enqueue(outbox, "r")
    stalled = steps(outbox, provider)
    list(islice(stalled, stop))

    uncertain = go_on(outbox, provider, clock)
    check_doubts(outbox, provider, keys, uncertain)
    list(stalled)
    assert max(provider.accepted.values()) == 1
    look_up(outbox, provider, uncertain)
    assert go_on(outbox, provider, clock) == []

    check_sent_once(outbox, provider, keys)


@pytest.mark.parametrize("stop", STOPS)
def test_what_is_withdrawn_while_a_worker_is_stopped_goes_out_only_if_its_call_had_begun(
    outbox: Outbox, clock: SetClock, stop: int
) -> None:
    provider = Provider()
    keys = enqueue(outbox, "r")
    stalled = steps(outbox, provider)
    list(islice(stalled, stop))

    withdrawn = outbox.withdraw(keys, reason="booking cancelled")
    list(stalled)
    uncertain = go_on(outbox, provider, clock)

    assert uncertain == []
    assert {key for key in keys if provider.accepted[key]} == set(keys) - set(withdrawn)
    outbox.enqueue([new_command(key) for key in keys])
    go_on(outbox, provider, clock)
    check_sent_once(outbox, provider, keys)
