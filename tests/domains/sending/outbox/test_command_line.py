"""`frontdesk outbox`: what is typed, what is shown, and what is refused in one line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import FrontdeskError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.settings import load_settings
from frontdesk.domains.sending.outbox.cli import app
from frontdesk.domains.sending.outbox.commands import Channel, CommandState, Lane
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.domains.sending.outbox.factories import LEASE, new_command

TENANTS = Path(__file__).parents[4] / "tenants"
KEY = "hmnp/reminder_24h/send_sms/booking:b1@2026-03-01T01:00:00Z"


class Shown(NamedTuple):
    text: str
    error: FrontdeskError | None


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Outbox:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(TENANTS))
    engine = open_engine(load_settings().event_log_url)
    create_tables(engine)
    clock = SystemClock()
    return Outbox(engine, clock=clock, ids=UuidV7Factory(clock))


def run(*words: str) -> Shown:
    """Type `frontdesk outbox` and these words."""
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, FrontdeskError):
        return Shown(result.output, result.exception)
    assert result.exit_code == 0, result.output
    return Shown(result.output, None)


def call(outbox: Outbox, command_key: str = KEY) -> str:
    """Begin the call of a command and return its token."""
    [claimed] = [each for each in outbox.claim(limit=9, lease=LEASE) if each.command_key == command_key]
    assert outbox.begin_call(command_key, token=claimed.token, lease=LEASE)
    return claimed.token


def state_of(outbox: Outbox) -> CommandState | None:
    known = outbox.find(KEY)
    return known.state if known else None


@pytest.mark.usefixtures("outbox")
def test_it_is_a_command_of_frontdesk() -> None:
    result = CliRunner().invoke(build_app(), ["outbox", "list"])
    assert result.exit_code == 0


def test_commands_are_listed_by_what_is_asked_for(outbox: Outbox) -> None:
    outbox.enqueue(
        [
            new_command(KEY),
            new_command("mail", channel=Channel.EMAIL),
            new_command("theirs", tenant_id="noizylab", contact_id="c-9"),
        ]
    )
    outbox.cancel(["mail"], reason="[bold]STOP[/bold]")

    assert KEY in run("list").text
    assert [word for word in (KEY, "mail", "theirs") if word in run("list", "--tenant", "noizylab").text] == [
        "theirs"
    ]
    cancelled = run("list", "--state", "cancelled", "--state", "sent").text
    assert "[bold]STOP[/bold]" in cancelled
    assert KEY not in cancelled
    assert KEY not in run("list", "--channel", "email").text
    assert "theirs" in run("list", "--contact", "c-9").text
    assert "the newest 1" in run("list", "--limit", "1").text


def test_one_command_is_shown_with_what_providers_said(outbox: Outbox) -> None:
    outbox.enqueue([new_command(KEY)])
    outbox.fail(KEY, token=call(outbox), reason="21211: no such number")

    shown = run("show", KEY).text

    for part in (KEY, "dead", "21211: no such number", "reminder_24h, version 3", "evt-1, evt-2", "+17135550100"):
        assert part in shown


def test_a_dead_command_is_redriven(outbox: Outbox) -> None:
    outbox.enqueue([new_command(KEY)])
    outbox.fail(KEY, token=call(outbox), reason="503")

    assert "is queued again" in run("redrive", KEY).text

    assert state_of(outbox) is CommandState.WAITING
    assert str(run("redrive", KEY).error) == f"{KEY} is waiting; only a dead command can be redriven"


def test_dead_commands_are_redriven_by_what_they_have_in_common(outbox: Outbox) -> None:
    outbox.enqueue([new_command(KEY), new_command("other")])
    for claimed in outbox.claim(limit=9, lease=LEASE):
        outbox.fail(claimed.command_key, token=claimed.token, reason=f"no credit: {claimed.command_key}")

    assert run("redrive", "--tenant", "hmnp", "--reason", "CREDIT: other").text == "other\nQueued again: 1\n"
    assert "Queued again: 1" in run("redrive", "--all").text


@pytest.mark.parametrize(("found", "state"), [("sent", CommandState.SENT), ("not-sent", CommandState.WAITING)])
def test_an_uncertain_command_is_resolved(outbox: Outbox, found: str, state: CommandState) -> None:
    outbox.enqueue([new_command(KEY)])
    outbox.mark_uncertain(KEY, token=call(outbox), reason="time-out")
    words = ("resolve", KEY, "--attempt", "1", "--found", found, "--by", "Bea")

    assert run(*words).text == f"{KEY} is {state}.\n"

    assert state_of(outbox) is state
    assert "Bea" in run("show", KEY).text
    assert "only an uncertain command can be resolved" in str(run(*words).error)


def test_what_is_held_is_shown_and_released(outbox: Outbox) -> None:
    outbox.enqueue([new_command(KEY, due_at=SystemClock().now() - timedelta(minutes=1))])
    scope = ("--tenant", "hmnp", "--channel", "sms")

    assert run("hold", *scope, "--reason", "wrong price", "--by", "Bea").text == "business hmnp, channel sms: held.\n"
    assert "already held" in run("hold", *scope, "--reason", "again").text
    assert outbox.claim(limit=9, lease=LEASE) == []
    shown = run("depth").text
    for part in ("hmnp", "sms", "wrong price", "Bea"):
        assert part in shown
    assert "wrong price" not in run("depth", "--tenant", "noizylab").text

    assert run("release", *scope).text == "business hmnp, channel sms: released.\n"
    assert len(outbox.claim(limit=9, lease=LEASE)) == 1


def test_a_provider_that_is_not_called_is_shown_with_the_reason(outbox: Outbox) -> None:
    outbox.note_lane(Lane("hmnp", "twilio"), reason="Twilio 20003: Authenticate", is_set_up=True)
    shown = run("depth").text
    for part in ("hmnp", "twilio", "set-up", "Twilio 20003: Authenticate"):
        assert part in shown
    assert "20003" not in run("depth", "--tenant", "noizylab").text
    outbox.note_lane(Lane("hmnp", "twilio"), reason=None, is_set_up=False)
    assert "20003" not in run("depth").text


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("show none", "no command has the key none"),
        ("redrive none", "no command has the key none"),
        ("redrive", "say which"),
        ("redrive none --all", "say which"),
        ("redrive --tenant hmmp", "there is no business hmmp; use one of avatar-imaging"),
        ("resolve none --attempt 1 --found not-sent --provider-id x", "goes with --found sent alone"),
        ("hold --reason stop", "say what"),
        ("hold --all --channel sms --reason stop", "say what"),
        ("hold --rule thanks --reason stop", "--rule needs --tenant"),
        ("hold --tenant hmnp --rule remindre --reason stop", "hmnp has no rule remindre"),
        ("release --channel sms", "channel sms: not held"),
        ("depth --tenant hmmp", "there is no business hmmp"),
        ("list --rule thanks", "--rule needs --tenant"),
    ],
)
@pytest.mark.usefixtures("outbox")
def test_what_is_refused_says_why(words: str, reason: str) -> None:
    error = run(*words.split()).error
    assert error is not None
    assert reason in error.detail
    assert "\n" not in error.detail
