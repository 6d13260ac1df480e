"""What the demo's customers are told: once, and true when it arrives; and the check would see it if it were not."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sandbox.processes import frontdesk_command
from tests.e2e.story import REPOSITORY, free_port
from tests.ledger_check import BookingFact, Evidence, Told, find_faults, read_evidence

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ZONE = ZoneInfo("Australia/Perth")
START = datetime(2026, 11, 20, 12, 0, tzinfo=ZONE)
SENT = Told(
    at=NOW,
    tenant="clinic",
    kind="text",
    recipient="+61855500201",
    text="Hi Ana, your MRI with Clinic is booked for Fri 20 Nov at 12:00 pm.",
    command_key="clinic/booking_confirmation/send_sms/booking:b1",
)


def evidence(*told: Told, status: str = "confirmed", starts_at: datetime = START) -> Evidence:
    before = BookingFact((NOW - timedelta(days=1), 0, 1, "a"), NOW - timedelta(days=1), "confirmed", START)
    newest = BookingFact((NOW - timedelta(hours=1), 0, 1, "b"), NOW - timedelta(hours=1), status, starts_at)
    return Evidence(told=told, bookings={("clinic", "b1"): [newest, before]}, others=[], zones={"clinic": ZONE})


def test_what_is_true_is_no_fault() -> None:
    reminder = replace(
        SENT, text="Clinic: your MRI is today at 12:00 pm, in 2 hours.", command_key="clinic/r/send_sms/booking:b1@x"
    )
    assert find_faults(evidence(SENT, reminder)) == []


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (evidence(SENT, status="cancelled"), "the booking was cancelled"),
        (evidence(SENT, starts_at=START + timedelta(days=1)), "the booking is on 21 Nov"),
        (evidence(SENT, starts_at=START + timedelta(hours=1)), "the booking is at 13:00"),
        (evidence(replace(SENT, at=NOW + timedelta(hours=3))), "the booking began"),
        (evidence(SENT, SENT), "2 confirmations by text"),
        (evidence(replace(SENT, text="Your MRI is at 12:00 pm, in 11 hours.")), "2:00:00 are left"),
        (evidence(replace(SENT, text="Your MRI is tomorrow at 12:00 pm.")), "it is not tomorrow"),
        (evidence(replace(SENT, text="The invoice is in your e-mail.")), "promises what nothing does"),
        (evidence(replace(SENT, command_key=None)), "the log does not tell of it"),
    ],
)
def test_what_is_untrue_or_told_twice_is_seen(found: Evidence, fault: str) -> None:
    assert any(fault in line for line in find_faults(found))


@pytest.mark.slow
def test_in_the_demo_nobody_is_told_twice_and_nothing_untrue(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "FRONTDESK_HOME": str(tmp_path),
        "FRONTDESK_RECEIVER_PORT": str(free_port()),
        "FRONTDESK_SANDBOX_PORT": str(free_port()),
        "FRONTDESK_SANDBOX_SMTP_PORT": str(free_port()),
    }
    arguments = frontdesk_command("demo", "--once", "--scale", "0.06")
    subprocess.run(arguments, env=environ, cwd=REPOSITORY, check=True, timeout=1_500)
    found = read_evidence(tmp_path, tenants_dir=REPOSITORY / "tenants")
    assert found.told
    assert find_faults(found) == []
