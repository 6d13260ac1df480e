"""Inbox: two-way conversations of the chosen business, newest first, and a box to answer from."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.session import Business, PageContext
from dashboard.pages.inbox.settled_messages import settled_messages
from dashboard.parts import automation_queries, components, queries
from dashboard.parts.conversation import name_icon, show_conversation
from dashboard.parts.formatting import escape_markdown, format_quantity, format_relative, shorten
from dashboard.parts.publication.watch import watch_publication
from dashboard.parts.typed_text.box import show_search

_STEP = 40
_SHOWN = "inbox_shown"
_PREVIEW_LENGTH = 70
# At a phone's width there is room for the list or for one conversation.
_ONLY_ONE = "<style>@media (max-width: 640px) {{ .st-key-{hidden} {{ display: none; }} }}</style>"


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="This page shows the conversations of one business at a time."
        )
        return
    contact_id = st.query_params.get("contact")
    st.html(_ONLY_ONE.format(hidden="inbox_list" if contact_id else "inbox_nothing"))
    conversations, conversation = st.columns([1, 2], gap="medium")
    with conversations, st.container(key="inbox_list"):
        _show_list(business)
    with conversation:
        if contact_id is None:
            with st.container(key="inbox_nothing"):
                components.empty_state("No conversation open", "Select a conversation.", icon="forum")
        else:
            _show_conversation(context, business, contact_id)


def _show_list(business: Business) -> None:
    text = show_search("Search conversations", key="inbox_search", placeholder="Name, phone or e-mail")
    only_open = st.toggle("Needs a reply", key="inbox_open", help="Their last message has no answer yet")
    _show_conversations(business, text, only_open=only_open)


@st.fragment(run_every=components.CLOCK_SECONDS)
def _show_conversations(business: Business, text: str, *, only_open: bool) -> None:
    context = session.current_context()
    watch_publication(context.file, key="conversations")
    shown = st.session_state.get(_SHOWN, _STEP)
    with components.explained_absence():
        rows = automation_queries.fetch_conversations(
            context.file,
            tenant_id=business.tenant_id,
            text=text,
            only_open=only_open,
            settled=settled_messages(),
            limit=shown,
        )
        if rows.empty:
            title = (
                "No conversation matches"
                if text.strip()
                else "Everyone is answered"
                if only_open
                else "No conversations yet"
            )
            components.empty_state(
                title, "Texts and e-mails appear here as they arrive and go out.", icon="mark_chat_read"
            )
            return
        with st.container(gap="xsmall", height=640, border=False):
            for row in queries.rows_of(rows):
                _show_summary(row)
            count = int(rows["count_conversations"][0])
            if count > len(rows):
                st.caption(f"The newest {len(rows)} of {format_quantity(count, 'conversation')}")
                st.button("Show more", key="inbox_more", type="tertiary", on_click=_show_more)


def _show_more() -> None:
    st.session_state[_SHOWN] = st.session_state.get(_SHOWN, _STEP) + _STEP


def _show_summary(row: Any) -> None:
    with st.container(gap=None, border=True):
        if st.button(
            components.contact_label(row.display_name),
            key=f"conversation_{row.contact_id}",
            type="tertiary",
            icon=":material/mark_unread_chat_alt:" if row.is_open else f":material/{name_icon(row.last_channel)}:",
        ):
            session.choose_contact(row.contact_id)
            # Not of this fragment alone: the conversation is beside it.
            st.rerun(scope="app")
        preview = escape_markdown(shorten(row.last_body, length=_PREVIEW_LENGTH))
        who = "" if row.last_direction == "inbound" else "You: "
        when = format_relative(row.last_message_at, now=components.present())
        st.markdown(
            f":gray[:small[{when}]] "
            + (f":small[**{who}{preview}**]" if row.is_open else f":gray[:small[{who}{preview}]]")
        )


def _show_conversation(context: PageContext, business: Business, contact_id: str) -> None:
    with components.explained_absence():
        found = queries.rows_of(
            queries.find_contact(context.file, tenant_id=business.tenant_id, contact_id=contact_id)
        )
        if not found:
            components.empty_state(
                "No such contact",
                "When two records turn out to be one person, one id is retired.",
                icon="person_search",
            )
            return
        _show_heading(found[0], business)
        actions.note_read(context, business.tenant_id, contact_id)
        show_conversation(context, business, contact_id)


def _show_heading(contact: Any, business: Business) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "All conversations",
            key="inbox_back",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=session.choose_contact,
            args=(None,),
        )
        st.page_link(
            "../pages/contacts/contacts.py",
            label="Profile",
            icon=":material/person:",
            query_params={"tenant": business.tenant_id, "contact": contact.contact_id},
        )
    reachable = " · ".join(escape_markdown(value) for value in (contact.phone, contact.email) if value)
    st.markdown(f"### {escape_markdown(contact.display_name)}  \n:gray[{reachable}]", anchors=False)


_show_page()
