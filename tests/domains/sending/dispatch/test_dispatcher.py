"""What is due goes out once and is told in the log; what can't go out ends as it should."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.outbox.commands import CommandState, Lane, NewCommand
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.holds import HoldScope
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import PHONE, SendingFixture, hook, mail, open_sending, task, text
from tests.domains.sending.dispatch.standins import StandIns
from tests.domains.sending.outbox.factories import NOON


def test_a_text_goes_out_and_is_told_with_all_that_explains_it(sending: SendingFixture, standins: StandIns) -> None:
    sending.send(text("noizylab/repair_received/send_sms/booking:b1"))

    [entry] = standins.entries()
    [(type_, payload)] = sending.events()
    known = sending.known("noizylab/repair_received/send_sms/booking:b1")
    assert entry["text"] == "NOIZYLAB: We've received your repair b1. We'll keep you posted here."
    assert (entry["sender"], entry["recipient"]) == ("+16135550101", PHONE)
    assert (known.state, known.provider_id, known.attempts_count) == (CommandState.SENT, entry["id"], 1)
    assert type_ == "message.sent"
    assert len(payload.pop("template_version")) == 12
    assert payload == {
        "command_key": "noizylab/repair_received/send_sms/booking:b1",
        "command_type": "send_sms",
        "rule_id": "repair_received",
        "rule_version": "3",
        "contact_id": "c-1",
        "attempt_number": 1,
        "provider": "twilio",
        "message_id": entry["id"],
        "channel": "sms",
        "contact": {"phone": PHONE},
        "to": PHONE,
        "from": "+16135550101",
        "body": entry["text"],
        "template": "repair_received",
        "segments": 1,
        "price": {"amount_micros": 10_000, "currency": "CAD"},
    }
    [event] = sending.raw_events()
    assert event.source_event_id == "noizylab/repair_received/send_sms/booking:b1#1:sent"
    assert (event.correlation_id, event.causation_id) == (known.command_key, "evt-1")
    assert (event.subject_id, event.occurred_at) == (entry["id"], NOON)


def test_an_e_mail_goes_out_by_graph_and_by_smtp(sending: SendingFixture, standins: StandIns) -> None:
    sending.send(mail("graph"), mail("smtp", tenant_id="hmnp", provider="smtp", with_payload=HMNP_MAIL))

    sent = {entry["provider"]: entry for entry in standins.entries()}
    assert sent["graph"]["subject"] == "We've received your repair b1"
    assert sent["smtp"]["subject"] == "Your booking with HMNP Mobile Notary"
    assert {type_ for type_, _ in sending.events()} == {"message.sent"}
    assert {payload["channel"] for _, payload in sending.events()} == {"email"}


HMNP_MAIL = {"template": "booking_confirmation"}


def test_a_person_s_own_words_go_out_as_they_stand(sending: SendingFixture, standins: StandIns) -> None:
    words = {"template": None, "text": "Is {{ 3 pm }} fine?"}

    sending.send(text(with_payload=words, rule_id=None, rule_version=None))

    assert standins.entries()[0]["text"] == "Is {{ 3 pm }} fine?"
    assert "rule_id" not in sending.events()[0][1]


def test_a_task_is_its_event(sending: SendingFixture) -> None:
    sending.send(task("t1"), task("t2", with_payload={"due": "end_of_day"}))

    (first_type, first), (_, second) = sorted(sending.events(), key=lambda event: event[1]["task_id"])
    assert first_type == "task.created"
    assert (first["task_id"], first["title"], first["kind"]) == ("t1", "Accept b1", "accept_repair")
    assert first["due_at"] == "2026-03-02T13:00:00+00:00"
    assert second["due_at"] == "2026-03-03T04:59:00+00:00"  # 23:59 in Toronto
    assert sending.state("t1") is CommandState.SENT


def test_a_webhook_is_posted_and_told(sending: SendingFixture, standins: StandIns, clock: SetClock) -> None:
    clock.instant = SystemClock().now()  # the sink refuses old signatures
    sending.send(hook(due_at=clock.instant))

    [entry] = standins.entries()
    assert '"type":"booking.created"' in entry["text"]
    assert [(type_, payload["endpoint"]) for type_, payload in sending.events()] == [("webhook.delivered", "crm")]


def test_what_is_not_due_or_held_stays(sending: SendingFixture, standins: StandIns, clock: SetClock) -> None:
    sending.outbox.hold(HoldScope(tenant_id="hmnp"), reason="a trial", held_by="ada")

    sending.send(text("later", due_at=NOON + timedelta(hours=1)), text("held", tenant_id="hmnp"))
    assert not standins.entries()

    clock.advance(hours=1)
    sending.dispatcher.dispatch_due()
    assert (sending.state("later"), sending.state("held")) == (CommandState.SENT, CommandState.WAITING)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (text(expires_at=NOON), "expired at 2026-03-02 12:00:00 UTC"),
        (text(with_payload={"to": None}), "the contact has no phone number"),
        (mail(with_payload={"to": None}), "the contact has no e-mail address"),
    ],
)
def test_what_may_not_go_out_is_suppressed_and_told(
    sending: SendingFixture, standins: StandIns, command: NewCommand, reason: str
) -> None:
    sending.send(command)

    [(type_, payload)] = sending.events()
    assert (type_, payload["reason"]) == ("message.suppressed", reason)
    assert (sending.state(), sending.known().reason) == (CommandState.SUPPRESSED, reason)
    assert not standins.requests("twilio")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (text(with_payload={"variables": {"booking": {}}}), "no attribute 'booking_id'"),
        (text(with_payload={"template": "gone"}), "noizylab has no template gone"),
        (text(with_payload={"template": None}), "its payload lacks or garbles a part: KeyError('text')"),
        (text(provider="clicksend"), "noizylab sends sms by twilio"),
        (text(tenant_id="technifold"), "technifold sends sms by nobody"),
        (text(tenant_id="nobody"), "no tenant nobody"),
    ],
)
def test_what_can_t_be_made_a_message_is_dead_with_its_reason(
    sending: SendingFixture, standins: StandIns, command: NewCommand, reason: str
) -> None:
    sending.send(command)

    assert sending.state() is CommandState.DEAD
    assert reason in str(sending.known().reason)
    assert [type_ for type_, _ in sending.events()] == ["message.failed"]
    assert not standins.ledger()["count"]


def test_without_its_secrets_nothing_is_lost_and_it_is_told_once(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    with open_sending(standins, tmp_path, clock=clock, environ={}) as sending:
        sending.send(text("k1"), text("k2"))
        clock.advance(minutes=2)
        sending.dispatcher.dispatch_due()

        assert "set FRONTDESK_NOIZYLAB_TWILIO_ACCOUNT_SID" in str(sending.known().reason)
        assert (sending.state(), sending.known().attempts_count) == (CommandState.WAITING, 0)
        assert sending.dispatcher.dispatch_log.counts()["not_configured"] == 1
    clock.advance(minutes=2)
    with open_sending(standins, tmp_path, clock=clock) as sending:
        for _ in range(2):  # one number sends one text a second, whichever is due first
            sending.dispatcher.dispatch_due()
            clock.advance(seconds=2)
        assert {sending.state("k1"), sending.state("k2")} == {CommandState.SENT}


def test_a_refusal_for_now_is_made_good_later(sending: SendingFixture, standins: StandIns, clock: SetClock) -> None:
    standins.behave("twilio", mode="rate_limited", times=1, retry_after_s=40)

    sending.send(text())
    clock.advance(seconds=39)
    sending.dispatcher.dispatch_due()
    assert (sending.state(), sending.events()) == (CommandState.WAITING, [])
    clock.advance(seconds=2)
    sending.dispatcher.dispatch_due()

    assert [attempt.outcome for attempt in sending.known().attempts] == ["retry", "sent"]
    assert [payload["attempt_number"] for _, payload in sending.events()] == [2]


def test_technifold_s_e_mails_are_tried_five_times_after_5_10_20_and_40_minutes(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    standins.behave("smtp", "technifold", mode="server_error")
    sending.put(mail(tenant_id="technifold", provider="smtp", with_payload={"template": None, **WORDS}))

    for minutes in (0, 5, 10, 20, 40):
        clock.advance(minutes=minutes)
        sending.dispatcher.dispatch_due()

    assert [attempt.outcome for attempt in sending.known().attempts] == ["retry"] * 4 + ["failed"]
    assert sending.state() is CommandState.DEAD
    assert [(type_, payload["error_code"]) for type_, payload in sending.events()] == [("message.failed", "451")]
    sending.outbox.redrive("k1")
    standins.behave("smtp", "technifold")
    clock.advance(minutes=10)
    sending.dispatcher.dispatch_due()
    assert sending.state() is CommandState.SENT


WORDS = {"subject": "Your order", "text": "Thank you."}


def test_stop_suppresses_and_revokes_consent(sending: SendingFixture, standins: StandIns) -> None:
    standins.stop(tenant="noizylab", phone=PHONE)

    sending.send(text())

    (suppressed, payload), (revoked, consent) = sending.events()
    assert sending.state() is CommandState.SUPPRESSED
    assert (suppressed, payload["error_code"]) == ("message.suppressed", "21610")
    assert revoked == "consent.revoked"
    assert (consent["contact"], consent["channel"]) == ({"phone": PHONE}, "sms")
    assert consent["evidence"] == "twilio 21610"


def test_a_refusal_for_good_is_dead_at_once(sending: SendingFixture, standins: StandIns) -> None:
    standins.behave("twilio", mode="permanent_error", code="21614")

    sending.send(text())

    [(type_, payload)] = sending.events()
    assert (sending.state(), sending.known().attempts_count) == (CommandState.DEAD, 1)
    assert (type_, payload["error_code"]) == ("message.failed", "21614")


def test_what_is_claimed_while_the_log_can_not_be_read_goes_out_once_it_can(
    sending: SendingFixture, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise EventLogUnavailableError("statement timeout")

    monkeypatch.setattr("frontdesk.domains.sending.dispatch.dispatcher._PAUSE_S", 0.0)
    sending.put(text("k0", due_at=NOON), mail("k1", due_at=NOON), task("k2", due_at=NOON))
    with monkeypatch.context() as patch:
        patch.setattr("frontdesk.domains.sending.dispatch.decided_position.KnownEvents.newest_of", fail)
        for _ in range(3):
            sending.dispatcher._turn()
    assert [sending.state(f"k{n}") for n in range(3)] == [CommandState.CLAIMED] * 3

    clock.advance(seconds=1)
    sending.dispatcher.dispatch_due()

    assert [sending.state(f"k{n}") for n in range(3)] == [CommandState.SENT] * 3


def test_a_lane_that_can_not_be_noted_loses_no_other_end_and_is_noted_later(
    sending: SendingFixture, standins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OutboxUnavailableError("locked")

    monkeypatch.setattr("frontdesk.domains.sending.dispatch.dispatcher._PAUSE_S", 0.0)
    standins.behave("graph", mode="server_error", status=503)
    sending.put(*(mail(f"k{n}", due_at=NOON) for n in range(8)))
    with monkeypatch.context() as patch:
        patch.setattr("frontdesk.domains.sending.outbox.outbox.Outbox.note_lane", fail)
        for _ in range(200):
            sending.dispatcher._turn()
            time.sleep(0.005)
        assert sending.outbox.closed_lanes() == []
        assert all(state.count_running == 0 for state in sending.dispatcher._lanes.values())
    sending.dispatcher._turn()
    assert [each.lane for each in sending.outbox.closed_lanes()] == [Lane("noizylab", "graph")]


def test_nothing_is_claimed_before_anybody_said_how_far_decisions_go(
    standins: StandIns, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise AssertionError("the whole log is looked through")

    with open_sending(standins, tmp_path, clock=clock) as sending:
        monkeypatch.setattr(sending.dispatcher._known, "position", DecidedPosition())
        monkeypatch.setattr("frontdesk.domains.sending.dispatch.decided_position.KnownEvents.newest_of", fail)
        sending.send(text(due_at=NOON))
        assert sending.state() is CommandState.WAITING
