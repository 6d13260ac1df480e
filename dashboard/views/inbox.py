"""Inbox: two-way conversations of the chosen business, newest first, and a box to answer from."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from core.errors import ConfigurationError
from core.tenants import Tenant
from dashboard import actions, automation_queries, components, queries, session
from dashboard.api import ApiRefusedError, ApiUnavailableError
from dashboard.api_shapes import Command
from dashboard.formatting import escape_lines, escape_markdown, format_day, format_moment, format_relative, shorten
from dashboard.reply_box import asked_here, show_reply_box
from dashboard.session import Business, Office
from dashboard.thread import Entry, build_thread
from dashboard.wording import CHANNEL_ICONS, link_to_command, name_rule

_THREAD_SECONDS = 1.0
#: A STOP that comes while somebody writes turns the box off.
_REPLY_SECONDS = 5.0
_CONVERSATIONS = 40
_MESSAGES = 100
_PREVIEW_LENGTH = 70
_SCHEDULED_SHOWN = 3
# A conversation is told by its sides; Streamlit has no bubbles. Colours follow the theme, light or dark.
_BUBBLES = """<style>
[class*="st-key-bubble_"] { border-radius: 0.9rem; padding: 0.5rem 0.85rem; gap: 0; }
div:has(> [class*="st-key-bubble_"]) { max-width: min(34rem, 88%); }
[class*="st-key-bubble_in"] { background: color-mix(in srgb, currentColor 7%, transparent); }
[class*="st-key-bubble_out"] { background: color-mix(in srgb, #0f8b8d 16%, transparent); }
</style>"""
# At a phone's width there is room for the list or for one conversation.
_ONLY_ONE = "<style>@media (max-width: 640px) {{ .st-key-{hidden} {{ display: none; }} }}</style>"


def _show_page() -> None:
    office = session.current_office()
    business = office.only_business
    if business is None:
        components.show_choice_of_business(
            office, title="Whose inbox?", detail="Conversations belong to one business; choose which."
        )
        return
    contact_id = st.query_params.get("contact")
    st.html(_BUBBLES + _ONLY_ONE.format(hidden="inbox_list" if contact_id else "inbox_nothing"))
    conversations, conversation = st.columns([1, 2], gap="medium")
    with conversations, st.container(key="inbox_list"):
        _show_list(business)
    with conversation:
        if contact_id is None:
            with st.container(key="inbox_nothing"):
                components.empty_state("No conversation open", "Choose one of the list.", icon="forum")
        else:
            _show_conversation(office, business, contact_id)


def _show_list(business: Business) -> None:
    text = st.text_input(
        "Search conversations",
        key="inbox_search",
        type="search",
        live=True,
        placeholder="Name, phone or e-mail",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    only_unread = st.toggle("Only unread", key="inbox_unread", help="Whose last message is theirs")
    _show_conversations(business, text or "", only_unread=only_unread)


@st.fragment(run_every=components.REFRESH_SECONDS)
def _show_conversations(business: Business, text: str, *, only_unread: bool) -> None:
    office = session.current_office()
    with components.explained_absence():
        rows = automation_queries.fetch_conversations(
            office.file, tenant_id=business.tenant_id, text=text, only_unread=only_unread, limit=_CONVERSATIONS
        )
        if rows.empty:
            title = "Nobody matches" if text.strip() else "Nothing unread" if only_unread else "No conversations yet"
            components.empty_state(title, "Texts and e-mails appear here as they come and go.", icon="mark_chat_read")
            return
        with st.container(gap="xsmall", height=640, border=False):
            for row in queries.rows_of(rows):
                _show_summary(row)


def _show_summary(row: Any) -> None:
    is_unread = row.direction == "inbound"
    with st.container(gap=None, border=True):
        if st.button(
            components.contact_label(row.display_name),
            key=f"conversation_{row.contact_id}",
            type="tertiary",
            icon=":material/mark_unread_chat_alt:" if is_unread else f":material/{_icon(row.channel)}:",
        ):
            session.choose_contact(row.contact_id)
            # Not of this fragment alone: the conversation is beside it.
            st.rerun(scope="app")
        said = escape_markdown(shorten(row.body, length=_PREVIEW_LENGTH))
        when = format_relative(row.created_at, now=components.present())
        st.markdown(
            f":gray[:small[{when}]] " + (f":small[**{said}**]" if is_unread else f":gray[:small[You: {said}]]")
        )


def _icon(channel: str) -> str:
    return CHANNEL_ICONS.get(channel, "chat")


def _show_conversation(office: Office, business: Business, contact_id: str) -> None:
    with components.explained_absence():
        found = queries.rows_of(
            queries.find_contact(office.file, tenant_id=business.tenant_id, contact_id=contact_id)
        )
        if not found:
            components.empty_state(
                "No such contact", "When two records prove to be one person, one id goes.", icon="person_search"
            )
            return
        _show_heading(found[0], business)
        actions.note_read(office, business.tenant_id, contact_id)
        _show_thread(business, contact_id)
        _show_reply(business, contact_id)


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
            "views/contacts.py",
            label="Profile",
            icon=":material/person:",
            query_params={"tenant": business.tenant_id, "contact": contact.contact_id},
        )
    reachable = " · ".join(escape_markdown(value) for value in (contact.phone, contact.email) if value)
    st.markdown(f"### {escape_markdown(contact.display_name)}  \n:gray[{reachable}]", anchors=False)


@st.fragment(run_every=_THREAD_SECONDS)
def _show_thread(business: Business, contact_id: str) -> None:
    office = session.current_office()
    now = components.present()
    with components.explained_absence():
        key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
        thread = build_thread(
            messages=queries.rows_of(automation_queries.fetch_thread(office.file, **key, limit=_MESSAGES)),
            unsent=queries.rows_of(automation_queries.fetch_unsent(office.file, **key, now=now)),
            commands=_commands_of(office, business, contact_id),
            asked=[each for each in asked_here() if each.contact_id == contact_id],
            tenant=_find_tenant(office, business),
            now=now,
        )
        with st.container(height=420, border=True, autoscroll=True):
            day = ""
            for number, entry in enumerate(thread.entries):
                if (heading := format_day(entry.at, business.zone, now=now)) != day:
                    day = heading
                    st.markdown(f":gray[:small[{day}]]", text_alignment="center")
                _show_entry(entry, business, number)
            if not thread.entries:
                st.caption("Nothing was written yet.", text_alignment="center")
        _show_scheduled(thread.scheduled, business)


def _show_entry(entry: Entry, business: Business, number: int) -> None:
    side = "out" if entry.is_ours else "in"
    with st.container(horizontal_alignment="right" if entry.is_ours else "left", gap=None):
        with st.container(key=f"bubble_{side}_{number}", width="content"):
            st.markdown(escape_lines(entry.text), width="content")
        alignment: Literal["left", "right"] = "right" if entry.is_ours else "left"
        st.markdown(f":small[{_describe_entry(entry, business)}]", text_alignment=alignment)


def _describe_entry(entry: Entry, business: Business) -> str:
    when = escape_markdown(format_moment(entry.at, business.zone, now=components.present()))
    facts = [f":gray[:material/{_icon(entry.channel)}: {when}]"]
    if entry.command_key:
        link = link_to_command(business.tenant_id, entry.command_key)
        facts.append(f"[{name_rule(entry.rule_id)}: why]({link})")
    if entry.state:
        facts.append(entry.state)
    if entry.note:
        facts.append(f":gray[{escape_markdown(entry.note)}]")
    return " ".join(facts)


def _show_scheduled(scheduled: tuple[Entry, ...], business: Business) -> None:
    for entry in scheduled[:_SCHEDULED_SHOWN]:
        when = escape_markdown(format_relative(entry.at, now=components.present()))
        link = link_to_command(business.tenant_id, entry.command_key or "")
        st.markdown(
            f":gray[:small[:material/schedule: Goes out {when}]] :small[[{name_rule(entry.rule_id)}: why]({link})] "
            f":gray[:small[{escape_markdown(shorten(entry.text, length=_PREVIEW_LENGTH))}]]"
        )
    if len(scheduled) > _SCHEDULED_SHOWN:
        st.caption(f"and {len(scheduled) - _SCHEDULED_SHOWN} later")


@st.fragment(run_every=_REPLY_SECONDS)
def _show_reply(business: Business, contact_id: str) -> None:
    office = session.current_office()
    key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    now = components.present()
    with components.explained_absence(), actions.explained_refusal():
        office.open_api(business.tenant_id).close()
        contacts = queries.rows_of(queries.find_contact(office.file, **key))
        booking = automation_queries.find_booking_for_texts(office.file, **key, now=now)
        if contacts:
            show_reply_box(
                business,
                contact=contacts[0],
                booking=next((row._asdict() for row in queries.rows_of(booking)), None),
                consents=queries.rows_of(queries.fetch_consents(office.file, **key)),
                tenant=_find_tenant(office, business),
            )


def _commands_of(office: Office, business: Business, contact_id: str) -> dict[str, Command]:
    """Return the contact's commands by key; none where the outbox can't be asked, which the reply box explains."""
    try:
        with office.open_api(business.tenant_id) as api:
            page = api.list_commands(contact_id=contact_id)
    except (ApiUnavailableError, ApiRefusedError):
        return {}
    return {command.command_key: command for command in page.commands}


def _find_tenant(office: Office, business: Business) -> Tenant | None:
    try:
        return office.load_tenant(business.tenant_id)
    except ConfigurationError:
        return None


_show_page()
