"""Adds a receptionist's day to the published file: tasks, stages, warmness and leads of two businesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.dashboard.published_file import (
    ANNA,
    ANNA_TOO,
    BARBERS,
    HOSTILE,
    HOSTILE_NAME,
    JOSE,
    MASSAGE,
    PublishedRows,
)

WELCOME_CALL, RECALL, ORDER, OTHERS = "welcome-call-anna", "recall-jose", "order-oil", "call-hostile"
#: Key, name, stage and its name, position over all pipelines, won, lost, what to do next.
_STAGES: Sequence[tuple[str, str, str, str, int, bool, bool, str | None]] = (
    ("lead", "Lead", "new_lead", "New lead", 1, False, False, "Call or text back"),
    ("lead", "Lead", "contacted", "Contacted", 2, False, False, "Offer a time"),
    ("lead", "Lead", "dormant", "Dormant", 3, False, True, None),
    ("visit", "Visit", "booked", "Booked", 4, False, False, None),
    ("visit", "Visit", "completed", "Completed", 5, True, False, None),
)


def add_work(rows: PublishedRows, *, now: datetime) -> PublishedRows:
    """Add tasks, stages, warmness and leads; return the same rows."""
    _add_tasks(rows, now)
    _add_stages(rows, now)
    _add_warmness(rows, now)
    _add_leads(rows, now)
    return rows


def task(task_id: str, *, due_at: datetime | None, timeframe: str, **other: Any) -> dict[str, Any]:
    """Return a row of rpt_tasks; its key is its id with `key-` before it."""
    columns: dict[str, Any] = {
        "tenant_id": MASSAGE,
        "task_key": f"key-{task_id}",
        "task_id": task_id,
        "kind": "call",
        "due_at": due_at,
        "timeframe": timeframe,
        "priority_score": 30.0,
        "kind_points": 20.0,
        "late_points": 0.0,
        "warmness_points": 10.0,
        "value_points": 0.0,
        "appointment_points": 0.0,
        "warmness": 0.0,
    }
    return {**columns, **other}


def add_task(rows: PublishedRows, row: dict[str, Any], *, changed_at: datetime) -> None:
    """Add an open task, to the list and to the tasks themselves."""
    rows.add("reports.rpt_tasks", **row)
    shared = ("tenant_id", "task_key", "task_id", "contact_id", "kind", "title", "assigned_to", "due_at")
    same = {column: row.get(column) for column in shared}
    rows.add("marts.fct_tasks", **same, status="todo", created_at=changed_at, last_changed_at=changed_at)


def _other_tasks(now: datetime) -> tuple[dict[str, Any], ...]:
    order = task(
        ORDER,
        due_at=now + timedelta(days=3, minutes=1),
        timeframe="upcoming",
        title="Order massage oil",
        assigned_to="Lea",
        reason="Due in 3 days",
    )
    hostile = task(
        OTHERS,
        due_at=now - timedelta(days=4),
        timeframe="overdue",
        contact_id=HOSTILE,
        display_name=HOSTILE_NAME,
        title=HOSTILE_NAME,
        assigned_to="Lea",
        reason="Overdue by 4 days; cold",
    )
    blades = task(
        "order-blades",
        due_at=None,
        timeframe="today",
        tenant_id=BARBERS,
        title="Order blades",
        reason="No due time",
        priority_score=20.0,
        warmness_points=0.0,
    )
    return order, hostile, blades


def _add_tasks(rows: PublishedRows, now: datetime) -> None:
    welcome = task(
        WELCOME_CALL,
        due_at=now - timedelta(hours=5, minutes=2),
        timeframe="overdue",
        contact_id=ANNA,
        display_name="Anna Lind",
        kind="welcome_call",
        title="Welcome call",
        priority_score=71.6,
        kind_points=40.0,
        late_points=1.7,
        warmness_points=11.1,
        value_points=8.8,
        appointment_points=10.0,
        warmness=74.0,
        reason="Overdue by 5 hours; warm; appointment tomorrow",
    )
    recall = task(
        RECALL,
        due_at=now + timedelta(hours=2, minutes=1),
        timeframe="today",
        contact_id=JOSE,
        display_name="José Álvarez",
        kind="recall",
        title="Invite to the six-month recall",
        assigned_to="mia@example.com",
        reason="Due today at 16:30; cool",
    )
    for row in (welcome, recall, *_other_tasks(now)):
        add_task(rows, row, changed_at=now - timedelta(days=1))
    rows.add(
        "marts.fct_tasks",
        tenant_id=MASSAGE,
        task_key="key-done",
        task_id="done",
        title="Send the invoice",
        status="done",
        completed_at=now,
        last_changed_at=now,
    )
    _add_next_action(rows, welcome)


def _add_next_action(rows: PublishedRows, welcome: Mapping[str, Any]) -> None:
    rows.add(
        "reports.rpt_next_actions",
        tenant_id=MASSAGE,
        contact_id=ANNA,
        action="Welcome call",
        action_source="task",
        task_key=welcome["task_key"],
        due_at=welcome["due_at"],
        priority_score=71.6,
        reason=welcome["reason"],
    )


#: Stages that contacts came to, and how many days ago.
_VISITS: Sequence[tuple[str, Sequence[tuple[str, float]]]] = (
    (ANNA, (("new_lead", 20), ("contacted", 19.9), ("booked", 3))),
    (JOSE, (("new_lead", 60), ("booked", 50), ("completed", 20))),
    (ANNA_TOO, (("new_lead", 12), ("contacted", 11))),
    (HOSTILE, (("new_lead", 0.2),)),
)


def _add_stages(rows: PublishedRows, now: datetime) -> None:
    by_stage = {}
    for pipeline, pipeline_name, stage, stage_name, position, is_won, is_lost, next_action in _STAGES:
        by_stage[stage] = {
            "tenant_id": MASSAGE,
            "pipeline": pipeline,
            "pipeline_name": pipeline_name,
            "stage": stage,
            "stage_name": stage_name,
            "stage_position": position,
            "is_won": is_won,
            "is_lost": is_lost,
            "next_action": next_action,
        }
        key = f"{MASSAGE}/{pipeline}/{stage}"
        rows.add("marts.dim_stages", **by_stage[stage], stage_key=key, pipeline_of="contact")
    for contact_id, path in _VISITS:
        _add_visits(rows, contact_id, path, by_stage=by_stage, now=now)


def _add_visits(
    rows: PublishedRows,
    contact_id: str,
    path: Sequence[tuple[str, float]],
    *,
    by_stage: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> None:
    for number, (stage, days_ago) in enumerate(path):
        is_last = number == len(path) - 1
        entered_at = now - timedelta(days=days_ago)
        visit = {
            "tenant_id": MASSAGE,
            "stage_change_key": f"{contact_id}/{number}",
            "subject": "contact",
            "subject_id": contact_id,
            "track": "",
            "contact_id": contact_id,
            "entered_at": entered_at,
            "cause_type": "lead.created" if number == 0 else "booking.created",
            "cause_event_id": "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        }
        same = {name: by_stage[stage][name] for name in ("pipeline", "stage", "stage_position")}
        rows.add(
            "marts.fct_stage_history",
            **visit,
            **same,
            from_stage=None if number == 0 else path[number - 1][0],
            from_pipeline=None if number == 0 else by_stage[path[number - 1][0]]["pipeline"],
            left_at=None if is_last else now - timedelta(days=path[number + 1][1]),
            is_backwards=False,
            move_number=number + 1,
            received_at=entered_at,
        )
        if is_last:
            rows.add("marts.dim_contact_stages", **{**visit, **by_stage[stage]})


def _add_warmness(rows: PublishedRows, now: datetime) -> None:
    components = (("booking.confirmed", 42.5, 3), ("message.received", 36.0, 5), ("booking.no_show", -4.5, 1))
    for contact_id, score, parts in ((ANNA, 74.0, components), (JOSE, 18.2, (("booking.completed", 18.2, 1),))):
        rows.add(
            "reports.rpt_contact_warmness",
            tenant_id=MASSAGE,
            contact_id=contact_id,
            score=score,
            components=[
                {"component": name, "points": points, "count_facts": count, "last_at": now - timedelta(days=3)}
                for name, points, count in parts
            ],
            weights_version=1,
            last_activity_at=now - timedelta(days=3),
        )


def _add_leads(rows: PublishedRows, now: datetime) -> None:
    leads = ((ANNA, 20, 2400), (JOSE, 60, 180), (ANNA_TOO, 12, 86_400), (HOSTILE, 0.2, None))
    for contact_id, days_ago, seconds in leads:
        lead_at = now - timedelta(days=days_ago)
        answered_at = None if seconds is None else lead_at + timedelta(seconds=seconds)
        is_human = seconds is not None and seconds >= 3600
        rows.add(
            "reports.rpt_speed_to_lead",
            tenant_id=MASSAGE,
            lead_key=f"lead-{contact_id}",
            contact_id=contact_id,
            lead_at=lead_at,
            source="manychat",
            first_answer_at=answered_at,
            first_answer_channel=None if seconds is None else "sms",
            first_answer_seconds=seconds,
            # Who was answered soon was answered by a rule; nobody called afterwards.
            first_human_answer_at=answered_at if is_human else None,
            first_human_answer_seconds=seconds if is_human else None,
        )
