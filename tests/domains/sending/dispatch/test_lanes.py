"""One provider's trouble is its own: others go on, it is called less and less, and comes back in order."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.domains.sending.outbox.commands import ClaimedCommand, CommandState
from frontdesk.domains.sending.settings import SmsDelivery
from tests.clocks import FastClock, SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, hook, mail, open_sending, task, text
from tests.domains.sending.dispatch.standins import StandIns, wait_until
from tests.domains.sending.outbox.factories import NOON

SMTP: dict[str, Any] = {
    "tenant_id": "hmnp",
    "provider": "smtp",
    "with_payload": {"template": None, "subject": "S", "text": "T"},
}


def test_a_provider_that_hangs_slows_no_other(standins: StandIns, tmp_path: Path) -> None:
    hangs_for = timedelta(seconds=3)
    standins.behave("graph", latency_ms=hangs_for // timedelta(milliseconds=1))
    clock = SystemClock()
    with open_sending(standins, tmp_path, clock=clock) as sending:
        now = clock.now()
        sending.put(*(mail(f"slow{n}", due_at=now) for n in range(60)))
        sending.put(hook("hook", due_at=now), task("task", due_at=now), text("text", due_at=now))
        sending.put(*(mail(f"smtp{n}", due_at=now, **SMTP) for n in range(10)))
        began_at = time.monotonic()

        sending.dispatcher.run_until(now + timedelta(seconds=2.5))

        others = ["hook", "task", "text", *(f"smtp{n}" for n in range(10))]
        assert {sending.state(key) for key in others} == {CommandState.SENT}
        sent_at = [sending.known(key).changed_at for key in others]
        assert max(sent_at) - now < hangs_for
        assert time.monotonic() - began_at < 6
        assert sending.state("slow59") is CommandState.WAITING


def test_a_text_goes_out_within_milliseconds_of_being_put_in(standins: StandIns, tmp_path: Path) -> None:
    clock = SystemClock()
    with open_sending(standins, tmp_path, clock=clock, sms=_fast("twilio")) as sending:
        seconds = []
        for number in range(20):
            sending.put(text(f"k{number}", due_at=clock.now()))
            sending.dispatcher.dispatch_due()
            known = sending.known(f"k{number}")
            assert known.state is CommandState.SENT
            seconds.append((known.attempts[0].started_at - known.enqueued_at).total_seconds())
    # 10 ms where nothing else runs; a machine that is busy with other tests takes five times as long.
    assert sorted(seconds)[10] < 0.2


def test_a_provider_that_is_down_is_left_alone_and_comes_back_in_order(
    standins: StandIns, tmp_path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    standins.behave("smtp", mode="server_error")
    with open_sending(standins, tmp_path, clock=clock, calls_at_once=1) as sending:
        sending.put(*(mail(f"k{n:02}", due_at=NOON - timedelta(minutes=60 - n), **SMTP) for n in range(40)))
        with caplog.at_level(logging.WARNING, logger="frontdesk.delivery"):
            for _ in range(90):
                clock.advance(seconds=10)
                sending.dispatcher.dispatch_due()
            calls_while_down = standins.requests("smtp")["451"]
            assert _breaker_lines(caplog) == ["circuit breaker opened"]

            standins.behave("smtp")
            for _ in range(120):
                clock.advance(minutes=10)
                sending.dispatcher.dispatch_due()

        assert calls_while_down < 15  # of 40 commands over 15 minutes
        assert {sending.state(f"k{n:02}") for n in range(40)} == {CommandState.SENT}
        assert _breaker_lines(caplog) == ["circuit breaker opened", "circuit breaker closed"]
        counts = sending.dispatcher.dispatch_log.counts()
        assert (counts["breaker_opened"], counts["breaker_closed"]) == (1, 1)
        order = [payload["command_key"] for _, payload in sending.events()]
        untouched = [key for key in order if sending.known(key).attempts_count == 1]
        assert len(untouched) > 20
        assert untouched == sorted(untouched)


def test_what_is_sent_once_ends_while_its_provider_is_down_and_tells_what_waits(
    standins: StandIns, tmp_path: Path
) -> None:
    standins.behave("smtp", mode="server_error")
    clock = FastClock(NOON, speed=5)
    with open_sending(standins, tmp_path, clock=clock) as sending:
        sending.put(*(mail(f"k{n:02}", due_at=NOON - timedelta(hours=1), **SMTP) for n in range(40)))

        sending.dispatcher.dispatch_due(patience=timedelta(seconds=10))

        # Without an end a quarter of an hour would pass.
        assert clock.now() - NOON < timedelta(minutes=8)
        overdue = sending.dispatcher.overdue()
        assert sum(each.count for each in overdue) == 40
        assert {(each.tenant_id, each.provider, each.is_held) for each in overdue} == {("hmnp", "smtp", False)}
        assert {each.reason for each in overdue} >= {"circuit breaker open"}
        assert any("451" in (each.reason or "") for each in overdue)


def test_what_waits_behind_slow_calls_is_called_when_its_turn_comes_and_says_why_it_waits(
    standins: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standins.behave("graph", latency_ms=500)
    clock = FastClock(NOON, speed=60)  # a call takes half a minute
    with open_sending(standins, tmp_path, clock=clock, calls_at_once=1) as sending:
        reasons: set[str] = set()
        give_back = sending.dispatcher._worker.give_back

        def note(command: ClaimedCommand, *, at: datetime, reason: str) -> None:
            reasons.add(reason)
            give_back(command, at=at, reason=reason)

        monkeypatch.setattr(sending.dispatcher._worker, "give_back", note)
        sending.put(*(mail(f"k{n}", due_at=NOON - timedelta(hours=1)) for n in range(4)))

        sending.dispatcher.dispatch_due(patience=timedelta(minutes=2))

        assert {sending.state(f"k{n}") for n in range(4)} == {CommandState.SENT}
    assert reasons == {"behind earlier ones to the same provider"}


def test_what_is_sent_once_waits_for_the_rate_of_its_number(standins: StandIns, tmp_path: Path) -> None:
    clock = SystemClock()
    with open_sending(standins, tmp_path, clock=clock, sms=_fast("twilio", per_second=5)) as sending:
        sending.put(*(text(f"k{n}", due_at=clock.now()) for n in range(8)))

        sending.dispatcher.dispatch_due(patience=timedelta(seconds=1))

        assert {sending.state(f"k{n}") for n in range(8)} == {CommandState.SENT}


def test_an_open_breaker_uses_up_no_attempts(standins: StandIns, tmp_path: Path, clock: SetClock) -> None:
    standins.behave("smtp", mode="server_error")
    with open_sending(standins, tmp_path, clock=clock, calls_at_once=1) as sending:
        sending.send(*(mail(f"k{n}", **SMTP) for n in range(20)))

        assert sum(sending.known(f"k{n}").attempts_count for n in range(20)) == 5
        assert {sending.state(f"k{n}") for n in range(20)} == {CommandState.WAITING}


def test_refusals_of_single_messages_open_no_breaker(standins: StandIns, tmp_path: Path, clock: SetClock) -> None:
    standins.behave("smtp", mode="permanent_error")
    with open_sending(standins, tmp_path, clock=clock) as sending:
        sending.send(*(mail(f"k{n}", **SMTP) for n in range(20)))

        assert {sending.state(f"k{n}") for n in range(20)} == {CommandState.DEAD}
        assert "breaker_opened" not in sending.dispatcher.dispatch_log.counts()


def test_a_number_sends_no_faster_than_its_rate(sending: SendingFixture, standins: StandIns, clock: SetClock) -> None:
    sending.put(*(text(f"k{n}", due_at=NOON - timedelta(seconds=9 - n)) for n in range(4)))

    counts = []
    for _ in range(4):
        sending.dispatcher.dispatch_due()
        counts.append(len(standins.entries()))
        clock.advance(seconds=1)

    assert counts == [1, 2, 3, 4]
    assert [sending.known(f"k{n}").attempts_count for n in range(4)] == [1, 1, 1, 1]
    sent = [payload["command_key"] for _, payload in sending.events()]
    assert sent == ["k0", "k1", "k2", "k3"]


def test_it_is_woken_by_who_puts_something_in(standins: StandIns, tmp_path: Path) -> None:
    clock = SystemClock()
    with open_sending(standins, tmp_path, clock=clock) as sending:
        sending.put(task(due_at=clock.now()))
        sending.dispatcher.wake()
        sending.dispatcher.run_until(clock.now() + timedelta(milliseconds=300))
        wait_until(lambda: sending.state() is CommandState.SENT)


def _fast(provider: str, *, per_second: float = 1000) -> SmsDelivery:
    return SmsDelivery.model_validate({"provider": provider, "from": "+16135550101", "per_second": per_second})


def _breaker_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith("circuit breaker")]
