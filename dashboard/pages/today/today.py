"""Today: what there is to do, most urgent first, why it is on the list, and done in one click."""

from __future__ import annotations

from itertools import groupby
from typing import Any, get_args

import streamlit as st

from dashboard.frame import session
from dashboard.frame.session import PageContext
from dashboard.parts import colleagues, components, queries, task_queries
from dashboard.parts.formatting import escape_markdown, format_count, format_quantity
from dashboard.parts.pending_tasks import PendingTasks, pending_tasks
from dashboard.parts.publication.watch import watch_publication
from dashboard.parts.task_queries import OpenTasks, Whose
from dashboard.parts.task_row import show_task

#: Of each timeframe. A browser takes longer to draw a dozen rows, with their menus, than the server to find them.
_SHOWN_STEP = 6
_HEADINGS = {"overdue": "Overdue", "today": "Today", "upcoming": "Upcoming"}
_NAMES: dict[Whose, str] = {"mine": "Mine", "nobody": "Unassigned", "everybody": "All"}
_NOTHING: dict[Whose, tuple[str, str]] = {
    "mine": ("Nothing assigned to you", "Take an unassigned task, or look at all of them."),
    "nobody": ("Every task is assigned", "New tasks wait here until someone takes them."),
    "everybody": (
        "Nothing to do",
        "Tasks appear here when a rule or a connected system creates one.",
    ),
}


def _show_page() -> None:
    context = session.current_context()
    whose: Whose = (
        st.segmented_control(
            "Whose tasks",
            get_args(Whose),
            default="everybody",
            required=True,
            format_func=lambda choice: _NAMES[choice],
            key="whose_tasks",
            label_visibility="collapsed",
            persist_state="session",
        )
        or "everybody"
    )
    _show_today(context.tenant_ids, whose)


# The arguments are what the fragment runs by itself with; the context is asked for anew, as everywhere.
@st.fragment(run_every=components.CLOCK_SECONDS)
def _show_today(tenant_ids: list[str], whose: Whose) -> None:
    context = session.current_context()
    watch_publication(context.file, key="today")
    with components.explained_absence():
        pending = pending_tasks(context.file, tenant_ids=tenant_ids)
        shown = st.session_state.get("tasks_shown", _SHOWN_STEP)
        tasks = task_queries.fetch_open_tasks(
            context.file,
            tenant_ids=tenant_ids,
            whose=whose,
            my_names=colleagues.my_names(context),
            hidden_keys=pending.hidden_keys,
            reassigned=pending.reassigned,
            own_only=colleagues.own_work_only(context),
            limit=shown,
        )
        _show_figures(context, tasks, pending)
        if tasks.tasks.empty:
            title, detail = _NOTHING[whose]
            components.empty_state(title, detail, icon="task_alt")
            return
        _show_tasks(context, queries.rows_of(tasks.tasks))


def _show_figures(context: PageContext, tasks: OpenTasks, pending: PendingTasks) -> None:
    figures = queries.rows_of(
        task_queries.fetch_figures_of_today(context.file, tenant_ids=context.tenant_ids, now=components.present())
    )[0]
    with st.grid(columns=4, min_column_width=140):
        st.metric(
            "Due", format_count(tasks.count_due), help="Everyone's tasks that are overdue or due today.", border=True
        )
        st.metric("Done today", format_count(figures.count_done + pending.count_done), border=True)
        st.metric(
            "Unanswered leads",
            format_count(figures.count_unanswered_leads),
            help="Leads of the last seven days with no message or call yet.",
            border=True,
        )
        st.metric("Bookings today", format_count(figures.count_bookings), help="Not cancelled.", border=True)


def _show_tasks(context: PageContext, tasks: list[Any]) -> None:
    assignees = colleagues.find_assignees(context)
    for timeframe, of_timeframe in groupby(tasks, key=lambda task: task.timeframe):
        rows = list(of_timeframe)
        count = rows[0].count_in_timeframe
        st.subheader(f"{_HEADINGS[timeframe]} :gray[{format_count(count)}]", anchor=False)
        for task in rows:
            business = context.get_business(task.tenant_id)
            if context.only_business is None:
                st.caption(escape_markdown(business.name))
            show_task(task, business, assignees=assignees[task.tenant_id])
        if count > len(rows):
            st.button(
                f"Show more of {format_quantity(count, 'task')}",
                key=f"more_{timeframe}",
                type="tertiary",
                icon=":material/expand_more:",
                on_click=_show_more,
            )


def _show_more() -> None:
    st.session_state["tasks_shown"] = st.session_state.get("tasks_shown", _SHOWN_STEP) + _SHOWN_STEP


_show_page()
