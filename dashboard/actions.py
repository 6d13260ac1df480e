"""Runs what staff decide over /v1, and says in one line what came of it or why it can't be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard import session
from dashboard.api import ApiRefusedError, ApiUnavailableError, BusinessApi
from dashboard.formatting import escape_markdown

_NAME = "staff_name"


def act(tenant_id: str, action: Callable[[BusinessApi], str | None]) -> bool:
    """Run an action over /v1, tell what it returns (nothing where None), and return whether it was done."""
    try:
        with session.current_office().open_api(tenant_id) as api:
            told = action(api)
    except (ApiUnavailableError, ApiRefusedError) as error:
        st.toast(escape_markdown(error.detail), icon=":material/error:", duration="long")
        return False
    if told:
        st.toast(escape_markdown(told), icon=":material/check_circle:")
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


def ask_name() -> None:
    """Ask who decides: the outbox keeps the name with the decision."""
    st.text_input("Your name", key=_NAME, placeholder="Kept with what you decide", persist_state="session", width=260)


def staff_name() -> str:
    """Return who decides, as far as they said."""
    return str(st.session_state.get(_NAME) or "").strip() or "Somebody at the dashboard"
