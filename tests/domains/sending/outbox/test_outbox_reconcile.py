"""The outbox follows what is decided, on both databases: refreshed, withdrawn, waiting again, as long as uncalled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from frontdesk.domains.sending.outbox.commands import (
    Channel,
    ClaimedCommand,
    CommandState,
    Enqueued,
    Lane,
    MessageClass,
)
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import LEASE, NOON, call_one, claim_one, new_command, state_of

KEY = "hmnp:reminder:1"
LATER = NOON + timedelta(hours=1)
DECIDED_ANEW: list[dict[str, Any]] = [
    {"due_at": LATER},
    {"expires_at": LATER},
    {"payload": {"template": "reminder_24h", "to": "+17135550199"}},
    {"contact_id": "c-2"},
    {"contact_id": None},
    {"cause_event_ids": ("evt-3",)},
    {"rule_version": "4"},
    {"provider": "clicksend"},
    {"message_class": MessageClass.MARKETING},
]


@pytest.mark.parametrize("changes", DECIDED_ANEW)
def test_a_waiting_command_takes_what_is_decided_anew(
    outbox: Outbox, clock: SetClock, changes: dict[str, Any]
) -> None:
    outbox.enqueue([new_command(), new_command("bystander")])
    before = outbox.find("bystander")
    clock.advance(minutes=1)

    answers = outbox.enqueue([new_command(**changes), new_command(**changes), new_command("bystander")])

    assert answers == [Enqueued(KEY, False, True), Enqueued(KEY, False), Enqueued("bystander", False)]
    known = outbox.find(KEY)
    assert known is not None
    assert {name: getattr(known, name) for name in changes} == changes
    assert (known.state, known.next_attempt_at) == (CommandState.WAITING, known.due_at)
    assert (known.enqueued_at, known.changed_at) == (NOON, NOON)
    assert outbox.find("bystander") == before


def test_what_is_unchanged_is_not_written(outbox: Outbox) -> None:
    payload = {"template": "reminder_24h", "variables": {"a": 1, "b": {"c": 2, "d": [3]}}}
    same = {"variables": {"b": {"d": [3], "c": 2}, "a": 1}, "template": "reminder_24h"}
    zoned = (LATER + timedelta(0)).astimezone()
    outbox.enqueue([new_command(payload=payload, due_at=LATER, expires_at=LATER)])

    [answer] = outbox.enqueue([new_command(payload=same, due_at=zoned, expires_at=zoned)])

    assert answer == Enqueued(KEY, is_new=False, is_refreshed=False)


def test_a_postponed_command_stays_postponed_unless_its_time_moves(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    outbox.postpone(KEY, token=claim_one(outbox).token, at=LATER, reason="quiet hours")

    assert not outbox.enqueue([new_command()])[0].is_refreshed
    assert outbox.enqueue([new_command(rule_version="4")])[0].is_refreshed
    known = outbox.find(KEY)
    assert known is not None
    assert (known.next_attempt_at, known.reason) == (LATER, "quiet hours")

    sooner = NOON - timedelta(hours=1)
    assert outbox.enqueue([new_command(due_at=sooner)])[0].is_refreshed
    known = outbox.find(KEY)
    assert known is not None
    assert (known.next_attempt_at, known.reason) == (sooner, None)


STEPS_PAST_REFRESHING: dict[str, Callable[[Outbox], object]] = {
    "calling": call_one,
    "sent": lambda o: o.complete(KEY, token=call_one(o).token, provider_id="SM1"),
    "dead": lambda o: o.fail(KEY, token=call_one(o).token, reason="21211"),
    "uncertain": lambda o: o.mark_uncertain(KEY, token=call_one(o).token, reason="time-out"),
    "suppressed": lambda o: o.suppress(KEY, token=claim_one(o).token, reason="opted out"),
    "cancelled": lambda o: o.cancel([KEY], reason="STOP"),
}


@pytest.mark.parametrize("state", STEPS_PAST_REFRESHING)
def test_what_is_being_called_or_is_over_is_left_as_it_is(outbox: Outbox, state: str) -> None:
    outbox.enqueue([new_command()])
    assert STEPS_PAST_REFRESHING[state](outbox)
    before = outbox.find(KEY)

    assert outbox.enqueue([new_command(due_at=LATER, payload={})]) == [Enqueued(KEY, is_new=False)]

    assert outbox.find(KEY) == before
    assert state_of(outbox) == state


def test_a_command_between_two_tries_takes_what_is_decided_anew_and_keeps_its_time(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    outbox.retry(KEY, token=call_one(outbox).token, at=LATER, reason="503")

    assert outbox.enqueue([new_command(payload={"to": "+17135550199"})])[0].is_refreshed

    known = outbox.find(KEY)
    assert known is not None
    assert (known.payload, known.next_attempt_at, known.reason) == ({"to": "+17135550199"}, LATER, "503")


def test_a_claimed_command_that_is_decided_anew_is_not_called_with_what_was_decided_before(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    claimed = claim_one(outbox)

    assert outbox.enqueue([new_command(payload={"to": "+17135550199"})])[0].is_refreshed

    assert not outbox.begin_call(KEY, token=claimed.token, lease=LEASE)
    assert claim_one(outbox).payload == {"to": "+17135550199"}


BACK_TO_WAITING: dict[str, tuple[Callable[[Outbox], object], Callable[[Outbox], object]]] = {
    "retry": (call_one, lambda o: o.retry(KEY, token=_TOKENS[0], at=NOON, reason="503")),
    "not sent": (
        lambda o: o.mark_uncertain(KEY, token=call_one(o).token, reason="time-out"),
        lambda o: o.resolve_as_not_sent(KEY, attempt_number=1, resolved_by="look-up"),
    ),
    "redriven": (lambda o: o.fail(KEY, token=call_one(o).token, reason="21211"), lambda o: o.redrive(KEY)),
}
_TOKENS: list[str] = []


@pytest.mark.parametrize("way", BACK_TO_WAITING)
@pytest.mark.parametrize("is_intended", [True, False])
def test_what_is_decided_meanwhile_is_noted_for_the_next_try(outbox: Outbox, way: str, *, is_intended: bool) -> None:
    leave, come_back = BACK_TO_WAITING[way]
    outbox.enqueue([new_command()])
    left = leave(outbox)
    _TOKENS[:] = [left.token] if isinstance(left, ClaimedCommand) else []
    if is_intended:
        outbox.enqueue([new_command(payload={"to": "+17135550199"})])
    else:
        assert outbox.withdraw([KEY], reason="the booking is cancelled") == []

    assert come_back(outbox)
    claimed = claim_one(outbox)
    note = outbox.find_note(KEY)
    assert note is not None
    assert outbox.take_noted(KEY, token=claimed.token)

    assert outbox.find_note(KEY) is None
    known = outbox.find(KEY)
    assert known is not None
    if is_intended:
        assert (known.state, known.payload) == (CommandState.WAITING, {"to": "+17135550199"})
    else:
        assert (known.state, known.reason) == (CommandState.WITHDRAWN, "the booking is cancelled")


def test_a_withdrawn_command_is_not_sent_and_waits_again_when_it_is_intended_again(
    outbox: Outbox, clock: SetClock
) -> None:
    outbox.enqueue([new_command("waiting"), new_command("claimed")])
    [claimed] = [each for each in outbox.claim(limit=9, lease=LEASE) if each.command_key == "claimed"]
    clock.advance(minutes=1)
    outbox.expire_leases()

    assert sorted(outbox.withdraw(["waiting", "claimed", "unknown"], reason="booking moved")) == [
        "claimed",
        "waiting",
    ]
    assert outbox.withdraw(["waiting"], reason="again") == []
    assert outbox.claim(limit=9, lease=LEASE) == []
    assert not outbox.begin_call("claimed", token=claimed.token, lease=LEASE)
    known = outbox.find("claimed")
    assert known is not None
    assert (known.state, known.reason) == (CommandState.WITHDRAWN, "booking moved")

    assert outbox.enqueue([new_command("claimed")]) == [Enqueued("claimed", is_new=False, is_refreshed=True)]
    assert [each.command_key for each in outbox.claim(limit=9, lease=LEASE)] == ["claimed"]


def test_a_claimed_command_can_be_withdrawn_until_its_call_begins(outbox: Outbox) -> None:
    outbox.enqueue([new_command("claimed"), new_command("calling")])
    claimed, calling = outbox.claim(limit=2, lease=LEASE)
    assert outbox.begin_call("calling", token=calling.token, lease=LEASE)

    assert outbox.withdraw(["claimed", "calling"], reason="cancelled") == ["claimed"]

    assert not outbox.begin_call("claimed", token=claimed.token, lease=LEASE)
    assert outbox.complete("calling", token=calling.token)


def test_withdrawn_between_two_tries_it_has_all_its_tries_again(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    outbox.retry(KEY, token=call_one(outbox).token, at=LATER, reason="503")
    assert outbox.withdraw([KEY], reason="booking moved")

    assert outbox.enqueue([new_command()])[0].is_refreshed

    again = claim_one(outbox)
    assert (again.attempt_number, again.try_number) == (2, 1)


def test_open_keys_are_what_rules_of_one_tenant_intend_and_is_not_over(outbox: Outbox) -> None:
    outbox.enqueue([new_command(key) for key in ("calling", "claimed", "sent")])
    for claimed in outbox.claim(limit=9, lease=LEASE):
        if claimed.command_key != "claimed":
            outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
        if claimed.command_key == "sent":
            outbox.complete("sent", token=claimed.token)
    outbox.enqueue(
        [
            new_command("waiting", due_at=LATER),
            new_command("withdrawn"),
            new_command("by-hand", rule_id=None, rule_version=None),
            new_command("other", tenant_id="noizylab"),
        ]
    )
    outbox.withdraw(["withdrawn"], reason="over")

    keys = outbox.open_keys("hmnp")

    assert sorted(keys) == ["calling", "claimed", "waiting"]
    assert sorted(outbox.withdraw(keys, reason="over")) == ["claimed", "waiting"]


def test_what_is_due_is_told_as_claim_would_find_it(outbox: Outbox, clock: SetClock) -> None:
    assert (outbox.has_due(), outbox.next_due_at()) == (False, None)
    outbox.enqueue([new_command(due_at=LATER)])
    assert (outbox.has_due(), outbox.next_due_at()) == (False, LATER)

    clock.instant = LATER
    assert outbox.has_due()
    assert outbox.has_due(channels=[Channel.SMS])
    assert not outbox.has_due(channels=[Channel.EMAIL])
    assert not outbox.has_due(skip=[Lane("hmnp", "twilio")])

    outbox.postpone(KEY, token=claim_one(outbox).token, at=LATER + LEASE, reason="limit")
    assert (outbox.has_due(), outbox.next_due_at()) == (False, LATER + LEASE)
    outbox.withdraw([KEY], reason="over")
    assert outbox.next_due_at() is None


def test_what_is_held_is_not_due(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    outbox.hold(HoldScope(tenant_id="hmnp"), reason="stop", held_by="owner")

    assert (outbox.has_due(), outbox.next_due_at()) == (False, None)


def test_sent_and_perhaps_sent_are_counted_per_contact_class_and_channel(outbox: Outbox, clock: SetClock) -> None:
    marketing = {"message_class": MessageClass.MARKETING}
    ends = ["sent", "calling", "uncertain", "dead", "claimed"]
    outbox.enqueue(
        [new_command(end, **marketing) for end in ends]
        + [new_command("mail", **marketing, channel=Channel.EMAIL), new_command("transactional")]
        + [new_command("other", **marketing, contact_id="c-2"), new_command("far", **marketing, tenant_id="noizylab")]
    )
    clock.advance(seconds=5)
    for claimed in outbox.claim(limit=99, lease=LEASE):
        key, token = claimed.command_key, claimed.token
        if key != "claimed":
            outbox.begin_call(key, token=token, lease=LEASE)
        if key == "uncertain":
            outbox.mark_uncertain(key, token=token, reason="time-out")
        elif key == "dead":
            outbox.fail(key, token=token, reason="21211")
        elif key not in {"claimed", "calling"}:
            outbox.complete(key, token=token)

    def count(**changes: Any) -> int:
        meant: dict[str, Any] = {"contact_id": "c-1", "message_class": MessageClass.MARKETING, "since": NOON}
        return outbox.count_sent("hmnp", **(meant | changes))

    assert (count(), count(channel=Channel.EMAIL), count(contact_id="c-2")) == (4, 1, 1)
    assert (count(message_class=MessageClass.TRANSACTIONAL), count(since=LATER)) == (1, 0)
    assert outbox.count_sent_in_channel("hmnp", channel=Channel.SMS, since=clock.now()) == 5
    assert outbox.count_sent_in_channel("noizylab", channel=Channel.EMAIL, since=NOON) == 0
