"""Whatever one command raises on its way out ends that one, with its reason; the others go out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from frontdesk.connectors.content import Composed
from frontdesk.domains.sending.dispatch.composer import Composer
from frontdesk.domains.sending.dispatch.recorder import Recorder
from frontdesk.domains.sending.dispatch.tenant_senders import TenantSender
from frontdesk.domains.sending.outbox.commands import ClaimedCommand, CommandState, NewCommand
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, mail, open_sending, text
from tests.domains.sending.dispatch.standins import StandIns

compose, sent, missing_of = Composer.compose, Recorder.record_sent, TenantSender.missing_of


def test_an_error_nobody_foresaw_in_composing_ends_one_and_a_redrive_sends_it(
    sending: SendingFixture, standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(composer: Composer, command: NewCommand, *, now: datetime) -> Composed:
        if command.command_key == "k1":
            raise RecursionError("maximum recursion depth exceeded")
        return compose(composer, command, now=now)

    with monkeypatch.context() as patch:
        patch.setattr(Composer, "compose", fail)
        sending.send(mail("k1"), mail("k2"))
    assert (sending.state("k1"), sending.state("k2")) == (CommandState.DEAD, CommandState.SENT)
    assert "RecursionError maximum recursion depth exceeded" in str(sending.known("k1").reason)
    assert sorted(type_ for type_, _ in sending.events()) == ["message.failed", "message.sent"]
    assert len(standins.entries()) == 1

    assert sending.outbox.redrive("k1")
    sending.dispatcher.dispatch_due()
    assert sending.state("k1") is CommandState.SENT


def test_an_error_nobody_foresaw_before_the_call_ends_one(
    sending: SendingFixture, standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: TenantSender, provider: str) -> str:
        raise ZeroDivisionError(provider)

    monkeypatch.setattr(TenantSender, "missing_of", fail)
    sending.send(text("k1"))
    assert sending.state("k1") is CommandState.DEAD
    assert not standins.requests("twilio")


def test_an_error_nobody_foresaw_after_the_call_leaves_a_doubt_and_not_a_second_call(
    sending: SendingFixture, standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(recorder: Recorder, command: ClaimedCommand, content: Composed, *, provider_id: str) -> bool:
        if command.command_key == "k1":
            raise ValueError("an event can't be stored")
        return sent(recorder, command, content, provider_id=provider_id)

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "record_sent", fail)
        sending.send(mail("k1"), mail("k2"))
    assert (sending.state("k1"), sending.state("k2")) == (CommandState.UNCERTAIN, CommandState.SENT)
    assert len(standins.entries()) == 2


def test_what_a_business_with_a_wrong_file_would_send_waits(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    with open_sending(
        standins, tmp_path, clock=clock, without={"noizylab": "noizylab.yaml: zone: is missing"}
    ) as sending:
        sending.send(text("k1"), text("k2", tenant_id="hmnp"))
        assert sending.state("k1") is CommandState.WAITING
        assert sending.known("k1").reason == "noizylab.yaml: zone: is missing"
        assert sending.state("k2") is not CommandState.WAITING
    clock.advance(minutes=2)
    with open_sending(standins, tmp_path, clock=clock) as sending:
        sending.dispatcher.dispatch_due()
        assert sending.state("k1") is CommandState.SENT
