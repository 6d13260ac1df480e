"""Texts to one phone keep their order over retries and restarts; wrong credentials close a lane until put right."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.domains.sending.outbox.commands import CommandState, Lane
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import PHONE, SendingFixture, mail, open_sending, text
from tests.domains.sending.dispatch.standins import StandIns
from tests.domains.sending.outbox.factories import NOON

_OTHER = {"with_payload": {"to": "+16135550143"}, "contact_id": "c-2"}


def _sids(standins: StandIns) -> list[str]:
    return [entry["recipient"] for entry in standins.entries()]


def test_texts_to_one_phone_keep_their_order_when_the_first_has_to_be_tried_again(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    standins.behave("twilio", mode="server_error", times=1, retry_after_s=120)
    with open_sending(standins, tmp_path, clock=clock) as sending:
        sending.send(
            text("first", due_at=NOON - timedelta(minutes=2)),
            text("second", due_at=NOON - timedelta(minutes=1)),
            text("third"),
            text("other", **_OTHER),
        )
        for _ in range(5):
            clock.advance(seconds=1)
            sending.dispatcher.dispatch_due()
        assert sending.state("other") is CommandState.SENT
        assert sending.known("second").attempts_count == 0
        assert sending.known("second").reason == "waits for an earlier text to the same phone"
    with open_sending(standins, tmp_path, clock=clock) as restarted:
        for _ in range(60):
            clock.advance(seconds=10)
            restarted.dispatcher.dispatch_due()
        began = [restarted.known(key).attempts[-1].started_at for key in ("first", "second", "third")]
        assert began == sorted(began)
        assert {restarted.state(key) for key in ("first", "second", "third")} == {CommandState.SENT}
        assert _sids(standins).count(PHONE) == 3


def test_quiet_hours_of_one_text_hold_no_answer_to_the_same_phone(sending: SendingFixture, clock: SetClock) -> None:
    clock.advance(hours=15)  # 22:00 in Ottawa
    later = {"with_payload": {"is_immediate": False}}
    sending.send(text("reminder", due_at=NOON, **later), text("answer", due_at=clock.now()))
    assert sending.known("reminder").reason == "quiet hours where the recipient is"
    assert sending.state("answer") is CommandState.SENT


_WRONG = {"twilio": ("TWILIO_AUTH_TOKEN", text), "graph": ("GRAPH_CLIENT_SECRET", mail)}


@pytest.mark.parametrize("provider", _WRONG)
def test_wrong_credentials_close_the_lane_with_one_call_and_use_up_no_try(
    standins: StandIns, tmp_path: Path, clock: SetClock, provider: str
) -> None:
    wrong, command = _WRONG[provider]
    bad = {**standins.environ, f"FRONTDESK_NOIZYLAB_{wrong}": "0" * 32}
    with open_sending(standins, tmp_path, clock=clock, environ=bad, calls_at_once=1) as sending:
        sending.send(*(command(f"k{n}", due_at=NOON - timedelta(minutes=9 - n)) for n in range(8)))
        for _ in range(6):
            clock.advance(hours=1)
            sending.dispatcher.dispatch_due()
        attempts = [sending.known(f"k{n}").attempts_count for n in range(8)]
        assert sum(attempts) <= 7, "one try an hour, whatever waits"
        assert {sending.state(f"k{n}") for n in range(8)} == {CommandState.WAITING}
        [closed] = sending.outbox.closed_lanes()
        assert (closed.lane, closed.is_set_up) == (Lane("noizylab", provider), True)
        assert sending.dispatcher.dispatch_log.counts()["breaker_opened"] == 1
    with open_sending(standins, tmp_path, clock=clock) as mended:
        for _ in range(20):
            clock.advance(minutes=10)
            mended.dispatcher.dispatch_due()
        assert {mended.state(f"k{n}") for n in range(8)} == {CommandState.SENT}
        began = [mended.known(f"k{n}").attempts[-1].started_at for n in range(8)]
        assert began == sorted(began)
        assert len(standins.entries()) == 8
        assert mended.outbox.closed_lanes() == [], "the first success opens it, though another process closed it"
