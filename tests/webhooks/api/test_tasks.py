"""Tasks over /v1: each change is an event in the caller's name, the end of a task is one, and a tech has own ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.webhooks.harness import Answer, RunningReceiver
from tests.webhooks.signing import OWNER_KEY, TENANT
from tests.webhooks.staff import add, ask, token_of

RULES_TASK = f"{TENANT}/no_response/create_task/contact:1@2026-11-01"


def post(receiver: RunningReceiver, path: str, *, token: str = OWNER_KEY, **body: Any) -> Answer:
    return ask(receiver, "POST", path, token=token, body=body)


def create(receiver: RunningReceiver, *, token: str = OWNER_KEY, **body: Any) -> str:
    answer = post(receiver, "tasks", token=token, title="Call back", **body)
    assert answer.status == 202
    return str(answer.json()["task_id"])


@pytest.fixture
def published(tmp_path: Path) -> None:
    """Three open tasks and a cancelled one, in the columns that the receiver reads."""
    with duckdb.connect(str(tmp_path / "analytics.duckdb")) as connection:
        connection.execute("create schema marts; create schema reports")
        connection.execute(
            "create table marts.fct_tasks as select * from (values "
            f"('{TENANT}', '{RULES_TASK}', 'todo', 'Tess'), ('{TENANT}', 'free', 'todo', null), "
            f"('{TENANT}', 'ben', 'todo', 'Ben'), ('{TENANT}', 'gone', 'cancelled', null), "
            "('bakery', 'bread', 'todo', null)) as t(tenant_id, task_id, status, assigned_to)"
        )
        connection.execute(
            "create table reports.rpt_tasks as select tenant_id, task_id, 'call' as kind, 'Call' as title, "
            "null::varchar as contact_id, null::varchar as booking_id, assigned_to, "
            "timestamptz '2026-11-01 09:00:00+00' as due_at, null::timestamptz as snoozed_until, "
            "if(task_id = 'free', 'upcoming', 'overdue') as timeframe, "
            "if(task_id = 'ben', 90.0, 40.0) as priority_score, 'Overdue by 3 hours' as reason "
            "from marts.fct_tasks where status = 'todo'"
        )


def test_a_task_lives_through_events(receiver: RunningReceiver, log: EventLog) -> None:
    task_id = create(receiver, due_at="2026-11-02T09:00:00+01:00", contact={"phone": "+15551230001"}, by="crm")
    assert post(receiver, f"tasks/{task_id}:snooze", until="2026-11-03T09:00:00Z").status == 202
    assert post(receiver, f"tasks/{task_id}:reassign", assigned_to="Tess").status == 202
    done = post(receiver, f"tasks/{task_id}:complete", by="Bea").json()
    again = post(receiver, f"tasks/{task_id}:complete", by="Ana").json()
    assert (done["is_new"], again) == (True, {**done, "is_new": False})

    events = log.read_after(0, limit=9)
    assert [event.type for event in events] == [
        f"task.{verb}" for verb in ("created", "snoozed", "reassigned", "completed")
    ]
    assert {event.subject_id for event in events} == {task_id}
    payloads = [CANONICAL_PAYLOADS[event.type].model_validate_json(event.payload) for event in events]
    assert [payload.model_dump()["by"] for payload in payloads] == ["crm", "owner's key", "owner's key", "Bea"]
    for path, body in (("snooze", {"until": "2026-11-03T09:00:00Z"}), ("cancel", {"reason": "no"})):
        assert post(receiver, f"tasks/{task_id}:{path}", **body).status == 409
    assert log.last_sequence() == events[-1].sequence


@pytest.mark.usefixtures("published")
def test_what_is_published_is_known_too_and_what_nobody_knows_is_not(
    receiver: RunningReceiver, log: EventLog
) -> None:
    assert post(receiver, f"tasks/{RULES_TASK}:cancel", reason="moved").json()["is_new"]
    assert orjson.loads(log.read_after(0, limit=1)[0].payload) == {
        "task_id": RULES_TASK, "reason": "moved", "by": "owner's key"
    }  # fmt: skip
    assert post(receiver, "tasks/gone:cancel", reason="x").json() == {
        "task_id": "gone", "event_id": None, "is_new": False
    }  # fmt: skip
    assert post(receiver, "tasks/gone:complete").status == 409
    assert {post(receiver, f"tasks/{other}:complete").status for other in ("bread", "nothing")} == {404}
    assert log.last_sequence() == 1


@pytest.mark.usefixtures("published")
def test_the_list_has_the_most_urgent_first_and_can_be_narrowed(receiver: RunningReceiver) -> None:
    def listed(query: str = "") -> list[str]:
        answer = ask(receiver, "GET", "tasks", token=OWNER_KEY, query=query)
        assert answer.status == 200, answer.body
        return [task["task_id"] for task in answer.json()["tasks"]]

    assert listed() == ["ben", "free", RULES_TASK]
    assert listed("timeframe=upcoming") == ["free"]
    assert listed("assigned_to=BEN") == ["ben"]


@pytest.mark.usefixtures("published")
def test_a_tech_sees_and_changes_own_tasks_and_those_of_nobody(
    receiver: RunningReceiver, directory: StaffDirectory
) -> None:
    tess = token_of(receiver, add(directory, Role.TECH, name="Tess"))
    listed = ask(receiver, "GET", "tasks", token=tess).json()["tasks"]
    assert {task["task_id"] for task in listed} == {"free", RULES_TASK}
    assert post(receiver, "tasks/ben:complete", token=tess).status == 403
    assert post(receiver, f"tasks/{RULES_TASK}:complete", token=tess, by="Ben").status == 202
    bens = create(receiver, assigned_to="Ben")
    assert post(receiver, f"tasks/{bens}:complete", token=tess).status == 403


def test_without_anything_published_the_list_says_so(receiver: RunningReceiver) -> None:
    answer = ask(receiver, "GET", "tasks", token=OWNER_KEY)
    assert (answer.status, "nothing is published yet" in answer.json()["detail"]) == (503, True)
