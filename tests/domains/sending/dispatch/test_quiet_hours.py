"""Quiet hours end by the recipient's clock, also on the days on which clocks are changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from frontdesk.domains.sending.outbox.commands import CommandState, MessageClass
from frontdesk.domains.sending.quiet_hours import end_of_quiet_hours
from frontdesk.domains.sending.settings import QuietHours
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, mail, text
from tests.domains.sending.dispatch.standins import StandIns

TORONTO, LOS_ANGELES, PERTH = "America/Toronto", "America/Los_Angeles", "Australia/Perth"
TORONTO_PHONE, LOS_ANGELES_PHONE, MOBILE_IN_AUSTRALIA = "+14165550142", "+12135550142", "+61455500142"


def _end(now: str, *, phone: str | None = None, zone: str = TORONTO, **hours: Any) -> str | None:
    quiet = QuietHours.model_validate(hours)
    end = end_of_quiet_hours(datetime.fromisoformat(now), hours=quiet, phone=phone, tenant_zone=zone)
    return end.isoformat() if end else None


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-02T20:59:59-05:00", None),
        ("2026-03-02T21:00:00-05:00", "2026-03-03T13:00:00+00:00"),
        ("2026-03-03T07:59:59-05:00", "2026-03-03T13:00:00+00:00"),
        ("2026-03-03T08:00:00-05:00", None),
        # Clocks go forward at 2 o'clock on 8 March 2026: morning comes an hour earlier.
        ("2026-03-07T22:00:00-05:00", "2026-03-08T12:00:00+00:00"),
        ("2026-03-08T03:30:00-04:00", "2026-03-08T12:00:00+00:00"),
        # And back on 1 November.
        ("2026-10-31T22:00:00-04:00", "2026-11-01T13:00:00+00:00"),
        ("2026-11-01T01:30:00-05:00", "2026-11-01T13:00:00+00:00"),
    ],
)
def test_the_night_ends_at_eight_by_the_clock(now: str, end: str | None) -> None:
    assert _end(now) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        # 01:30 comes twice on 1 November: quiet is over at the first, and again at the second.
        ("2026-11-01T01:15:00-04:00", "2026-11-01T05:30:00+00:00"),
        ("2026-11-01T01:45:00-04:00", None),
        ("2026-11-01T01:15:00-05:00", "2026-11-01T06:30:00+00:00"),
    ],
)
def test_an_end_that_comes_twice_is_never_in_the_past(now: str, end: str | None) -> None:
    assert _end(now, until="01:30") == end


def test_an_end_that_never_comes_is_the_hour_after() -> None:
    assert _end("2026-03-08T01:45:00-05:00", until="02:30") == "2026-03-08T07:30:00+00:00"


def test_hours_within_a_day_are_quiet_between_them() -> None:
    siesta = {"from": "13:00", "until": "15:00"}
    assert _end("2026-03-02T14:00:00-05:00", **siesta) == "2026-03-02T20:00:00+00:00"
    assert _end("2026-03-02T16:00:00-05:00", **siesta) is None


def test_the_recipients_clock_counts_not_the_tenants() -> None:
    nine_in_toronto = "2026-03-03T09:00:00-05:00"
    assert _end(nine_in_toronto, phone=TORONTO_PHONE) is None
    assert _end(nine_in_toronto, phone=LOS_ANGELES_PHONE) == "2026-03-03T16:00:00+00:00"


def test_a_number_that_may_be_anywhere_in_a_country_counts_as_where_the_tenant_is() -> None:
    assert _end("2026-03-03T20:30:00+08:00", phone=MOBILE_IN_AUSTRALIA, zone=PERTH) is None


def test_a_number_of_several_foreign_zones_has_to_be_awake_in_all() -> None:
    # Half past eight in Sydney is five on the Cocos Islands, which share Australia's mobile numbers.
    assert _end("2026-07-03T08:30:00+10:00", phone=MOBILE_IN_AUSTRALIA, zone=TORONTO) == "2026-07-03T01:30:00+00:00"


@pytest.mark.parametrize("phone", ["+99955501", "no number"])
def test_a_number_of_nowhere_counts_as_where_the_tenant_is(phone: str) -> None:
    assert _end("2026-03-02T22:00:00-05:00", phone=phone) == "2026-03-03T13:00:00+00:00"


NIGHT = datetime.fromisoformat("2026-03-02T23:00:00-05:00")
MORNING = "2026-03-03T13:00:00+00:00"
LATER: dict[str, Any] = {"to": TORONTO_PHONE, "is_immediate": False}


def test_the_dispatcher_holds_at_night_what_can_wait_and_sends_what_is_awaited(
    sending: SendingFixture, standins: StandIns, clock: SetClock
) -> None:
    clock.instant = NIGHT
    marketing = {"message_class": MessageClass.MARKETING}
    sending.send(
        text("reminder", with_payload=LATER),
        text("offer", with_payload={"to": TORONTO_PHONE}, **marketing),
        mail("offer by mail", **marketing),
        text("awaited", with_payload={"to": TORONTO_PHONE}),
        mail("receipt"),
    )

    assert {entry["kind"] for entry in standins.entries()} == {"text", "e-mail"}
    assert (sending.state("awaited"), sending.state("receipt")) == (CommandState.SENT, CommandState.SENT)
    for key in ("reminder", "offer", "offer by mail"):
        known = sending.known(key)
        assert (known.state, known.attempts_count) == (CommandState.WAITING, 0)
        assert known.next_attempt_at is not None
        assert known.next_attempt_at.isoformat() == MORNING
        assert known.reason == "quiet hours where the recipient is"

    clock.instant = datetime.fromisoformat(MORNING)
    for _ in range(3):
        sending.dispatcher.dispatch_due()
        clock.advance(seconds=1)
    assert {sending.state(key) for key in ("reminder", "offer", "offer by mail")} == {CommandState.SENT}


def test_what_lost_its_sense_by_morning_is_not_sent(sending: SendingFixture, clock: SetClock) -> None:
    clock.instant = NIGHT
    sending.send(text(with_payload=LATER, expires_at=datetime.fromisoformat("2026-03-03T12:00:00+00:00")))
    clock.instant = datetime.fromisoformat(MORNING)
    sending.dispatcher.dispatch_due()

    assert sending.state() is CommandState.SUPPRESSED
