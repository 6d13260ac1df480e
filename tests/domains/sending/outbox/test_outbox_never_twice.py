"""Whatever happens in whatever order, workers dying included: no command is sent twice, and none is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.domains.sending.outbox.commands import ClaimedCommand, CommandFilter, CommandState
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.outbox.factories import LEASE, NOON, new_command

KEYS = ("a", "b", "c")
#: What may become of a worker and its call once it has recorded that it calls; True: the provider accepted it.
FATES = {
    "died before the call": False,
    "died after it was accepted": True,
    "accepted": True,
    "refused for now": False,
    "refused for good": False,
    "timed out, accepted": True,
    "timed out, lost": False,
}
NOT_INTENDED = {CommandState.CANCELLED, CommandState.SUPPRESSED, CommandState.WITHDRAWN}


@dataclass(frozen=True)
class Answer:
    """What a worker that lives knows of its call and has yet to record."""

    claimed: ClaimedCommand
    fate: str


class OutboxMachine(RuleBasedStateMachine):
    """An outbox on SQLite beside a provider that counts for itself what it accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.engine = open_engine(f"sqlite:///{Path(self.folder.name) / 'frontdesk.db'}")
        create_tables(self.engine)
        self.clock = SetClock(NOON)
        self.outbox = Outbox(self.engine, clock=self.clock, ids=UuidV7Factory(SystemClock()))
        self.accepted: Counter[str] = Counter()
        self.accepted_attempts: set[tuple[str, int]] = set()
        self.enqueued: set[str] = set()
        self.in_hand: list[ClaimedCommand] = []
        self.answers: list[Answer] = []

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3), version=st.sampled_from(["3", "4"]))
    def enqueue(self, keys: list[str], version: str) -> None:
        answers = self.outbox.enqueue([new_command(key, rule_version=version) for key in keys])
        assert {answer.command_key for answer in answers if answer.is_new} == set(keys) - self.enqueued
        self.enqueued |= set(keys)

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        self.in_hand += self.outbox.claim(limit=limit, lease=LEASE)

    @precondition(lambda self: self.in_hand)
    @rule(fate=st.sampled_from(sorted(FATES)))
    def call(self, fate: str) -> None:
        claimed = self.in_hand.pop(0)
        if not self.outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE):
            return
        if FATES[fate]:
            self.accepted[claimed.command_key] += 1
            self.accepted_attempts.add((claimed.command_key, claimed.attempt_number))
        if not fate.startswith("died"):
            self.answers.append(Answer(claimed, fate))

    @precondition(lambda self: self.answers)
    @rule()
    def record_answer(self) -> None:
        answer = self.answers.pop()
        key, token = answer.claimed.command_key, answer.claimed.token
        match answer.fate:
            case "accepted":
                self.outbox.complete(key, token=token, provider_id="SM1")
            case "refused for now":
                at = self.clock.now() + timedelta(seconds=10)
                self.outbox.retry(key, token=token, at=at, reason="503")
            case "refused for good":
                self.outbox.fail(key, token=token, reason="21211")
            case _:
                self.outbox.mark_uncertain(key, token=token, reason="time-out")

    @rule()
    def all_workers_die(self) -> None:
        self.in_hand.clear()
        self.answers.clear()

    @rule(seconds=st.sampled_from([1, 20, 40]))
    def time_goes_on(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule()
    def expire(self) -> None:
        self.outbox.expire_leases()

    @precondition(lambda self: self.in_hand)
    @rule(is_suppressed=st.booleans())
    def guard(self, is_suppressed: bool) -> None:
        claimed = self.in_hand.pop()
        if is_suppressed:
            self.outbox.suppress(claimed.command_key, token=claimed.token, reason="no consent")
        else:
            self.outbox.postpone(claimed.command_key, token=claimed.token, at=self.clock.now(), reason="limit")

    @rule(key=st.sampled_from(KEYS))
    def cancel(self, key: str) -> None:
        self.outbox.cancel([key], reason="no longer intended")

    @rule(key=st.sampled_from(KEYS))
    def withdraw(self, key: str) -> None:
        self.outbox.withdraw([key], reason="no longer intended")

    @rule()
    def look_up_uncertain(self) -> None:
        for known in self.outbox.search(CommandFilter(), limit=9, states=[CommandState.UNCERTAIN]):
            key, number = known.command_key, known.attempts_count
            if (key, number) in self.accepted_attempts:
                assert self.outbox.resolve_as_sent(key, attempt_number=number, resolved_by="look-up")
            else:
                assert self.outbox.resolve_as_not_sent(key, attempt_number=number, resolved_by="look-up")

    @rule()
    def redrive(self) -> None:
        self.outbox.redrive_matching(CommandFilter())

    @rule()
    def hold(self) -> None:
        self.outbox.hold(HoldScope(), reason="stop", held_by="owner")

    @rule()
    def release(self) -> None:
        self.outbox.release(HoldScope(), released_by="owner")

    @invariant()
    def nothing_is_sent_twice_or_forgotten(self) -> None:
        states = {known.command_key: known.state for known in self.outbox.search(CommandFilter(), limit=9)}
        assert states.keys() == self.enqueued
        assert max(self.accepted.values(), default=0) <= 1
        for key, state in states.items():
            if self.accepted[key]:
                assert state in {CommandState.CALLING, CommandState.UNCERTAIN, CommandState.SENT}
            else:
                assert state is not CommandState.SENT

    def teardown(self) -> None:
        """With a provider that is well again, all that is still intended goes out, each once."""
        self.all_workers_die()
        self.release()
        self.clock.advance(hours=1)
        self.expire()
        self.look_up_uncertain()
        self.redrive()
        self.claim(limit=9)
        while self.in_hand:
            self.call("accepted")
            self.record_answer()
        for known in self.outbox.search(CommandFilter(), limit=9):
            is_sent = known.state is CommandState.SENT
            assert is_sent != (known.state in NOT_INTENDED)
            assert self.accepted[known.command_key] == is_sent
        self.engine.dispose()
        self.folder.cleanup()


OutboxMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestOutboxMachine = OutboxMachine.TestCase
