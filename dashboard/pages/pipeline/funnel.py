"""What came of each stage in a period: a chart of how many came, and a table of how many went on and how fast."""

from __future__ import annotations

from datetime import timedelta

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame.session import Business, PageContext
from dashboard.pages.pipeline import queries as pipeline_queries
from dashboard.pages.pipeline.board import Pipeline
from dashboard.parts import components, queries
from dashboard.parts.formatting import MISSING, escape_markdown, format_count, format_duration, format_share

_BAR_HEIGHT = 34


def show_funnel(context: PageContext, business: Business, pipeline: Pipeline, *, days: int) -> None:
    """Show the funnel of who came into each stage in the last days of 24 hours."""
    since = components.present() - timedelta(days=days)
    tenant_id = business.tenant_id
    funnel = pipeline_queries.fetch_funnel(
        context.file, tenant_id=tenant_id, subject=pipeline.subject, pipeline=pipeline.key, since=since
    )
    speed = queries.rows_of(pipeline_queries.fetch_speed_to_lead(context.file, tenant_id=tenant_id, since=since))[0]
    answered = speed.count_answered / speed.count_leads if speed.count_leads else None
    with st.grid(columns=5, min_column_width=150):
        st.metric("Leads", format_count(speed.count_leads), border=True)
        st.metric("Answered", format_share(answered), help="Contacted since.", border=True)
        half = "Half of the answered leads were answered sooner than this, by a person or a rule."
        st.metric("Speed to lead", format_duration(speed.median_seconds), help=half, border=True)
        human = "Half of the leads that a person answered were answered sooner than this."
        st.metric("By a person", format_duration(speed.median_human_seconds), help=human, border=True)
        nine = "Nine of ten answered leads were answered sooner than this."
        st.metric("Slow answers", format_duration(speed.p90_seconds), help=nine, border=True)
    if not funnel["count_entered"].sum():
        components.empty_state(
            "No one entered a stage in this period",
            "Choose a longer period. What moves contacts between stages is in the business's file, under "
            "`pipelines`.",
            icon="filter_alt",
        )
        return
    st.altair_chart(_build_chart(funnel), alt="How many entered each stage, and how many moved on")
    cells = [
        {
            "Stage": escape_markdown(row.stage_name),
            "Entered": format_count(row.count_entered),
            "Moved on": format_count(row.count_went_on),
            "Conversion": MISSING if row.is_end else format_share(row.conversion_rate),
            "Median time in stage": format_duration(row.median_seconds),
            "Won": format_count(row.count_won) if row.count_entered else MISSING,
            "Lost": format_count(row.count_lost) if row.count_entered else MISSING,
        }
        for row in queries.rows_of(funnel)
    ]
    st.table(pd.DataFrame(cells), border="horizontal", hide_index=True)
    st.caption("A contact counts once, by the first visit. Reaching any later stage counts as moving on.")


def _build_chart(funnel: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    order = list(funnel["stage_name"])
    entered = funnel.assign(count=funnel["count_entered"], what="Entered", share=funnel["conversion_rate"])
    moved_on = funnel.assign(count=funnel["count_went_on"], what="Moved on", share=funnel["conversion_rate"])
    base = alt.Chart(pd.concat([entered, moved_on])).encode(
        y=alt.Y("stage_name:N", sort=order, title=None, axis=alt.Axis(labelLimit=180)),
        x=alt.X("count:Q", title=None, axis=alt.Axis(tickMinStep=1), stack=None),
        tooltip=[
            alt.Tooltip("stage_name:N", title="Stage"),
            alt.Tooltip("what:N", title=" "),
            alt.Tooltip("count:Q", title="How many", format=","),
        ],
    )
    colour = alt.Color("what:N", title=None, legend=alt.Legend(orient="bottom"), sort=["Entered", "Moved on"])
    return alt.layer(
        base.transform_filter("datum.what == 'Entered'").mark_bar(opacity=0.45).encode(color=colour),
        base.transform_filter("datum.what == 'Moved on'").mark_bar(size=10).encode(color=colour),
    ).properties(height=max(120, _BAR_HEIGHT * len(order) + 60))
