"""Where a contact stands: how warm and why, in which stage, what to do next, and the tasks that are open."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame.session import Business, PageContext
from dashboard.pages.contacts import queries as contact_queries
from dashboard.parts import colleagues, components, queries, task_queries
from dashboard.parts.formatting import (
    escape_markdown,
    format_count,
    format_duration,
    format_instant,
    format_relative,
    format_words,
)
from dashboard.parts.pending_tasks import pending_tasks
from dashboard.parts.task_row import show_task
from dashboard.parts.wording import describe_opt_out, describe_warmness, forbids_texts

_ACTION_SOURCES = {"task": "the most urgent open task", "stage": "what its stage suggests"}


def show_opt_outs(context: PageContext, business: Business, contact_id: str) -> None:
    """Show which channels the contact closed: before anything that would have them written to."""
    rows = contact_queries.fetch_opt_outs(context.file, tenant_id=business.tenant_id, contact_ids=[contact_id])
    for opt_out in queries.rows_of(rows):
        words = describe_opt_out(opt_out.channel, opt_out, business.zone, now=components.present())
        st.error(words, icon=":material/block:")


def show_standing(context: PageContext, business: Business, contact_id: str) -> None:
    """Show warmness, stage and next action in one line each, and the open tasks with their buttons."""
    key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    opt_outs = queries.rows_of(
        contact_queries.fetch_opt_outs(context.file, tenant_id=business.tenant_id, contact_ids=[contact_id])
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        # How warm they were says nothing any more.
        if not any(forbids_texts(opt_out.channel) for opt_out in opt_outs):
            _show_warmness(contact_queries.find_warmness(context.file, **key), business)
        _show_stages(
            contact_queries.fetch_stages_of_contact(context.file, **key),
            contact_queries.fetch_stage_history(context.file, **key),
            business,
        )
        for action in queries.rows_of(contact_queries.find_next_action(context.file, **key)):
            st.markdown(
                f":primary[:material/arrow_circle_right: **Next: {escape_markdown(action.action)}**] "
                f":gray[:small[{escape_markdown(action.reason)}]]",
                help=f"By {_ACTION_SOURCES.get(action.action_source, escape_markdown(action.action_source))}.",
                width="content",
            )
    _show_tasks(context, business, contact_id)


def _show_warmness(parts: pd.DataFrame, business: Business) -> None:
    if parts.empty:
        st.markdown(describe_warmness(None), help="No scored activity yet.", width="content")
        return
    score, version = parts["score"][0], parts["weights_version"][0]
    with st.popover(describe_warmness(score), width="content"):
        st.markdown(f"**Warmness {score:.1f} of 100** :gray[:small[weights version {version}]]")
        st.altair_chart(_build_components_chart(parts), alt="Points by kind of fact; the same as in the table")
        cells = [
            {
                "Fact": escape_markdown(format_words(part.component)),
                "Points": f"{part.points:+.1f}",
                "Times": format_count(part.count_facts),
                "Last": escape_markdown(format_instant(part.last_at, business.zone)),
            }
            for part in queries.rows_of(parts)
        ]
        st.table(pd.DataFrame(cells), border="horizontal", hide_index=True)
        st.caption("Points fade with time; their sum is kept between 0 and 100.")


def _build_components_chart(parts: pd.DataFrame) -> alt.Chart:
    data = pd.DataFrame(
        {"fact": [format_words(name) for name in parts["component"]], "points": parts["points"].astype(float)}
    )
    chart: alt.Chart = (
        alt.Chart(data, height=alt.Step(22))
        .mark_bar()
        .encode(
            y=alt.Y("fact:N", sort=None, title=None, axis=alt.Axis(labelLimit=160)),
            x=alt.X("points:Q", title=None),
            color=alt.condition("datum.points >= 0", alt.value("#0f8b8d"), alt.value("#d55e00")),
            tooltip=[alt.Tooltip("fact:N", title="Fact"), alt.Tooltip("points:Q", title="Points", format="+.1f")],
        )
    )
    return chart


def _show_stages(stages: pd.DataFrame, history: pd.DataFrame, business: Business) -> None:
    if stages.empty:
        st.markdown(":gray-badge[No stage]", width="content")
        return
    now = components.present()
    first = queries.rows_of(stages)[0]
    label = f"{escape_markdown(first.stage_name)} :gray[for {_since(first.entered_at)}]"
    if len(stages) > 1:
        label += f" :gray[and {len(stages) - 1} more]"
    with st.popover(label, icon=":material/conversion_path:", width="content"):
        st.markdown("**Stages**")
        cells = [
            {
                "Stage": f"{escape_markdown(visit.stage_name)} :gray[:small[{escape_markdown(visit.pipeline_name)}]]"
                + (" :orange-badge[back]" if visit.is_backwards else ""),
                "Entered": escape_markdown(format_instant(visit.entered_at, business.zone)),
                "Stayed": format_duration(((visit.left_at or now) - visit.entered_at).total_seconds())
                + ("" if visit.left_at else " so far"),
                "By": escape_markdown(visit.changed_by or format_words(visit.cause_type)),
            }
            for visit in queries.rows_of(history)
        ]
        st.table(pd.DataFrame(cells), border="horizontal", hide_index=True)


def _since(entered_at: Any) -> str:
    return format_relative(entered_at, now=components.present()).removesuffix(" ago")


def _show_tasks(context: PageContext, business: Business, contact_id: str) -> None:
    pending = pending_tasks(context.file, tenant_ids=[business.tenant_id])
    tasks = task_queries.fetch_tasks_of_contact(
        context.file, tenant_id=business.tenant_id, contact_id=contact_id, hidden_keys=pending.hidden_keys
    )
    if tasks.empty:
        return
    assignees = colleagues.find_assignees(context)[business.tenant_id]
    for task in queries.rows_of(tasks):
        show_task(task, business, assignees=assignees, names_contact=False)
