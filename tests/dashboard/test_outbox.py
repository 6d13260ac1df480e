"""Outbox: what is to go out, why, and what staff decide about it through a real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame.analytics_file import AnalyticsFile
from dashboard.parts import automation_queries
from frontdesk.domains.sending.outbox.commands import CommandState
from tests.dashboard.conftest import open_page, owner_of, signed_in_beside, text_of
from tests.dashboard.published_file import ANNA, BARBERS, MASSAGE
from tests.dashboard.published_messages import REFUSED_KEY, REMINDER_KEY, STOPPED_KEY, UNCERTAIN_KEY
from tests.dashboard.receivers import DEAD_KEY, EMAIL, Beside, fill_outbox
from tests.dashboard.typing import act

pytestmark = pytest.mark.usefixtures("filled_home")


@pytest.fixture
def beside(filled_home: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    with signed_in_beside(filled_home, monkeypatch, owner_of(BARBERS)) as beside:
        fill_outbox(beside.outbox, now=now)
        yield beside


def open_outbox() -> AppTest:
    return open_page("outbox", tenant=MASSAGE)


def open_command(command_key: str) -> AppTest:
    return open_page("outbox", tenant=MASSAGE, command=command_key)


def state_of(beside: Beside, command_key: str) -> CommandState:
    known = beside.outbox.find(command_key)
    assert known is not None
    return known.state


def test_depth_counts_what_is_not_over(beside: Beside) -> None:
    assert beside.url
    text = text_of(open_outbox())
    for figure in ("Waiting: 15", "Due now: 0", "Sending: 0", "Not confirmed: :orange[1]", "Failed: :red[1]"):
        assert figure in text
    assert "Nothing is due." in text
    assert "None" not in text
    assert "**Texts** 15 waiting · 0 due · :orange[1 not confirmed] · :red[1 failed]" in text


def test_what_needs_a_person_comes_first_with_the_reason(beside: Beside) -> None:
    assert beside.url
    app = open_outbox()
    keys = [str(each.key) for each in app.button if str(each.key).startswith("why_")]
    assert set(keys[:2]) == {f"why_{DEAD_KEY}", f"why_{UNCERTAIN_KEY}"}
    assert "21211: the number is not a mobile one" in text_of(app)
    assert "José Álvarez · due in" in text_of(app)


def test_filters_narrow_the_list(beside: Beside) -> None:
    assert beside.url
    app = open_outbox()
    app.segmented_control(key="outbox_state").set_value("Needs a person").run()
    assert len([each for each in app.button if str(each.key).startswith("why_")]) == 2
    app.selectbox(key="outbox_rule").select("win_back").run()
    assert "Nothing here" in text_of(app)


def test_a_command_tells_why_it_is_there(beside: Beside) -> None:
    assert beside.url
    app = open_outbox()
    app.button(key=f"why_{UNCERTAIN_KEY}").click().run()
    assert app.query_params["command"] == UNCERTAIN_KEY
    text = text_of(app)
    assert "Booking confirmed" in text
    assert "rule Reminder 24h, version 1, transactional" in text
    assert "**Attempt 1** :orange-badge[:material/help: No answer]" in text
    assert "Harbour Massage: Anna, see you " in text
    app.button(key="command_back").click().run()
    assert "command" not in app.query_params


def test_a_refused_one_names_the_first_condition_that_failed() -> None:
    text = text_of(open_command(REFUSED_KEY))
    assert ":violet-badge[:material/block: Skipped]" in text
    assert "the contact opted out :gray[(STOP by text at 2026-11-20T03:00:00Z)]" in text


def test_a_key_of_nothing_says_so(beside: Beside) -> None:
    assert beside.url
    assert "Not found" in text_of(open_command(f"{MASSAGE}/none/send_sms/x"))


def test_a_dead_one_is_sent_again(beside: Beside) -> None:
    app = open_command(DEAD_KEY)
    app.button(key="redrive").click().run()
    assert state_of(beside, DEAD_KEY) is CommandState.WAITING
    assert "Queued again" in app.toast[0].value


def test_all_dead_ones_are_sent_again_and_nothing_else(beside: Beside) -> None:
    app = open_outbox()
    app.button(key="redrive_all").click().run()
    assert state_of(beside, DEAD_KEY) is CommandState.WAITING
    assert state_of(beside, UNCERTAIN_KEY) is CommandState.UNCERTAIN
    assert "Queued again: 1" in app.toast[0].value.replace("\\", "")


@pytest.mark.parametrize(
    ("answer", "state"), [("sent", CommandState.SENT), ("not_sent", CommandState.WAITING)], ids=str
)
def test_an_uncertain_one_is_settled_by_a_person(beside: Beside, answer: str, state: CommandState) -> None:
    app = open_command(UNCERTAIN_KEY)
    act(app, f"resolve_{UNCERTAIN_KEY}", action=answer, provider_id="SM123")
    assert state_of(beside, UNCERTAIN_KEY) is state
    known = beside.outbox.find(UNCERTAIN_KEY)
    assert known is not None
    assert known.attempts[-1].resolved_by == EMAIL
    assert known.provider_id == ("SM123" if answer == "sent" else None)


def test_everything_is_held_and_released(beside: Beside) -> None:
    app = open_outbox()
    app.button(key="hold_all_all").click().run()
    [hold] = beside.outbox.holds()
    assert (hold.scope.tenant_id, hold.scope.channel, hold.scope.rule_id) == (MASSAGE, None, None)
    app.run()
    assert "**Everything** paused" in text_of(app)
    app.button(key="release_all_all").click().run()
    assert beside.outbox.holds() == []


def test_without_a_receiver_the_published_commands_are_shown_and_why_actions_are_off() -> None:
    app = open_outbox()
    text = text_of(app)
    assert "no receiver answers" in text
    assert "José Álvarez · due in" in text
    assert not [each for each in app.button if str(each.key).startswith(("hold", "redrive"))]
    assert "rule Reminder 24h" in text_of(open_command(REMINDER_KEY))


def test_what_was_stopped_since_is_not_shown_as_due(filled_home: Path, now: datetime) -> None:
    file = AnalyticsFile(filled_home / "analytics.duckdb")
    commands = automation_queries.fetch_commands(file, tenant_id=MASSAGE, now=now, limit=100)
    unsent = automation_queries.fetch_unsent(file, tenant_id=MASSAGE, contact_id=ANNA, now=now)
    due = automation_queries.fetch_due(
        file, tenant_id=MASSAGE, since=now + timedelta(hours=20.5), until=now + timedelta(days=2)
    )
    assert REMINDER_KEY in set(commands["command_key"]) & set(unsent["command_key"])
    assert STOPPED_KEY not in set(commands["command_key"]) | set(unsent["command_key"])
    assert due.empty
