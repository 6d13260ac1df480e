"""Pipeline: who stands in which stage and moves on by a click, and what came of each stage in a period."""

from __future__ import annotations

import streamlit as st

from dashboard.frame import session
from dashboard.frame.session import Business
from dashboard.pages.pipeline import queries as pipeline_queries
from dashboard.pages.pipeline.board import Pipeline, group_pipelines, show_board
from dashboard.pages.pipeline.funnel import show_funnel
from dashboard.parts import components, queries
from dashboard.parts.formatting import escape_markdown
from dashboard.parts.publication.watch import watch_publication

_PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90, "A year": 365}
_FUNNEL_REFRESH_SECONDS = 15.0


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="This page shows the stages of one business at a time."
        )
        return
    with components.explained_absence():
        stages = queries.rows_of(pipeline_queries.fetch_stages(context.file, tenant_id=business.tenant_id))
        pipelines = group_pipelines(stages)
        if not pipelines:
            components.empty_state(
                "No pipeline yet",
                f"Name the stages under `pipelines` in the file of {escape_markdown(business.name)}.",
                icon="conversion_path",
            )
            return
        chosen = _choose_pipeline(pipelines)
        board, funnel = st.tabs(["Board", "Funnel"], key="pipeline_tab", on_change="rerun")
        # Only what is open is asked for; both at once would take twice as long.
        if board.open:
            with board:
                _show_board(business, chosen, pipelines)
        if funnel.open:
            with funnel:
                _show_funnel(business, chosen)


def _choose_pipeline(pipelines: tuple[Pipeline, ...]) -> Pipeline:
    if len(pipelines) == 1:
        return pipelines[0]
    by_key = {pipeline.key: pipeline for pipeline in pipelines}
    key = st.segmented_control(
        "Pipeline",
        list(by_key),
        default=pipelines[0].key,
        required=True,
        format_func=lambda key: by_key[key].name,
        key="pipeline",
        label_visibility="collapsed",
        persist_state="session",
    )
    return by_key.get(key or "", pipelines[0])


@st.fragment(run_every=components.CLOCK_SECONDS)
def _show_board(business: Business, pipeline: Pipeline, pipelines: tuple[Pipeline, ...]) -> None:
    watch_publication(session.current_context().file, key="board")
    with components.explained_absence():
        show_board(session.current_context(), business, pipeline, pipelines)


@st.fragment(run_every=_FUNNEL_REFRESH_SECONDS)
def _show_funnel(business: Business, pipeline: Pipeline) -> None:
    days = st.segmented_control(
        "Period",
        list(_PERIODS),
        default="30 days",
        required=True,
        key="funnel_period",
        label_visibility="collapsed",
        persist_state="session",
    )
    with components.explained_absence():
        show_funnel(session.current_context(), business, pipeline, days=_PERIODS[days or "30 days"])


_show_page()
