"""What comes after a call, on both databases: doubts resolved, dead ones redriven, half-states refused, counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from frontdesk.domains.sending.outbox.commands import AttemptOutcome, Channel, CommandFilter, CommandState, Resolution
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.core.backends import Backend
from tests.domains.sending.outbox.factories import LEASE, NOON, call_one, claim_one, new_command, state_of

KEY = "hmnp:reminder:1"
HALF_STATES = [
    "token = 'x'",
    "leased_until = due_at",
    "state = 'claimed', next_attempt_at = NULL",
    "next_attempt_at = NULL",
    "state = 'dead', next_attempt_at = NULL",
    "state = 'sent', next_attempt_at = NULL",
    "provider_id = 'SM1'",
    "state = 'posted', next_attempt_at = NULL",
    "channel = 'fax'",
    "tries_count = 1",
    "rule_id = NULL",
]


def test_an_uncertain_command_waits_to_be_resolved(outbox: Outbox, clock: SetClock) -> None:
    outbox.enqueue([new_command()])
    assert outbox.mark_uncertain(KEY, token=call_one(outbox).token, reason="no answer in 10 s")
    clock.advance(days=400)

    assert outbox.expire_leases() == ([], [])
    assert outbox.claim(limit=9, lease=LEASE) == []
    assert not outbox.redrive(KEY)
    assert outbox.cancel([KEY], reason="over") == []


def test_an_uncertain_command_found_sent_is_sent(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    outbox.mark_uncertain(KEY, token=call_one(outbox).token, reason="no answer")

    assert outbox.resolve_as_sent(KEY, attempt_number=1, resolved_by="look-up", provider_id="SM7")

    known = outbox.find(KEY)
    assert known is not None
    assert (known.state, known.provider_id) == (CommandState.SENT, "SM7")
    [attempt] = known.attempts
    assert (attempt.outcome, attempt.resolution) == (AttemptOutcome.UNCERTAIN, Resolution.SENT)
    assert (attempt.provider_id, attempt.resolved_by, attempt.resolved_at) == ("SM7", "look-up", NOON)
    assert not outbox.resolve_as_not_sent(KEY, attempt_number=1, resolved_by="person")


def test_an_old_look_up_does_not_settle_a_later_attempt(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    outbox.mark_uncertain(KEY, token=call_one(outbox).token, reason="no answer")
    assert outbox.resolve_as_not_sent(KEY, attempt_number=1, resolved_by="person")
    outbox.mark_uncertain(KEY, token=call_one(outbox).token, reason="no answer")

    assert not outbox.resolve_as_not_sent(KEY, attempt_number=1, resolved_by="a slow look-up")

    assert state_of(outbox) is CommandState.UNCERTAIN


def test_redriving_gives_all_tries_anew_and_meets_dead_ones_only(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    assert not outbox.redrive(KEY)
    claimed = call_one(outbox)
    assert outbox.fail(KEY, token=claimed.token, reason="503 for the fifth time")

    assert outbox.redrive(KEY)
    assert not outbox.redrive(KEY)

    again = claim_one(outbox)
    assert (again.attempt_number, again.try_number) == (2, 1)
    known = outbox.find(KEY)
    assert known is not None
    assert known.redrives_count == 1


def test_redriving_by_filter_cannot_repeat_what_was_sent(outbox: Outbox) -> None:
    keys = ["sent", "dead-503", "dead-21211", "dead-other"]
    outbox.enqueue([new_command(key) for key in keys[:3]] + [new_command("dead-other", tenant_id="noizylab")])
    for claimed in outbox.claim(limit=9, lease=LEASE):
        outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
        if claimed.command_key == "sent":
            outbox.complete("sent", token=claimed.token)
        else:
            outbox.fail(claimed.command_key, token=claimed.token, reason=f"Code {claimed.command_key}")

    meant = CommandFilter(tenant_id="hmnp", reason_contains="code DEAD-5")
    assert outbox.redrive_matching(meant) == ["dead-503"]
    assert outbox.redrive_matching(CommandFilter(reason_contains="%")) == []
    assert sorted(outbox.redrive_matching(CommandFilter())) == ["dead-21211", "dead-other"]
    assert state_of(outbox, "sent") is CommandState.SENT


def test_a_sent_row_and_a_key_cannot_be_undone_by_anyone(outbox: Outbox, engine: Engine) -> None:
    outbox.enqueue([new_command()])
    outbox.complete(KEY, token=call_one(outbox).token, provider_id="SM1")

    for statement in (
        "UPDATE outbox SET state = 'waiting', next_attempt_at = due_at, provider_id = NULL",
        "UPDATE outbox SET command_key = 'other'",
        "DELETE FROM outbox",
    ):
        with pytest.raises(DBAPIError, match="keys stay and sent is final"), engine.begin() as connection:
            connection.execute(text(statement))
    with engine.begin() as connection:  # what a person asked to be forgotten can be
        connection.execute(text("UPDATE outbox SET payload = '{}', contact_id = NULL"))


def test_half_states_are_refused_by_the_table(outbox: Outbox, engine: Engine) -> None:
    outbox.enqueue([new_command()])

    for change in HALF_STATES:
        with pytest.raises(DBAPIError, match=r"(?i)check constraint"), engine.begin() as connection:
            connection.execute(text(f"UPDATE outbox SET {change}"))


def test_depths_count_what_is_not_over(outbox: Outbox, clock: SetClock) -> None:
    assert outbox.depths() == []
    outbox.enqueue(
        [new_command(f"k{number}", due_at=NOON + timedelta(minutes=number)) for number in range(7)]
        + [new_command("other", tenant_id="noizylab", channel=Channel.EMAIL, due_at=NOON + timedelta(days=9))]
    )
    clock.advance(minutes=5)
    sent, dead, uncertain, retried, *_ = outbox.claim(limit=5, lease=LEASE)
    for claimed in (sent, dead, uncertain, retried):
        outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
    outbox.complete(sent.command_key, token=sent.token)
    outbox.fail(dead.command_key, token=dead.token, reason="no")
    outbox.mark_uncertain(uncertain.command_key, token=uncertain.token, reason="no answer")
    outbox.retry(retried.command_key, token=retried.token, at=NOON + timedelta(hours=1), reason="503")

    mine, other = outbox.depths()

    assert (mine.tenant_id, mine.channel, other.tenant_id, other.channel) == ("hmnp", "sms", "noizylab", "email")
    assert (mine.waiting_count, mine.due_count, mine.in_flight_count) == (3, 1, 1)
    assert (mine.dead_count, mine.uncertain_count, mine.oldest_due_at) == (1, 1, NOON + timedelta(minutes=5))
    assert (other.waiting_count, other.due_count, other.oldest_due_at) == (1, 0, None)
    assert outbox.depths(tenant_id="hmnp") == [mine]


def test_a_search_gives_the_newest_that_match(outbox: Outbox) -> None:
    outbox.enqueue([new_command("a"), new_command("b"), new_command("c", tenant_id="noizylab"), new_command("d")])
    outbox.cancel(["b"], reason="over")
    mine = CommandFilter(tenant_id="hmnp")

    assert [known.command_key for known in outbox.search(mine, limit=2)] == ["d", "b"]
    waiting = outbox.search(mine, limit=9, states=[CommandState.WAITING])
    assert [known.command_key for known in waiting] == ["d", "a"]
    assert [known.command_key for known in outbox.search(mine, limit=1, before="d")] == ["b"]
    assert outbox.search(mine, limit=9, before="a") == []
    assert outbox.search(mine, limit=9, before="c") == []


def test_unavailable_is_said_and_nothing_is_half_done(backend: Backend, engine: Engine, outbox: Outbox) -> None:
    many = [new_command(f"k{number}", payload={"text": "x" * 5_000}) for number in range(500)]

    with backend.unavailable(engine), pytest.raises(OutboxUnavailableError, match="can't be used now"):
        outbox.enqueue(many)

    assert outbox.depths() == []
    assert all(answer.is_new for answer in outbox.enqueue(many))


def test_a_naive_time_is_refused(outbox: Outbox) -> None:
    outbox.enqueue([new_command()])
    claimed = call_one(outbox)

    with pytest.raises(ValueError, match="naive datetime"):
        outbox.retry(KEY, token=claimed.token, at=NOON.replace(tzinfo=None), reason="503")

    assert state_of(outbox) is CommandState.CALLING
