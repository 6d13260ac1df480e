"""The frame and router that `streamlit run` starts: choice of business, freshness, navigation, then the page."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from core.running.addresses import local_url
from core.secrets import Secrets
from core.settings import Settings, load_settings
from dashboard import components, session
from dashboard.analytics_file import AnalyticsFile, AnalyticsFileError
from dashboard.formatting import escape_markdown
from dashboard.session import Backstage, Business, Office

_ICON = Path(__file__).with_name("icon.svg")
_PAGES = (
    ("views/systems.py", "Systems", ":material/monitor_heart:"),
    ("views/inbox.py", "Inbox", ":material/forum:"),
    ("views/contacts.py", "Contacts", ":material/group:"),
    ("views/activity.py", "Activity", ":material/bolt:"),
    ("views/outbox.py", "Outbox", ":material/outbox:"),
    ("views/automations.py", "Automations", ":material/account_tree:"),
)


def _show() -> None:
    # An icon of our own: Streamlit would fetch a Material one from a font server on the internet.
    st.set_page_config(page_title="Frontdesk", page_icon=_ICON.read_text(encoding="utf-8"), layout="wide")
    pages = [st.Page(path, title=title, icon=icon) for path, title, icon in _PAGES]
    page = st.navigation(pages, position="hidden")
    settings = load_settings()
    file = session.open_analytics_file(settings.analytics_path)
    try:
        businesses = session.load_businesses(file)
    except AnalyticsFileError as error:
        components.empty_state(error.title, escape_markdown(error.detail), icon="database_off")
        _wait_for_businesses(file)
        return
    if not businesses:
        components.empty_state("No businesses yet", "Put one YAML file per business in the tenants folder.")
        _wait_for_businesses(file)
        return
    # Links in the page rather than Streamlit's own menu, which a phone hides behind a button.
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        links = st.container(horizontal=True, width="content")
        chosen = _choose_businesses(businesses)
        with st.container(width="content"):
            components.freshness_badge(file)
    query = {"tenant": chosen[0].tenant_id} if len(chosen) == 1 else None
    for target in pages:
        links.page_link(target, query_params=query)
    session.hand_over(Office(file, businesses, chosen, _backstage(settings)))
    page.run()


def _backstage(settings: Settings) -> Backstage:
    return Backstage(
        receiver_url=local_url(settings.host, settings.receiver_port),
        secrets=Secrets(os.environ),
        tenants_dir=settings.tenants_dir.absolute(),
    )


def _choose_businesses(businesses: tuple[Business, ...]) -> tuple[Business, ...]:
    by_id = {business.tenant_id: business for business in businesses}
    if len(businesses) == 1:
        return businesses
    _follow_address(by_id)
    tenant_id = st.selectbox(
        "Business",
        [None, *by_id],
        format_func=lambda tenant_id: by_id[tenant_id].name if tenant_id else "All businesses",
        key="tenant",
        on_change=lambda: session.choose_business(st.session_state["tenant"]),
        label_visibility="collapsed",
        icon=":material/storefront:",
        persist_state="session",
        width=300,
    )
    return (by_id[tenant_id],) if tenant_id else businesses


def _follow_address(by_id: dict[str, Business]) -> None:
    """Take the business from the address, which a link or the browser's Back sets; keep it there otherwise.

    Going to another page clears the address, but not the choice.
    """
    linked = st.query_params.get("tenant")
    if linked is not None and linked not in by_id:
        st.warning(f"There is no business {escape_markdown(linked)} here; choose one of the list.")
        session.choose_business(None)
    elif linked is not None:
        st.session_state["tenant"] = linked
    elif st.session_state.get("tenant") in by_id:
        st.query_params["tenant"] = st.session_state["tenant"]


@st.fragment(run_every=components.REFRESH_SECONDS)
def _wait_for_businesses(file: AnalyticsFile) -> None:
    """Show the pages as soon as there is something to show."""
    st.caption("This page looks again by itself.", text_alignment="center")
    try:
        if session.load_businesses(file):
            st.rerun()
    except AnalyticsFileError:
        return


_show()
