"""One contact's conversation: the thread of both sides, what goes out later, and the box to answer from."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.api import ApiRefusedError, ApiUnavailableError
from dashboard.frame.session import Business, PageContext
from dashboard.pages.inbox.settled_messages import need_no_reply, settled_messages
from dashboard.parts import automation_queries, components, queries
from dashboard.parts.formatting import (
    escape_lines,
    escape_markdown,
    format_day,
    format_moment,
    format_relative,
    shorten,
)
from dashboard.parts.reply_box import requested_messages, show_reply_box
from dashboard.parts.thread import AttachedFile, Entry, build_thread
from dashboard.parts.wording import CHANNEL_ICONS, link_to_command, name_rule
from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.sending.outbox.shapes import CommandRead
from frontdesk.domains.tenancy.tenant import Tenant

_THREAD_SECONDS = 1.0
#: A STOP that comes while somebody writes turns the box off.
_REPLY_SECONDS = 5.0
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


def show_conversation(_context: PageContext, business: Business, contact_id: str) -> None:
    """Show the thread and the box; each looks again by itself."""
    st.html(_BUBBLES)
    _show_thread(business, contact_id)
    _show_reply(business, contact_id)


def name_icon(channel: str) -> str:
    """Return the Material icon of a channel."""
    return CHANNEL_ICONS.get(channel, "chat")


@st.fragment(run_every=_THREAD_SECONDS)
def _show_thread(business: Business, contact_id: str) -> None:
    context = session.current_context()
    now = components.present()
    with components.explained_absence():
        key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
        thread = build_thread(
            messages=queries.rows_of(automation_queries.fetch_thread(context.file, **key, limit=_MESSAGES)),
            unsent=queries.rows_of(automation_queries.fetch_unsent(context.file, **key, now=now)),
            commands=_commands_of(context, business, contact_id),
            requests=[each for each in requested_messages() if each.contact_id == contact_id],
            tenant=_find_tenant(context, business),
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
                st.caption("No messages yet.", text_alignment="center")
        _show_scheduled(thread.scheduled, business)
        _show_open_question(context, business, contact_id)


def _show_entry(entry: Entry, business: Business, number: int) -> None:
    side = "out" if entry.is_ours else "in"
    with st.container(horizontal_alignment="right" if entry.is_ours else "left", gap=None):
        with st.container(key=f"bubble_{side}_{number}", width="content"):
            if entry.text or not entry.files:
                st.markdown(escape_lines(entry.text) or ":gray[*no text*]", width="content")
            for file in entry.files:
                st.markdown(f":material/attach_file: {_link_to_file(file)}", width="content")
        alignment: Literal["left", "right"] = "right" if entry.is_ours else "left"
        st.markdown(f":small[{_describe_entry(entry, business)}]", text_alignment=alignment)


def _link_to_file(file: AttachedFile) -> str:
    receiver = session.current_context().receiver
    return f"[{file.name}]({receiver.receiver_page}{file.path})" if receiver else file.name


def _describe_entry(entry: Entry, business: Business) -> str:
    when = escape_markdown(format_moment(entry.at, business.zone, now=components.present()))
    facts = [f":gray[:material/{name_icon(entry.channel)}: {when}]"]
    if entry.command_key:
        link = link_to_command(business.tenant_id, entry.command_key)
        facts.append(f"[{name_rule(entry.rule_id)} · details]({link})")
    if entry.state:
        facts.append(entry.state)
    if entry.note:
        facts.append(f":gray[{escape_markdown(entry.note)}]")
    return " ".join(facts)


def _show_open_question(context: PageContext, business: Business, contact_id: str) -> None:
    """Offer to say that what they wrote needs no reply, if nobody has answered it."""
    message_id = automation_queries.find_open_question(
        context.file, tenant_id=business.tenant_id, contact_id=contact_id
    )
    if message_id is not None and message_id not in settled_messages():
        st.button(
            "No reply needed",
            key=f"no_reply_{message_id}",
            type="tertiary",
            icon=":material/mark_chat_read:",
            on_click=need_no_reply,
            args=(business.tenant_id, message_id),
        )


def _show_scheduled(scheduled: tuple[Entry, ...], business: Business) -> None:
    for entry in scheduled[:_SCHEDULED_SHOWN]:
        when = escape_markdown(format_relative(entry.at, now=components.present()))
        link = link_to_command(business.tenant_id, entry.command_key or "")
        st.markdown(
            f":gray[:small[:material/schedule: Goes out {when}]] :small[[{name_rule(entry.rule_id)} · "
            f"details]({link})] "
            f":gray[:small[{escape_markdown(shorten(entry.text, length=_PREVIEW_LENGTH))}]]"
        )
    if len(scheduled) > _SCHEDULED_SHOWN:
        st.caption(f"and {len(scheduled) - _SCHEDULED_SHOWN} later")


@st.fragment(run_every=_REPLY_SECONDS)
def _show_reply(business: Business, contact_id: str) -> None:
    context = session.current_context()
    key = {"tenant_id": business.tenant_id, "contact_id": contact_id}
    now = components.present()
    with components.explained_absence(), actions.explained_refusal():
        context.open_api(business.tenant_id).close()
        contacts = queries.rows_of(queries.find_contact(context.file, **key))
        booking = automation_queries.find_booking_for_texts(context.file, **key, now=now)
        if contacts:
            show_reply_box(
                business,
                contact=contacts[0],
                booking=next((row._asdict() for row in queries.rows_of(booking)), None),
                consents=queries.rows_of(queries.fetch_consents(context.file, **key)),
                tenant=_find_tenant(context, business),
            )


def _commands_of(context: PageContext, business: Business, contact_id: str) -> dict[str, CommandRead]:
    """Return the contact's commands by key; none if the outbox can't be asked, which the reply box explains."""
    try:
        with context.open_api(business.tenant_id) as api:
            page = api.list_commands(contact_id=contact_id)
    except (ApiUnavailableError, ApiRefusedError):
        return {}
    return {command.command_key: command for command in page.commands}


def _find_tenant(context: PageContext, business: Business) -> Tenant | None:
    try:
        return context.load_tenant(business.tenant_id)
    except ConfigurationError:
        return None
