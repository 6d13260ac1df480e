"""The box from which staff answer: channel, template, text with its size and price, and sending it once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.api import BusinessApi
from dashboard.frame.session import Business
from dashboard.parts import components, drafts
from dashboard.parts.drafts import Draft, MessageChannel
from dashboard.parts.formatting import format_words
from dashboard.parts.thread import RequestedMessage
from dashboard.parts.typed_text.box import Action, Field, Fill, Typed, show_box
from dashboard.parts.wording import describe_opt_out
from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.tenancy.tenant import Tenant

_REQUESTS = "inbox_asked"
_NAMES: Mapping[MessageChannel, str] = {"sms": "Text", "email": "E-mail"}


def requested_messages() -> list[RequestedMessage]:
    """Return the messages that staff requested in this session, oldest first."""
    messages: list[RequestedMessage] = st.session_state.setdefault(_REQUESTS, [])
    return messages


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
    address = contact.phone if channel == "sms" else contact.email
    objection = drafts.find_objection(consents, channel=channel, address=address)
    if objection is not None:
        st.error(
            describe_opt_out(channel, objection, business.zone, now=components.present()), icon=":material/block:"
        )
        return
    if tenant is not None:
        offered = drafts.offer_drafts(tenant, channel=channel, contact=contact._asdict(), booking=booking)
        _show_templates(offered, contact_id=contact.contact_id, channel=channel)
    _show_form(business, contact, channel, tenant=tenant)


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


def _template_key(channel: MessageChannel, contact_id: str) -> str:
    """Return the key of the choice of templates: another one once something was sent."""
    count = sum(each.contact_id == contact_id for each in requested_messages())
    return f"template_{channel}_{contact_id}_{count}"


def _show_templates(offered: Mapping[str, Draft], *, contact_id: str, channel: MessageChannel) -> None:
    key = _template_key(channel, contact_id)

    def take() -> None:
        draft = offered.get(st.session_state[key] or "")
        if draft is not None:
            values = {"text": draft.text} | ({"subject": draft.subject} if channel == "email" else {})
            st.session_state[f"fill_{key}"] = Fill(id=UuidV7Factory(SystemClock()).new_event_id(), values=values)

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


def _show_form(business: Business, contact: Any, channel: MessageChannel, *, tenant: Tenant | None) -> None:
    text = Field(
        name="text",
        label="Message",
        kind="lines",
        rows=3 if channel == "sms" else 8,
        placeholder=f"Write to {contact.display_name}",
        max_length=1600 if channel == "sms" else 10_000,
        needed="Write something first.",
    )
    subject = Field(
        name="subject", label="Subject", placeholder="Subject", max_length=255, needed="An e-mail needs a subject."
    )
    show_box(
        key=f"reply_{channel}_{contact.contact_id}",
        draft=f"{business.tenant_id}|{contact.contact_id}|{channel}",
        fields=[subject, text] if channel == "email" else [text],
        actions=[Action(name="send", label="Send")],
        note="Sent exactly as written. Ctrl+Enter to send.",
        sms=drafts.find_sms_rates(tenant, recipient=contact.phone) if channel == "sms" else None,
        fill=st.session_state.get(f"fill_{_template_key(channel, contact.contact_id)}"),
        on_act=lambda typed: _send(business, contact, channel, typed),
    )


def _send(business: Business, contact: Any, channel: MessageChannel, typed: Typed) -> bool:
    """Ask for the message; return whether it was accepted."""
    text = typed.values["text"].strip()
    addresses = {"phone": contact.phone, "email": contact.email, "name": contact.display_name}
    message = {
        "channel": channel,
        "text": text,
        "contact": {name: value for name, value in addresses.items() if value},
        "requested_by": actions.staff_name(business.tenant_id),
        **({"subject": typed.values["subject"].strip()} if channel == "email" else {}),
    }

    def send(api: BusinessApi) -> None:
        # The draft's own id, which the browser keeps: after a reload it can only ask for the same message again.
        accepted = api.send_message(message, idempotency_key=typed.id)
        requested_message = RequestedMessage(
            accepted.command_key, contact.contact_id, channel, text, components.present()
        )
        if all(each.command_key != requested_message.command_key for each in requested_messages()):
            requested_messages().append(requested_message)

    return actions.act(business.tenant_id, send)
