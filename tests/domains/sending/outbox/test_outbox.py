"""The outbox's contract, on SQLite and on PostgreSQL: in once for ever, out in order, every write under its lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.domains.sending.outbox.commands import (
    MAX_COMMAND_KEY,
    AttemptOutcome,
    Channel,
    CommandFilter,
    CommandState,
    Enqueued,
    Lane,
)
from frontdesk.domains.sending.outbox.errors import CommandKeyClashError
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import LEASE, NOON, call_one, claim_one, new_command, state_of

KEY = "hmnp:reminder:1"
Step = Callable[[Outbox, str], bool]

#: Every write that ends a lease, given a token, and the states that it may begin from.
STEPS: dict[str, tuple[Step, set[CommandState]]] = {
    "begin_call": (lambda o, token: o.begin_call(KEY, token=token, lease=LEASE), {CommandState.CLAIMED}),
    "complete": (lambda o, token: o.complete(KEY, token=token, provider_id="SM1"), {CommandState.CALLING}),
    "retry": (lambda o, token: o.retry(KEY, token=token, at=NOON, reason="503"), {CommandState.CALLING}),
    "postpone": (lambda o, token: o.postpone(KEY, token=token, at=NOON, reason="night"), {CommandState.CLAIMED}),
    "suppress": (
        lambda o, token: o.suppress(KEY, token=token, reason="no consent"),
        {CommandState.CLAIMED, CommandState.CALLING},
    ),
    "fail": (lambda o, token: o.fail(KEY, token=token, reason="21211"), {CommandState.CLAIMED, CommandState.CALLING}),
    "mark_uncertain": (lambda o, token: o.mark_uncertain(KEY, token=token, reason="t/o"), {CommandState.CALLING}),
}


def test_a_command_comes_back_as_it_went_in(outbox: Outbox) -> None:
    command = new_command(due_at=NOON - timedelta(seconds=0.25), expires_at=NOON + timedelta(hours=2))
    assert outbox.enqueue([command]) == [Enqueued(KEY, is_new=True)]

    claimed = claim_one(outbox)

    assert {name: getattr(claimed, name) for name in asdict(command)} == asdict(command)
    assert (claimed.attempt_number, claimed.try_number, claimed.leased_until) == (1, 1, NOON + LEASE)
    known = outbox.find(KEY)
    assert known is not None
    assert {name: getattr(known, name) for name in asdict(command)} == asdict(command)
    assert (known.state, known.enqueued_at, known.attempts) == (CommandState.CLAIMED, NOON, ())
    assert outbox.find("other") is None


def test_a_key_is_added_once_in_one_call_and_in_several(outbox: Outbox) -> None:
    first, second, again = outbox.enqueue([new_command("a"), new_command("b"), new_command("a", payload={})])
    later = outbox.enqueue([new_command("c"), new_command("b", payload={})])

    assert [answer.is_new for answer in (first, second, again, *later)] == [True, True, False, True, False]
    assert [claimed.command_key for claimed in outbox.claim(limit=9, lease=LEASE)] == ["a", "b", "c"]
    assert outbox.enqueue([]) == []


@pytest.mark.parametrize("end", ["sent", "dead", "uncertain", "suppressed", "cancelled"])
def test_a_key_stays_known_whatever_became_of_it(outbox: Outbox, end: str) -> None:
    outbox.enqueue([new_command()])
    ends: dict[str, Callable[[], object]] = {
        "sent": lambda: outbox.complete(KEY, token=call_one(outbox).token),
        "dead": lambda: outbox.fail(KEY, token=call_one(outbox).token, reason="21211"),
        "uncertain": lambda: outbox.mark_uncertain(KEY, token=call_one(outbox).token, reason="time-out"),
        "suppressed": lambda: outbox.suppress(KEY, token=claim_one(outbox).token, reason="opted out"),
        "cancelled": lambda: outbox.cancel([KEY], reason="booking cancelled"),
    }
    assert ends[end]()

    assert outbox.enqueue([new_command()]) == [Enqueued(KEY, is_new=False)]
    assert state_of(outbox) == end
    assert outbox.claim(limit=9, lease=LEASE) == []


def test_a_key_of_another_tenant_is_refused_and_nothing_of_its_call_is_added(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])

    with pytest.raises(CommandKeyClashError, match="is known as hmnp's; put the tenant's id into the key"):
        outbox.enqueue([new_command("new", tenant_id="noizylab"), new_command(tenant_id="noizylab")])
    with pytest.raises(CommandKeyClashError):
        outbox.enqueue([new_command("both"), new_command("both", tenant_id="noizylab")])

    assert outbox.find("new") is None
    assert outbox.find("both") is None


def test_more_commands_than_one_statement_holds(outbox: Outbox) -> None:
    keys = [f"k{number:05}" for number in range(2_500)]
    assert all(answer.is_new for answer in outbox.enqueue([new_command(key) for key in keys]))
    assert not any(answer.is_new for answer in outbox.enqueue([new_command(key) for key in keys]))

    claimed = outbox.claim(limit=3_000, lease=LEASE)

    assert [command.command_key for command in claimed] == keys
    assert sorted(outbox.cancel(keys, reason="over")) == keys


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"command_key": ""}, "give 1 to 512"),
        ({"command_key": "k" * (MAX_COMMAND_KEY + 1)}, "has 513 characters"),
        ({"due_at": NOON.replace(tzinfo=None)}, "due_at is naive"),
        ({"expires_at": NOON.replace(tzinfo=None)}, "expires_at is naive"),
        ({"contact_id": "c\x00"}, "holds NUL"),
        ({"rule_version": None}, "rule_id and rule_version together"),
        ({"payload": {"x": object()}}, "can't be written as JSON"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(outbox: Outbox, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        outbox.enqueue([new_command("good"), new_command(**changes)])

    assert outbox.find("good") is None


def test_the_longest_key_of_wide_letters(outbox: Outbox) -> None:
    key = "\U0001f4ac" * MAX_COMMAND_KEY
    assert outbox.enqueue([new_command(key), new_command(key)])[0].is_new
    assert claim_one(outbox).command_key == key


def test_only_what_is_due_is_claimed_oldest_first_and_in_the_order_enqueued(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue(
        [
            new_command("tomorrow", contact_id="of-tomorrow", due_at=NOON + timedelta(days=1)),
            new_command("second", contact_id="of-second"),
            new_command("third", contact_id="of-third"),
            new_command("first", contact_id="of-first", due_at=NOON - timedelta(hours=1)),
            new_command("soon", contact_id="of-soon", due_at=NOON + timedelta(microseconds=1)),
        ]
    )

    assert [each.command_key for each in outbox.claim(limit=2, lease=LEASE)] == ["first", "second"]
    assert [each.command_key for each in outbox.claim(limit=2, lease=LEASE)] == ["third"]
    clock.advance(microseconds=1)
    assert [each.command_key for each in outbox.claim(limit=2, lease=LEASE)] == ["soon"]


def test_only_the_channels_asked_for_and_not_the_lanes_to_skip(outbox: Outbox) -> None:
    outbox.enqueue(
        [
            new_command("text"),
            new_command("mail", channel=Channel.EMAIL, provider="smtp"),
            new_command("task", channel=Channel.TASK, provider="desk"),
            new_command("other-text", tenant_id="noizylab"),
        ]
    )
    channels = [Channel.SMS, Channel.EMAIL]

    claimed = outbox.claim(limit=9, lease=LEASE, channels=channels, skip=[Lane("hmnp", "twilio"), Lane("x", "smtp")])

    assert [each.command_key for each in claimed] == ["mail", "other-text"]
    assert outbox.claim(limit=9, lease=LEASE, channels=[]) == []
    assert {each.command_key for each in outbox.claim(limit=9, lease=LEASE)} == {"text", "task"}


@pytest.mark.parametrize("state", [CommandState.CLAIMED, CommandState.CALLING])
@pytest.mark.parametrize("name", STEPS)
def test_a_step_takes_effect_once_under_its_lease_and_from_its_state(
    outbox: Outbox, name: str, state: CommandState
) -> None:
    outbox.enqueue([new_command(), new_command("bystander", channel=Channel.EMAIL)])
    [claimed] = outbox.claim(limit=1, lease=LEASE, channels=[Channel.SMS])
    if state is CommandState.CALLING:
        assert outbox.begin_call(KEY, token=claimed.token, lease=LEASE)
    step, sources = STEPS[name]

    assert not step(outbox, "another's token")
    assert state_of(outbox) is state
    assert step(outbox, claimed.token) == (state in sources)
    assert not (state in sources and step(outbox, claimed.token))
    assert state_of(outbox, "bystander") is CommandState.WAITING


@pytest.mark.parametrize("name", STEPS)
def test_a_step_under_a_lost_lease_changes_nothing(outbox: Outbox, clock: SetClock, name: str) -> None:
    outbox.enqueue([new_command()])
    lost = claim_one(outbox)
    clock.advance(minutes=1)
    assert outbox.expire_leases().waiting == [KEY]
    call_one(outbox)
    before = outbox.find(KEY)

    assert not STEPS[name][0](outbox, lost.token)

    assert outbox.find(KEY) == before


def test_a_sent_command_keeps_its_id_and_its_attempts(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue([new_command()])
    first = call_one(outbox)
    clock.advance(seconds=1)
    later = clock.now() + timedelta(minutes=5)
    assert outbox.retry(KEY, token=first.token, at=later, reason="503 from the provider")
    assert outbox.claim(limit=9, lease=LEASE) == []
    clock.advance(minutes=5)
    second = call_one(outbox)
    assert (second.attempt_number, second.try_number) == (2, 2)
    assert outbox.complete(KEY, token=second.token, provider_id="SM1")

    known = outbox.find(KEY)

    assert known is not None
    assert (known.state, known.provider_id, known.reason) == (CommandState.SENT, "SM1", None)
    assert [attempt.outcome for attempt in known.attempts] == [AttemptOutcome.RETRY, AttemptOutcome.SENT]
    assert [attempt.attempt_number for attempt in known.attempts] == [1, 2]
    assert known.attempts[0].started_at == NOON
    assert known.attempts[0].ended_at == NOON + timedelta(seconds=1)
    assert (known.attempts[0].detail, known.attempts[0].next_attempt_at) == ("503 from the provider", later)
    assert known.attempts[1].provider_id == "SM1"


def test_a_postponed_command_uses_up_no_attempt(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue([new_command()])
    morning = NOON + timedelta(hours=20)
    assert outbox.postpone(KEY, token=claim_one(outbox).token, at=morning, reason="quiet hours")
    assert outbox.claim(limit=9, lease=LEASE) == []
    known = outbox.find(KEY)
    assert known is not None
    assert (known.reason, known.next_attempt_at, known.attempts) == ("quiet hours", morning, ())

    clock.instant = morning
    assert claim_one(outbox).try_number == 1


def test_a_call_does_not_begin_after_its_lease_ran_out_by_the_clock(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue([new_command()])
    claimed = claim_one(outbox)
    clock.advance(seconds=30)

    assert not outbox.begin_call(KEY, token=claimed.token, lease=LEASE)


def test_beginning_a_call_renews_the_lease(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue([new_command()])
    claimed = claim_one(outbox)
    clock.advance(seconds=29)
    assert outbox.begin_call(KEY, token=claimed.token, lease=LEASE)
    clock.advance(seconds=29)

    assert outbox.expire_leases() == ([], [])
    assert outbox.complete(KEY, token=claimed.token)


def test_cancelling_stops_what_was_not_called(outbox: Outbox) -> None:
    outbox.enqueue([new_command("claimed"), new_command("calling"), new_command("waiting")])
    claimed, calling = outbox.claim(limit=2, lease=LEASE)
    assert outbox.begin_call("calling", token=calling.token, lease=LEASE)

    cancelled = outbox.cancel(["calling", "claimed", "waiting", "unknown"], reason="booking cancelled")

    assert sorted(cancelled) == ["claimed", "waiting"]
    assert not outbox.begin_call("claimed", token=claimed.token, lease=LEASE)
    assert outbox.complete("calling", token=calling.token)


def test_cancelling_by_filter_meets_one_contact_s_class_and_channel(outbox: Outbox) -> None:
    outbox.enqueue(
        [
            new_command("text"),
            new_command("other-contact", contact_id="c-2"),
            new_command("mail", channel=Channel.EMAIL),
            new_command("other-tenant", tenant_id="noizylab"),
        ]
    )
    stop = CommandFilter(tenant_id="hmnp", contact_id="c-1", channel=Channel.SMS)

    assert outbox.cancel_matching(stop, reason="STOP") == ["text"]
    assert outbox.cancel_matching(stop, reason="STOP") == []
