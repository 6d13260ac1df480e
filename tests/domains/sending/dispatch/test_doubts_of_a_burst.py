"""A burst of e-mails whose answers are lost: every doubt is settled over all pages, or is a person's task."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from frontdesk.domains.sending.outbox.settlement import settle_as_sent
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, mail, open_sending
from tests.domains.sending.dispatch.standins import StandIns
from tests.domains.sending.outbox.factories import NOON

_BURST = 420
_LOST = 40
SMTP: dict[str, Any] = {"tenant_id": "hmnp", "provider": "smtp", "with_payload": {"template": "booking_confirmation"}}


@pytest.mark.slow
def test_every_doubt_of_a_burst_is_settled(standins: StandIns, tmp_path: Path, clock: SetClock) -> None:
    with open_sending(standins, tmp_path, clock=clock, calls_at_once=1) as sending:
        sending.put(*(mail(f"k{n:03}", due_at=NOON - timedelta(seconds=_BURST - n)) for n in range(_BURST)))
        standins.behave("graph", mode="timeout_after_accepting", times=_LOST // 2, hold_ms=0)
        sending.dispatcher.dispatch_due()
        for _ in range(12):  # the breaker opens and probes: what follows goes out in between
            clock.advance(minutes=5)
            sending.dispatcher.dispatch_due()
        standins.behave("graph", mode="server_error", status=502, times=_LOST // 2)  # these were never taken
        for _ in range(90):
            clock.advance(minutes=2)
            sending.dispatcher.dispatch_due()
        states = [sending.state(f"k{n:03}") for n in range(_BURST)]
        assert set(states) == {CommandState.SENT}
        assert sending.outbox.search(CommandFilter(), limit=1, states=(CommandState.UNCERTAIN,)) == []
        references = [entry["reference"] for entry in standins.entries()]
        assert (len(references), len(set(references))) == (_BURST, _BURST)


def test_what_was_sent_long_before_the_newest_hundred_is_found(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    with open_sending(standins, tmp_path, clock=clock) as sending:
        standins.behave("graph", mode="timeout_after_accepting", times=1, hold_ms=0)
        sending.send(mail("doubt", due_at=NOON - timedelta(hours=1)))
        assert sending.state("doubt") is CommandState.UNCERTAIN
        sending.send(*(mail(f"k{n:03}") for n in range(250)))
        clock.advance(minutes=3)
        sending.dispatcher.dispatch_due()
        assert sending.state("doubt") is CommandState.SENT


def test_what_nobody_can_be_asked_about_is_a_task_at_once_and_is_closed_when_settled(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    standins.behave("smtp", mode="timeout_after_accepting", times=1, hold_ms=0)
    sending.send(mail(**SMTP))
    clock.advance(seconds=10)
    sending.dispatcher.dispatch_due()

    def tasks() -> list[str]:
        return [type_ for type_, payload in sending.events() if payload.get("about_command") == "k1"]

    assert tasks() == ["task.created"]
    [task] = [payload for type_, payload in sending.events() if type_ == "task.created"]
    assert (task["kind"], task["contact"]) == ("not_confirmed", {"email": "zoe@customer.example"})
    assert "command_key" not in task
    log = EventLog(sending.engine, ids=UuidV7Factory(SystemClock()))
    assert settle_as_sent(
        sending.engine,
        sending.known(),
        outbox=sending.outbox,
        log=log,
        attempt_number=1,
        resolved_by="Ana",
        provider_id=None,
        now=clock.now(),
    )
    assert tasks() == ["task.created", "task.completed"]
    [sent] = [payload for type_, payload in sending.events() if type_ == "message.sent"]
    [uncertain] = [payload for type_, payload in sending.events() if type_ == "message.uncertain"]
    assert sent["body"]
    assert {name: sent[name] for name in ("from", "subject", "body")} == {
        name: uncertain[name] for name in ("from", "subject", "body")
    }
