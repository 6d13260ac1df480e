"""Activity: what happens in the chosen businesses, newest first, as it happens."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.frame import session
from dashboard.frame.session import PageContext
from dashboard.parts import components, queries
from dashboard.parts.formatting import format_moment, format_relative, format_words
from dashboard.parts.publication.watch import watch_publication

_STEP = 50
_MOST = 500


def _show_filter(context: PageContext) -> list[str]:
    with components.explained_absence():
        types = queries.fetch_activity_types(context.file, tenant_ids=context.tenant_ids)
        return st.multiselect(
            "Types",
            types,
            format_func=format_words,
            key="activity_types",
            placeholder="All types",
            label_visibility="collapsed",
        )
    return []


@st.fragment(run_every=components.CLOCK_SECONDS)
def _show_feed(types: list[str]) -> None:
    context = session.current_context()
    watch_publication(context.file, key="activity")
    limit = st.session_state.get("activity_limit", _STEP)
    with components.explained_absence():
        events = queries.fetch_activity(context.file, tenant_ids=context.tenant_ids, types=types, limit=limit)
        if events.empty:
            components.empty_state(
                "No activity yet",
                "Every booking, message, payment and lead appears here within a second of its delivery.",
                icon="bolt",
            )
            return
        with st.container(gap="xsmall"):
            for event in queries.rows_of(events):
                _show_event(context, event)
        if len(events) == limit < _MOST:
            st.button("Show older", key="activity_older", on_click=_show_more, icon=":material/expand_more:")


def _show_event(context: PageContext, event: Any) -> None:
    business = context.get_business(event.tenant_id)
    now = components.present()
    when = [format_relative(event.occurred_at, now=now), format_moment(event.occurred_at, business.zone, now=now)]
    if context.only_business is None:
        when.append(business.name)
    key = f"activity_{event.tenant_id}_{event.timeline_key}"
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=key):
        st.markdown(components.describe_event(event, when=when), width="stretch")
        if event.contact_id is not None:
            # Not st.switch_page: the page that is left may ask again before it hears of the change, and what is said
            # of it then (Streamlit 1.67) leaves the new page blank until it is loaded again.
            st.page_link(
                "../pages/contacts/contacts.py",
                label=components.contact_label(event.display_name),
                icon=":material/person:",
                query_params={"tenant": event.tenant_id, "contact": event.contact_id},
            )


def _show_more() -> None:
    st.session_state["activity_limit"] = st.session_state.get("activity_limit", _STEP) + _STEP


_show_feed(_show_filter(session.current_context()))
