"""Caps and quotas count what went, or may have gone, out; two decisions at once can't both slip under them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from frontdesk.domains.sending.outbox.commands import CommandState, MessageClass, NewCommand
from frontdesk.domains.sending.settings import MarketingCap
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, mail, open_sending, text
from tests.domains.sending.dispatch.standins import StandIns

MARKETING = MessageClass.MARKETING
AFTERNOON = datetime.fromisoformat("2026-03-02T15:00:00-05:00")


def _states(sending: SendingFixture, commands: list[NewCommand]) -> Counter[CommandState]:
    return Counter(sending.state(command.command_key) for command in commands)


def test_a_contact_gets_so_many_marketing_messages_over_all_channels_and_no_more(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    clock.instant = AFTERNOON
    cap = MarketingCap(messages=3, days=7)
    offers = [mail(f"k{n}", message_class=MARKETING) for n in range(9)]
    others = [mail("another's", message_class=MARKETING, contact_id="c-2"), mail("receipt")]
    with open_sending(standins, tmp_path, clock=clock, marketing_cap=cap) as sending:
        sending.send(text("by text", message_class=MARKETING), *offers, *others)

        assert _states(sending, [*offers, text("by text")]) == {CommandState.SENT: 3, CommandState.SUPPRESSED: 7}
        assert _states(sending, others) == {CommandState.SENT: 2}
        reasons = {payload["reason"] for type_, payload in sending.events() if type_ == "message.suppressed"}
        assert reasons == {"marketing cap: 3 messages to this contact in 7 days"}

        clock.advance(days=7, seconds=1)
        sending.send(mail("next week", message_class=MARKETING))
        assert sending.state("next week") is CommandState.SENT


def test_texts_beyond_the_plan_s_month_are_not_sent_and_the_next_month_is_the_tenants_own(
    standins: StandIns, tmp_path: Path, clock: SetClock
) -> None:
    clock.instant = datetime.fromisoformat("2026-03-31T12:00:00-04:00")
    with open_sending(standins, tmp_path, clock=clock, monthly_texts=2) as sending:
        for number in range(3):
            sending.send(text(f"k{number}"))
            clock.advance(seconds=1)
        sending.send(mail("by mail"))

        assert [sending.state(f"k{n}") for n in range(3)] == [
            CommandState.SENT,
            CommandState.SENT,
            CommandState.SUPPRESSED,
        ]
        assert sending.known("k2").reason == "plan quota: 2 texts this month"
        assert sending.state("by mail") is CommandState.SENT

        clock.instant = datetime.fromisoformat("2026-03-31T23:59:59-04:00")  # April already, in UTC
        sending.send(text("k3"))
        clock.advance(seconds=1)
        sending.send(text("k4"))
        assert (sending.state("k3"), sending.state("k4")) == (CommandState.SUPPRESSED, CommandState.SENT)


def test_a_doubt_counts_as_sent(standins: StandIns, tmp_path: Path, clock: SetClock) -> None:
    clock.instant = AFTERNOON
    standins.behave("graph", mode="timeout_after_accepting", times=1, hold_ms=0)
    with open_sending(standins, tmp_path, clock=clock, marketing_cap=MarketingCap(messages=1, days=7)) as sending:
        sending.send(mail("k1", message_class=MARKETING))
        sending.send(mail("k2", message_class=MARKETING, due_at=clock.now() - timedelta(hours=1)))

        assert (sending.state("k1"), sending.state("k2")) == (CommandState.UNCERTAIN, CommandState.SUPPRESSED)
