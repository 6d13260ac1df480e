"""Calls of which no answer came: never made again on a guess, found out about where the provider can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.domains.sending.dispatch.dispatcher import CLAIM_LEASE
from frontdesk.domains.sending.dispatch.worker import CALL_LEASE
from frontdesk.domains.sending.outbox.commands import CommandState, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, hook, mail, open_sending, text
from tests.domains.sending.dispatch.standins import StandIns

AVATAR: dict[str, Any] = {"tenant_id": "avatar-imaging", "provider": "clicksend"}
AVATAR_PAYLOAD = {"to": "+61455500142", "template": None, "text": "See you on Tuesday."}
SMTP: dict[str, Any] = {"tenant_id": "hmnp", "provider": "smtp", "with_payload": {"template": "booking_confirmation"}}
ASKABLE = {
    "twilio": text(),
    "clicksend": text(**AVATAR, with_payload=AVATAR_PAYLOAD),
    "graph": mail(),
}


@pytest.mark.parametrize("provider", ASKABLE)
def test_what_was_taken_without_an_answer_is_found_and_not_sent_again(
    sending: SendingFixture, standins: StandIns, clock: SetClock, provider: str
) -> None:
    clock.instant = SystemClock().now()  # the stand-ins keep the real time
    standins.behave(provider, mode="timeout_after_accepting", times=1, hold_ms=0)
    sending.send(ASKABLE[provider])
    assert sending.state() is CommandState.UNCERTAIN

    clock.advance(seconds=10)
    sending.dispatcher.dispatch_due()

    [entry] = standins.entries()
    assert sending.state() is CommandState.SENT
    assert [type_ for type_, _ in sending.events()] == ["message.uncertain", "message.sent"]
    assert provider == "graph" or sending.known().provider_id == entry["id"]


@pytest.mark.parametrize("provider", ASKABLE)
def test_what_was_not_taken_is_sent_once_the_provider_would_list_it(
    sending: SendingFixture, standins: StandIns, clock: SetClock, provider: str
) -> None:
    clock.instant = SystemClock().now()  # the stand-ins keep the real time
    sending.send(mail("before"))  # so that Graph's token is there: without one, the e-mail surely was not sent
    standins.behave(provider, mode="down", times=1)
    sending.send(ASKABLE[provider])
    assert sending.state() is CommandState.UNCERTAIN

    clock.advance(seconds=10)
    sending.dispatcher.dispatch_due()
    assert sending.state() is CommandState.UNCERTAIN  # it may still be on its way into the list
    clock.advance(minutes=2)
    sending.dispatcher.dispatch_due()

    assert sending.state() is CommandState.SENT
    assert len(standins.entries()) == 2
    assert [attempt.resolution for attempt in sending.known().attempts] == ["not_sent", None]


def test_a_mail_server_can_t_be_asked_so_that_a_person_is(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    standins.behave("smtp", mode="timeout_after_accepting", times=1, hold_ms=0)
    sending.send(mail(**SMTP))

    for _ in range(20):
        clock.advance(hours=1)
        sending.dispatcher.dispatch_due()

    assert sending.state() is CommandState.UNCERTAIN
    assert sending.dispatcher.dispatch_log.counts()["left_to_a_person"] == 1
    assert len(standins.entries()) == 1


def test_a_provider_that_can_t_be_reached_is_asked_ever_more_seldom(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    clock.instant = SystemClock().now()  # the stand-ins keep the real time
    standins.behave("twilio", mode="timeout_after_accepting", times=1, hold_ms=0)
    sending.send(text())
    standins.behave("twilio", mode="down")

    for _ in range(24 * 12):
        clock.advance(minutes=5)
        sending.dispatcher.dispatch_due()

    assert standins.requests("twilio")["down"] == 8
    assert sending.dispatcher.dispatch_log.counts()["left_to_a_person"] == 1


def test_a_webhook_without_an_answer_is_posted_again_and_taken_once(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    clock.instant = SystemClock().now()  # the stand-ins keep the real time
    standins.behave("webhook", mode="timeout_after_accepting", times=1, hold_ms=0)
    sending.send(hook(due_at=clock.instant))
    clock.advance(seconds=10)
    sending.dispatcher.dispatch_due()

    assert sending.state() is CommandState.SENT
    assert len(standins.entries()) == 1


def test_a_dispatcher_that_died_in_the_call_leaves_a_doubt_that_is_told(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    clock.instant = SystemClock().now()  # the stand-ins keep the real time
    sending.put(text())
    _die_in_the_call(sending.outbox)

    clock.advance(seconds=CALL_LEASE.total_seconds() + 1)
    sending.dispatcher.dispatch_due()
    assert [type_ for type_, _ in sending.events()] == ["message.uncertain"]
    clock.advance(minutes=3)
    sending.dispatcher.dispatch_due()

    assert sending.state() is CommandState.SENT
    assert len(standins.entries()) == 1


def test_the_answer_counts_though_the_lease_ran_out_during_the_call(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    with open_sending(standins, tmp_path, clock=clock) as sending:
        sending.put(text())
        [claimed] = sending.outbox.claim(limit=1, lease=CLAIM_LEASE)
        assert sending.outbox.begin_call("k1", token=claimed.token, lease=CALL_LEASE)
        clock.advance(seconds=CALL_LEASE.total_seconds() + 1)
        sending.dispatcher.dispatch_due()
        assert sending.state() is CommandState.UNCERTAIN

        recorder = sending.dispatcher._recorder
        content = sending.dispatcher._senders.find("noizylab").composer.compose(claimed, now=clock.now())  # type: ignore[union-attr] # noizylab sends
        assert recorder.record_sent(claimed, content, provider_id="SM1")

        assert (sending.state(), sending.known().provider_id) == (CommandState.SENT, "SM1")


def _die_in_the_call(outbox: Outbox) -> NewCommand:
    [claimed] = outbox.claim(limit=1, lease=CLAIM_LEASE)
    assert outbox.begin_call(claimed.command_key, token=claimed.token, lease=CALL_LEASE)
    return claimed
