"""Tasks: what staff and rules did to a task, on the tenant's calendar, and in which order they are shown."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdesk.core.clock import SystemClock
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home, HomeFactory

PERTH = ZoneInfo("Australia/Perth")
ANA = {"contact": {"phone": "0400 000 001", "name": "Ana Lee"}}
BEN = {"contact": {"phone": "0400 000 002", "name": "Ben Roy"}}


def task(home: Home, name: str, *, due_at: datetime | None = None, at: datetime, **more: object) -> None:
    """Append a task.created."""
    payload = {"task_id": name, "title": f"Task {name}", "due_at": due_at and due_at.isoformat(), **more}
    known = {key: value for key, value in payload.items() if value is not None}
    home.log.append([fact("task.created", known, event_id=f"{name}-created", at=at)])


def change(home: Home, verb: str, name: str, *, at: datetime, **more: object) -> None:
    """Append what was done with a task."""
    home.log.append([fact(f"task.{verb}", {"task_id": name, **more}, event_id=f"{name}-{verb}", at=at)])


@pytest.fixture(scope="module")
def now() -> datetime:
    """The present: views that say what is overdue read the machine's clock."""
    return SystemClock().now()


@pytest.fixture(scope="module")
def home(homes: HomeFactory, now: datetime) -> Home:
    """A home with tasks in every state, relative to now."""
    home = homes.new_home()
    yesterday = now - timedelta(days=2)
    tomorrow_noon = datetime.combine((now.astimezone(PERTH) + timedelta(days=1)).date(), time(12), PERTH)
    booking = {"booking_id": "b1", "service": "MRI", "price_minor": 42000, "currency": "AUD"}
    starts = {"starts_at": tomorrow_noon.isoformat()}
    home.log.append([fact("booking.confirmed", ANA | booking | starts, event_id="b1", at=yesterday)])
    task(home, "late", **ANA, kind="welcome_call", due_at=now - timedelta(days=2, hours=1), at=yesterday)
    task(home, "later", **BEN, kind="other", due_at=now + timedelta(days=5), at=yesterday)
    task(home, "undated", kind="dormant", at=yesterday)
    task(home, "asleep", **BEN, due_at=now - timedelta(days=1), at=yesterday)
    change(home, "snoozed", "asleep", snoozed_until=(now + timedelta(days=1)).isoformat(), by="Dana", at=yesterday)
    task(home, "back", **BEN, due_at=now - timedelta(days=3), at=yesterday)
    change(home, "snoozed", "back", snoozed_until=(now - timedelta(seconds=5)).isoformat(), by="Dana", at=yesterday)
    task(home, "done", **BEN, due_at=now, at=yesterday)
    change(home, "completed", "done", by="Eve", at=now - timedelta(hours=3))
    # The snooze is dated after the end: what is done stays done.
    change(home, "snoozed", "done", snoozed_until=now.isoformat(), by="Dana", at=now - timedelta(hours=1))
    task(home, "given", booking_id="b1", kind="call", at=yesterday)
    change(home, "reassigned", "given", assigned_to="Eve", by="Dana", at=now - timedelta(hours=1))
    change(home, "cancelled", "given", by="Eve", reason="called already", at=now)
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
    return home


def test_a_task_is_what_was_done_to_it(home: Home) -> None:
    rows = home.query(
        "select task_id, status, completed_by, closing_reason, assigned_to, count_snoozes, count_reassigned "
        "from marts.fct_tasks where task_id in ('done', 'given', 'asleep') order by task_id"
    )
    assert rows == [
        ("asleep", "todo", None, None, None, 1, 0),
        ("done", "done", "Eve", None, None, 1, 0),
        ("given", "cancelled", "Eve", "called already", "Eve", 0, 1),
    ]
    ana = "select contact_id from marts.dim_contacts where display_name = 'Ana Lee'"
    assert home.query(f"select contact_id in ({ana}) from marts.fct_tasks where task_id = 'given'") == [(True,)]


def test_open_tasks_are_overdue_today_or_upcoming(home: Home) -> None:
    rows = home.query("select task_id, timeframe, display_name, reason from reports.rpt_tasks order by task_id")
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("back", "today", "Ben Roy"),
        ("late", "overdue", "Ana Lee"),
        ("later", "upcoming", "Ben Roy"),
        ("undated", "today", None),
    ]
    reasons = {row[0]: str(row[3]) for row in rows}
    assert reasons["late"].startswith("Overdue by 2 days; cool")
    assert reasons["late"].endswith("; appointment tomorrow")
    assert reasons["back"].startswith("Back from snooze today")
    assert reasons["undated"] == "No due time"


def test_priority_is_the_sum_of_its_parts(home: Home) -> None:
    names = ("kind_points", "late_points", "warmness_points", "value_points", "appointment_points")
    parts = {
        row[0]: row[1:]
        for row in home.query(f"select task_id, {', '.join(names)}, priority_score from reports.rpt_tasks")
    }
    # 49 of 72 hours late; confirmed two days ago: 20 points, halved in 14 days; a booking of the full value.
    warm = 15 * 20 * 0.5 ** (2 / 14) / 100
    assert parts["late"][0] == 40
    assert parts["late"][1] == pytest.approx(25 * 49 / 72, abs=0.2)
    assert parts["late"][2] == pytest.approx(warm, abs=0.06)
    assert parts["late"][3] == 10
    assert 0 < float(str(parts["late"][4])) < 10
    assert parts["undated"] == (10, 0, 0, 0, 0, 10)
    for row in parts.values():
        assert float(str(row[5])) == pytest.approx(sum(float(str(part)) for part in row[:5]), abs=0.26)
    assert home.query("select task_key from reports.rpt_next_actions where action = 'Task late'") != []
