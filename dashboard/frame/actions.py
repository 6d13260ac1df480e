"""Runs what staff decide over /v1, and says in one line what came of it or why it can't be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.frame import session
from dashboard.frame.api import ApiRefusedError, ApiUnavailableError, BusinessApi
from dashboard.frame.session import PageContext
from dashboard.parts.formatting import escape_markdown


def act(
    tenant_id: str,
    action: Callable[[BusinessApi], str | None],
    *,
    on_refusal: Callable[[ApiRefusedError], None] = lambda _: None,
) -> bool:
    """Run an action over /v1, show the text it returns as a toast, if any, and return whether it was done.

    on_refusal: is told what /v1 refuses, such as the alternatives to a time that is taken.
    """
    try:
        with session.current_context().open_api(tenant_id) as api:
            toast = action(api)
    except (ApiUnavailableError, ApiRefusedError) as error:
        if isinstance(error, ApiRefusedError):
            on_refusal(error)
        st.toast(escape_markdown(error.detail), icon=":material/error:", duration="long")
        return False
    if toast:
        st.toast(escape_markdown(toast), icon=":material/check_circle:")
    return True


@contextmanager
def explained_refusal() -> Iterator[None]:
    """Show why /v1 can't be asked as one line, in place of what would need it."""
    try:
        yield
    except (ApiUnavailableError, ApiRefusedError) as error:
        show_off(error.detail)


def show_off(detail: str) -> None:
    """Show in one line why actions are off."""
    st.markdown(f":orange[:material/cloud_off:] :gray[{escape_markdown(detail)}]")


def staff_name(tenant_id: str) -> str:
    """Return who decides. The receiver goes by the session; this is for what is shown and asked for here."""
    receiver = session.current_context().receiver
    member = None if receiver is None else receiver.signed_in.get(tenant_id)
    return "dashboard" if member is None else member.email


def note_read(context: PageContext, tenant_id: str, contact_id: str) -> None:
    """Note that a contact's page is read; if that can't be done, say so in one line."""
    with explained_refusal():
        context.note_read(tenant_id, contact_id)
