"""Today: the list, why each task is on it, and settling tasks through a real receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from frontdesk.core.log.envelope import Event
from frontdesk.domains.staff.roles import Role
from tests.dashboard.conftest import open_page, owner_of, sign_in_as, text_of
from tests.dashboard.published_file import BARBERS, HOSTILE_NAME, MASSAGE, NEWCOMER
from tests.dashboard.published_messages import conversations_published
from tests.dashboard.published_tasks import ORDER, RECALL, WELCOME_CALL, add_task, task
from tests.dashboard.receivers import Beside
from tests.dashboard.typing import act, find_box

pytestmark = pytest.mark.usefixtures("filled_home")


def tasks_of(app: AppTest) -> list[str]:
    return [str(each.key).removeprefix("done_key-") for each in app.button if str(each.key).startswith("done_")]


def figures_of(app: AppTest) -> dict[str, str]:
    return {figure.label: figure.value for figure in app.metric}


def events_of(beside: Beside) -> list[Event]:
    return list(beside.log.read_after(0, limit=100))


def test_it_is_the_first_page() -> None:
    app = open_page("today", tenant=MASSAGE)
    assert "Welcome call" in text_of(app)


def test_tasks_are_by_timeframe_and_most_urgent_first() -> None:
    app = open_page("today", tenant=MASSAGE)
    assert tasks_of(app) == [WELCOME_CALL, "call-hostile", RECALL, ORDER]
    assert [heading.value for heading in app.subheader] == ["Overdue :gray[2]", "Today :gray[1]", "Upcoming :gray[1]"]
    text = text_of(app)
    assert "**Welcome call**  \n:small[:red[5 h overdue]" in text
    assert "Due in 2 h" in text
    assert HOSTILE_NAME[:60] in text


def test_a_priority_says_why_and_of_what_it_is_made() -> None:
    app = open_page("today", tenant=MASSAGE)
    [badge] = [each for each in app.markdown if "Urgent" in each.value]
    assert "Overdue by 5 hours; warm; appointment tomorrow" in badge.value.replace("\\", "")
    assert badge.help.replace("\\", "") == (
        "Priority 71.6 of 100: kind of task 40 + lateness 1.7 + warmness 11.1 + value 8.8 + appointment near 10"
    )


def test_the_figures_of_the_day() -> None:
    assert figures_of(open_page("today", tenant=MASSAGE)) == {
        "Due": "3",
        "Done today": "1",
        "Unanswered leads": "1",
        "Bookings today": "0",
    }


@pytest.mark.parametrize(
    ("whose", "expected"),
    [("mine", [RECALL]), ("nobody", [WELCOME_CALL]), ("everybody", [WELCOME_CALL, "call-hostile", RECALL, ORDER])],
)
def test_tasks_of_one_choice(whose: str, expected: list[str]) -> None:
    app = open_page("today", tenant=MASSAGE)
    app.segmented_control(key="whose_tasks").set_value(whose).run()
    assert tasks_of(app) == expected


def test_all_businesses_are_told_apart() -> None:
    app = open_page("today")
    assert "order-blades" in tasks_of(app)
    assert "Northside Barbers" in text_of(app)


def test_who_is_of_one_business_sees_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_as(monkeypatch, owner_of(BARBERS, role=Role.TECH))
    assert tasks_of(open_page("today")) == ["order-blades"]


def test_a_tech_sees_own_tasks_and_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in_as(monkeypatch, owner_of(MASSAGE, role=Role.TECH))
    assert tasks_of(open_page("today", tenant=MASSAGE)) == [WELCOME_CALL, RECALL]


def test_nothing_to_do_says_where_tasks_come_from() -> None:
    assert "Tasks appear here when a rule or a connected system creates one" in text_of(
        open_page("today", tenant=NEWCOMER)
    )


def test_done_is_one_click_and_gone_at_once(beside: Beside) -> None:
    app = open_page("today", tenant=MASSAGE)
    app.button(key=f"done_key-{WELCOME_CALL}").click().run()

    assert tasks_of(app) == ["call-hostile", RECALL, ORDER]
    assert (figures_of(app)["Due"], figures_of(app)["Done today"]) == ("2", "2")
    [event] = events_of(beside)
    assert (event.type, event.subject_id) == ("task.completed", WELCOME_CALL)
    assert orjson.loads(event.payload)["by"] == "mia@example.com"


def test_what_is_published_counts_once_it_says_so(beside: Beside, filled_home: Path) -> None:
    app = open_page("today", tenant=MASSAGE)
    app.button(key=f"done_key-{WELCOME_CALL}").click().run()
    now = datetime.now(UTC)
    rows = conversations_published(now=now)
    # Somebody told of the same task again after it was done here: what is published is newer, and counts.
    rows.rows["marts.fct_tasks"] = []
    rows.rows["reports.rpt_tasks"] = []
    again = task(WELCOME_CALL, due_at=now, timeframe="today", title="Welcome call, again", reason="")
    add_task(rows, again, changed_at=now + timedelta(seconds=1))
    rows.publish(filled_home / "analytics.duckdb")
    app.run()
    assert len(events_of(beside)) == 1
    assert tasks_of(app) == [WELCOME_CALL]


@pytest.mark.parametrize(("choice", "least", "most"), [(0, 0.9, 1.1), (1, 0.0, 33.1)])
def test_snoozed_is_out_of_sight(beside: Beside, choice: int, least: float, most: float) -> None:
    app = open_page("today", tenant=MASSAGE)
    [snooze] = [each for each in app.menu_button if each.key == f"snooze_key-{WELCOME_CALL}"]
    before = datetime.now(UTC)
    snooze.click_index(choice).run()

    assert WELCOME_CALL not in tasks_of(app)
    assert figures_of(app)["Done today"] == "1"
    [event] = events_of(beside)
    until = datetime.fromisoformat(orjson.loads(event.payload)["snoozed_until"])
    assert event.type == "task.snoozed"
    assert timedelta(hours=least) < until - before < timedelta(hours=most)
    assert choice == 0 or until.astimezone().strftime("%M:%S") == "00:00"


def test_a_time_that_is_picked_is_the_businesss_own(beside: Beside) -> None:
    app = open_page("today", tenant=MASSAGE)
    [snooze] = [each for each in app.menu_button if each.key == f"snooze_key-{WELCOME_CALL}"]
    snooze.click_index(2).run()
    box = find_box(app, f"until_key-{WELCOME_CALL}")
    assert box is not None
    [until] = box["fields"]
    assert until["label"] == "Snooze until (Australia/Perth)"
    app = act(app, f"until_key-{WELCOME_CALL}", action="snooze", until=until["value"])

    [event] = events_of(beside)
    until = datetime.fromisoformat(orjson.loads(event.payload)["snoozed_until"])
    assert until.astimezone(UTC).strftime("%H:%M") == "01:00"  # 9:00 in Perth
    assert WELCOME_CALL not in tasks_of(app)


def test_a_task_is_given_to_a_colleague(beside: Beside) -> None:
    app = open_page("today", tenant=MASSAGE)
    [give] = [each for each in app.menu_button if each.key == f"give_key-{WELCOME_CALL}"]
    give.click("Lea").run()

    [event] = events_of(beside)
    assert (event.type, orjson.loads(event.payload)["assigned_to"]) == ("task.reassigned", "Lea")
    assert WELCOME_CALL in tasks_of(app)
    app.segmented_control(key="whose_tasks").set_value("nobody").run()
    assert tasks_of(app) == []


def test_a_receiver_that_is_down_leaves_the_task_where_it_is(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("today", tenant=MASSAGE)
    monkeypatch.setenv("FRONTDESK_RECEIVER_PORT", "9")
    app.run()
    app.button(key=f"done_key-{WELCOME_CALL}").click().run()
    assert any("no receiver answers" in toast.value.replace("\\", "") for toast in app.toast)
    assert WELCOME_CALL in tasks_of(app)
    assert events_of(beside) == []
