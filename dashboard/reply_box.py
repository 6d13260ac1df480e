"""The box from which staff answer: channel, template, text with its size and price, and sending it once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from core.clock import SystemClock
from core.ids import UuidV7Factory
from core.outbox.commands import Channel
from core.tenants import Tenant
from dashboard import actions, components, drafts
from dashboard.api import BusinessApi
from dashboard.drafts import Draft, MessageChannel
from dashboard.formatting import escape_markdown, format_instant, format_words
from dashboard.session import Business
from dashboard.thread import Asked

_ASKED = "inbox_asked"
_NAMES: Mapping[MessageChannel, str] = {"sms": "Text", "email": "E-mail"}


def asked_here() -> list[Asked]:
    """Return what was asked for in this session, oldest first."""
    asked: list[Asked] = st.session_state.setdefault(_ASKED, [])
    return asked


def show_reply_box(
    business: Business,
    *,
    contact: Any,
    booking: Mapping[str, Any] | None,
    consents: Iterable[Any],
    tenant: Tenant | None,
) -> None:
    """Show the box, or in one line why this contact can't be written to."""
    channels = _find_channels(contact, tenant)
    if not channels:
        actions.show_off("There is no phone number or e-mail address that this business can send to.")
        return
    channel = _choose_channel(channels)
    objection = drafts.find_objection(consents, channel=channel)
    if objection is not None:
        since = format_instant(objection.changed_at, business.zone)
        st.error(
            f"**Opted out** of {escape_markdown(_NAMES[channel].lower())}s since {escape_markdown(since)}: "
            f"{escape_markdown(objection.evidence)}. Only the contact can take that back.",
            icon=":material/block:",
        )
        return
    draft_id = _draft_id(contact.contact_id)
    if tenant is not None:
        offered = drafts.offer_drafts(tenant, channel=channel, contact=contact._asdict(), booking=booking)
        _show_templates(offered, draft_id=draft_id, channel=channel)
    _show_form(business, contact, channel, draft_id=draft_id, tenant=tenant)


def _find_channels(contact: Any, tenant: Tenant | None) -> list[MessageChannel]:
    reachable: dict[MessageChannel, str | None] = {"sms": contact.phone, "email": contact.email}
    return [
        channel
        for channel, address in reachable.items()
        if address and (tenant is None or tenant.delivery.provider_of(Channel(channel)) is not None)
    ]


def _choose_channel(channels: list[MessageChannel]) -> MessageChannel:
    if len(channels) == 1:
        return channels[0]
    chosen: MessageChannel | None = st.segmented_control(
        "Send as",
        channels,
        default=channels[0],
        required=True,
        format_func=lambda channel: _NAMES[channel],
        key="reply_channel",
        label_visibility="collapsed",
    )
    return chosen or channels[0]


def _draft_id(contact_id: str) -> str:
    """Return the id of the message that is being written: a new one once it was sent."""
    key = f"draft_{contact_id}"
    if key not in st.session_state:
        st.session_state[key] = UuidV7Factory(SystemClock()).new_event_id()
    return str(st.session_state[key])


def _show_templates(offered: Mapping[str, Draft], *, draft_id: str, channel: MessageChannel) -> None:
    key = f"template_{channel}_{draft_id}"

    def take() -> None:
        draft = offered.get(st.session_state[key] or "")
        if draft is not None:
            st.session_state[f"text_{channel}_{draft_id}"] = draft.text
            st.session_state[f"subject_{channel}_{draft_id}"] = draft.subject

    st.selectbox(
        "Template",
        list(offered),
        index=None,
        key=key,
        format_func=format_words,
        placeholder="Begin with a template",
        on_change=take,
        label_visibility="collapsed",
        icon=":material/description:",
    )


def _show_form(
    business: Business, contact: Any, channel: MessageChannel, *, draft_id: str, tenant: Tenant | None
) -> None:
    # The keys name the draft, so that a second click on the same button can only ask for the same message again.
    text_key, subject_key = f"text_{channel}_{draft_id}", f"subject_{channel}_{draft_id}"
    if channel == "email":
        st.text_input("Subject", key=subject_key, placeholder="Subject", label_visibility="collapsed")
    text = st.text_area(
        "Message",
        key=text_key,
        height=110 if channel == "sms" else 200,
        placeholder=f"Write to {contact.display_name}",
        label_visibility="collapsed",
        max_chars=1600 if channel == "sms" else 10_000,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        size = "What is written here goes out as it stands."
        if channel == "sms" and text:
            size = drafts.describe_size(text, recipient=contact.phone, tenant=tenant)
        st.caption(escape_markdown(size), width="stretch")
        st.button(
            "Send",
            key=f"send_{channel}_{draft_id}",
            type="primary",
            icon=":material/send:",
            on_click=_send,
            args=(business, contact, channel, draft_id),
        )


def _send(business: Business, contact: Any, channel: MessageChannel, draft_id: str) -> None:
    text = str(st.session_state.get(f"text_{channel}_{draft_id}") or "").strip()
    subject = str(st.session_state.get(f"subject_{channel}_{draft_id}") or "").strip()
    if not text or (channel == "email" and not subject):
        st.toast("Write something first." if not text else "An e-mail needs a subject.", icon=":material/edit:")
        return
    addresses = {"phone": contact.phone, "email": contact.email, "name": contact.display_name}
    message = {
        "channel": channel,
        "text": text,
        "contact": {name: value for name, value in addresses.items() if value},
        "requested_by": actions.staff_name(business.tenant_id),
        **({"subject": subject} if channel == "email" else {}),
    }

    def send(api: BusinessApi) -> None:
        accepted = api.send_message(message, idempotency_key=draft_id)
        asked = Asked(accepted.command_key, contact.contact_id, channel, text, components.present())
        if all(each.command_key != asked.command_key for each in asked_here()):
            asked_here().append(asked)

    if actions.act(business.tenant_id, send) and st.session_state.get(f"draft_{contact.contact_id}") == draft_id:
        del st.session_state[f"draft_{contact.contact_id}"]
