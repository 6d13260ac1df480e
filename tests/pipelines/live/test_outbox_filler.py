"""The outbox follows what is decided: live, after a rebuild, under other rules; and history never goes out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from frontdesk.domains.sending.outbox.commands import CommandState
from tests.clocks import SetClock
from tests.domains.rules.test_decisions import START, booking
from tests.pipelines.facts import TENANT
from tests.pipelines.homes import NOW, Home, HomeFactory

LEASE = timedelta(minutes=5)


def states(home: Home) -> dict[str, CommandState]:
    """Return the state of each command of the booking b1, by rule."""
    known = {}
    for rule in ("booking_confirmation", "reminder_48h", "reminder_24h", "reminder_2h"):
        subject = "booking:b1" if rule == "booking_confirmation" else f"booking:b1@{START:%Y-%m-%dT%H:%M:%SZ}"
        command = home.outbox.find(f"{TENANT}/{rule}/send_sms/{subject}")
        if command is not None:
            known[rule] = command.state
    return known


def send_due(home: Home) -> list[str]:
    """Take what is due through the outbox as a dispatcher does; return the keys."""
    claimed = home.outbox.claim(limit=100, lease=LEASE)
    for command in claimed:
        assert home.outbox.begin_call(command.command_key, token=command.token, lease=LEASE)
        assert home.outbox.complete(command.command_key, token=command.token)
    return [command.command_key for command in claimed]


def test_what_is_intended_waits_in_the_outbox_until_it_is_due(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed", service="MRI")]])
    assert set(states(home).values()) == {CommandState.WAITING}
    reminder = home.outbox.find(f"{TENANT}/reminder_24h/send_sms/booking:b1@{START:%Y-%m-%dT%H:%M:%SZ}")
    assert reminder is not None
    assert (reminder.due_at, reminder.expires_at) == (START - timedelta(hours=24), START)
    assert (reminder.provider, reminder.rule_version) == ("clicksend", "1")
    assert reminder.payload["variables"]["booking"]["service_name"] == "MRI"
    assert list(home.log.read_by_id(reminder.cause_event_ids)) == list(reminder.cause_event_ids)


def test_a_waiting_command_takes_what_is_decided_anew(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed", service="MRI")], [booking("updated", hours=1, service="CT scan")]])
    home.follow_in_batches([[booking("confirmed", hours=2, service="Ultrasound")]])
    reminder = home.outbox.find(f"{TENANT}/reminder_24h/send_sms/booking:b1@{START:%Y-%m-%dT%H:%M:%SZ}")
    assert reminder is not None
    assert reminder.payload["variables"]["booking"]["service_name"] == "Ultrasound"


def test_a_cancelled_booking_withdraws_and_a_new_confirmation_revives(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed")]])
    assert sorted(key.split("/")[1] for key in send_due(home)) == ["booking_confirmation", "welcome_call"]
    home.follow_in_batches([[booking("cancelled", hours=1)]])
    reminders = ("reminder_48h", "reminder_24h", "reminder_2h")
    sent = {"booking_confirmation": CommandState.SENT}
    assert states(home) == sent | dict.fromkeys(reminders, CommandState.WITHDRAWN)
    home.follow_in_batches([[booking("confirmed", hours=2)]])
    assert states(home) == sent | dict.fromkeys(reminders, CommandState.WAITING)


@pytest.mark.slow
def test_a_rebuild_from_an_empty_warehouse_sends_nothing_again(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed")], [booking("confirmed", booking_id="b2", hours=-1)]])
    assert len(send_due(home)) == 3  # two confirmations, one welcome call
    before = {**states(home)}
    home.warehouse_path.unlink()
    with home.modeller().opened():
        pass
    assert states(home) == before
    assert send_due(home) == []


def test_history_that_is_told_late_is_not_acted_upon(home: Home) -> None:
    """An import of last year's bookings decides as ever, and texts nobody."""
    long_ago = NOW - timedelta(days=200)
    home.follow_in_batches([[booking("confirmed", hours=-5_000, start=long_ago)]])
    assert len(home.query("select 1 from activation.cmd_send_sms")) > 0
    assert home.outbox.open_keys(TENANT) == []


@pytest.mark.slow
def test_other_rules_take_back_what_they_no_longer_intend(homes: HomeFactory) -> None:
    clock = SetClock(NOW)
    home = homes.new_home(clock=clock)
    home.follow_in_batches([[booking("confirmed")]])
    tenants = dict(home.tenants)
    kept = tuple(rule for rule in tenants[TENANT].rules if rule.id != "reminder_48h")
    tenants[TENANT] = tenants[TENANT].model_copy(update={"rules": kept})
    with Home(home.folder, home.target_dir, tenants, clock, home.ids).modeller().opened():
        pass
    assert states(home)["reminder_48h"] is CommandState.WITHDRAWN
    assert states(home)["reminder_24h"] is CommandState.WAITING
