"""One task as staff see it: what, for whom, when, why it is here, and the buttons that settle it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.frame.session import Business
from dashboard.parts import components
from dashboard.parts.formatting import escape_markdown, format_due, format_moment, shorten
from dashboard.parts.pending_tasks import change_task
from dashboard.parts.typed_text.box import Action, Field, Typed, show_box

_HOUR, _TOMORROW, _PICK = "For 1 hour", "Until tomorrow 9:00", "Until …"
_START_OF_DAY = time(9)
_TITLE_LENGTH = 90
#: In pixels; at a phone's width each takes the whole line.
_WHAT_WIDTH, _WHY_WIDTH = 340, 270
#: The least priority, its colour and its word.
_PRIORITIES = ((60, "red", "Urgent"), (35, "orange", "Soon"), (0, "gray", "When you have time"))
#: Column of rpt_tasks to what its points are for.
_COMPONENTS = {
    "kind_points": "kind of task",
    "late_points": "lateness",
    "warmness_points": "warmness",
    "value_points": "value",
    "appointment_points": "appointment near",
}
_DUE_COLOURS = {"overdue": "red", "today": "orange", "upcoming": "gray"}


def show_task(task: Any, business: Business, *, assignees: Mapping[str, str], names_contact: bool = True) -> None:
    """Show a row of rpt_tasks with its buttons; `assignees` are whom it can be given to, and how they are called."""
    with st.container(border=True, gap="xsmall", key=f"task_{task.task_key}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(gap=None, width=_WHAT_WIDTH):
                st.markdown(_describe(task, business, assignees))
                if names_contact and task.contact_id:
                    _link_contact(task, business)
            _show_priority(task)
            _show_buttons(task, business, assignees)
        if st.session_state.get(_picking_key(task)):
            _show_picking(task, business)


def describe_points(task: Any) -> str:
    """Return what a task's priority is made of, such as `kind of task 40 + lateness 12.5`."""
    points = [(name, getattr(task, column) or 0) for column, name in _COMPONENTS.items()]
    return " + ".join(f"{name} {value:g}" for name, value in points if value)


def _describe(task: Any, business: Business, assignees: Mapping[str, str]) -> str:
    now = components.present()
    title = escape_markdown(shorten(task.title, length=_TITLE_LENGTH))
    due = format_due(task.due_at, now=now)
    colour = _DUE_COLOURS[task.timeframe]
    facts = [f":{colour}[{due}]"]
    if task.due_at is not None:
        facts.append(escape_markdown(format_moment(task.due_at, business.zone, now=now)))
    who = assignees.get(task.assigned_to, task.assigned_to) if task.assigned_to else "unassigned"
    facts.append(escape_markdown(who))
    return f"**{title}**  \n:small[{' · '.join(facts)}]"


def _link_contact(task: Any, business: Business) -> None:
    phone = f" :gray[{escape_markdown(task.phone)}]" if task.phone else ""
    st.page_link(
        "../pages/contacts/contacts.py",
        label=f"{components.contact_label(task.display_name)}{phone}",
        icon=":material/person:",
        query_params={"tenant": business.tenant_id, "contact": task.contact_id},
    )


def _show_priority(task: Any) -> None:
    score = task.priority_score
    st.markdown(
        f"{_describe_priority(score)}  \n:gray[:small[{escape_markdown(task.reason)}]]",
        help=escape_markdown(f"Priority {score:g} of 100: {describe_points(task)}"),
        width=_WHY_WIDTH,
    )


def _describe_priority(score: float) -> str:
    colour, word = next((colour, word) for least, colour, word in _PRIORITIES if score >= least or not least)
    return f":{colour}-badge[{word}]"


def _show_buttons(task: Any, business: Business, assignees: Mapping[str, str]) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall", width="stretch"):
        st.button(
            "Done",
            key=f"done_{task.task_key}",
            icon=":material/check:",
            type="primary",
            on_click=_complete,
            args=(task,),
        )
        snooze_key, give_key = f"snooze_{task.task_key}", f"give_{task.task_key}"
        st.menu_button(
            "Snooze",
            [_HOUR, _TOMORROW, _PICK],
            key=snooze_key,
            icon=":material/snooze:",
            on_click=_snooze,
            args=(task, business, snooze_key),
        )
        others = [name for name in assignees if name != task.assigned_to]
        if others:
            st.menu_button(
                "Assign to",
                others,
                key=give_key,
                format_func=lambda name: assignees[name],
                icon=":material/person_add:",
                on_click=_reassign,
                args=(task, give_key),
            )


def _complete(task: Any) -> None:
    change_task(
        task.tenant_id,
        task.task_key,
        lambda api: api.complete_task(task.task_id),
        toast=f"Done: {shorten(task.title, length=_TITLE_LENGTH)}",
        is_done=True,
    )


def _reassign(task: Any, key: str) -> None:
    name = st.session_state.get(key)
    if name:
        change_task(
            task.tenant_id,
            task.task_key,
            lambda api: api.reassign_task(task.task_id, assigned_to=name),
            toast=f"Assigned to {name}",
            new_name=name,
        )


def _snooze(task: Any, business: Business, key: str) -> None:
    choice, now = st.session_state.get(key), components.present()
    if choice == _HOUR:
        _snooze_until(task, business, now + timedelta(hours=1))
    elif choice == _TOMORROW:
        _snooze_until(task, business, _tomorrow_morning(business, now=now))
    elif choice == _PICK:
        st.session_state[_picking_key(task)] = True


def _tomorrow_morning(business: Business, *, now: datetime) -> datetime:
    zone = ZoneInfo(business.zone)
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), _START_OF_DAY, tzinfo=zone)


def _show_picking(task: Any, business: Business) -> None:
    # The box knows no zones: what is picked is the business's own wall clock.
    tomorrow = _tomorrow_morning(business, now=components.present()).replace(tzinfo=None)
    show_box(
        key=f"until_{task.task_key}",
        draft=f"{business.tenant_id}|until|{task.task_key}",
        fields=[
            Field(
                name="until",
                label=f"Snooze until ({business.zone})",
                kind="datetime-local",
                value=tomorrow.isoformat(timespec="minutes"),
                needed="Pick a time.",
                shows_label=True,
            )
        ],
        actions=[
            Action(name="snooze", label="Snooze", is_primary=False),
            Action(name="cancel", label="Cancel", is_primary=False),
        ],
        on_act=lambda typed: _snooze_as_picked(task, business, typed),
    )


def _snooze_as_picked(task: Any, business: Business, typed: Typed) -> bool:
    if typed.action == "cancel":
        _stop_picking(task)
        return True
    until = datetime.fromisoformat(typed.values["until"]).replace(tzinfo=ZoneInfo(business.zone))
    if until <= components.present():
        st.toast("Pick a time in the future.", icon=":material/edit:")
        return False
    _snooze_until(task, business, until)
    return True


def _snooze_until(task: Any, business: Business, until: datetime) -> None:
    when = format_moment(until, business.zone, now=components.present())
    change_task(
        task.tenant_id,
        task.task_key,
        lambda api: api.snooze_task(task.task_id, until=until),
        toast=f"Snoozed until {when}",
    )
    _stop_picking(task)


def _picking_key(task: Any) -> str:
    return f"picking_{task.task_key}"


def _stop_picking(task: Any) -> None:
    st.session_state.pop(_picking_key(task), None)
