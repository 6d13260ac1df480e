"""Which messages this session said need no reply, as far as the published file does not say so yet."""

from __future__ import annotations

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.api import BusinessApi

_KEY = "settled_messages"


def settled_messages() -> list[str]:
    """Return the ids of the messages."""
    settled: list[str] = st.session_state.setdefault(_KEY, [])
    return settled


def need_no_reply(tenant_id: str, message_id: str) -> None:
    """Say over /v1 that a message needs no reply, and show it at once."""

    def settle(api: BusinessApi) -> str:
        api.need_no_reply(message_id)
        return "Marked: no reply needed."

    if actions.act(tenant_id, settle):
        settled_messages().append(message_id)
