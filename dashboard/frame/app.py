"""The frame and router of the dashboard: choice of business, freshness, navigation, then the page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from dashboard.frame import actions, session, sign_in
from dashboard.frame.analytics_file import AnalyticsFile, AnalyticsFileError, NothingPublishedYetError
from dashboard.frame.api import ApiRefusedError, ApiUnavailableError
from dashboard.frame.configurations import open_configurations_in_force
from dashboard.frame.session import Business, PageContext, ReceiverAccess
from dashboard.frame.sign_in import SignedIn, SignInNeededError
from dashboard.pages.inbox.settled_messages import settled_messages
from dashboard.parts import automation_queries, components
from dashboard.parts.formatting import escape_markdown, format_count
from dashboard.parts.typed_text.box import forget_drafts
from frontdesk.core.running.addresses import local_url
from frontdesk.core.running.run_files import RunFiles
from frontdesk.core.settings import Settings, load_settings
from frontdesk.core.time_words import age_words
from frontdesk.domains.staff.roles import Permission

_ICON = Path(__file__).with_name("icon.svg")
#: File, title, icon, and what one must be allowed to see it.
_PAGES = (
    ("../pages/today/today.py", "Today", ":material/today:", Permission.LOOK),
    ("../pages/inbox/inbox.py", "Inbox", ":material/forum:", Permission.LOOK),
    ("../pages/schedule/schedule.py", "Schedule", ":material/calendar_month:", Permission.LOOK),
    ("../pages/contacts/contacts.py", "Contacts", ":material/group:", Permission.LOOK),
    ("../pages/pipeline/pipeline.py", "Pipeline", ":material/view_kanban:", Permission.LOOK),
    ("../pages/attribution/attribution.py", "Attribution", ":material/pie_chart:", Permission.SETTLE),
    ("../pages/reports/reports.py", "Reports", ":material/summarize:", Permission.SETTLE),
    ("../pages/activity/activity.py", "Activity", ":material/bolt:", Permission.LOOK),
    ("../pages/systems/systems.py", "Systems", ":material/monitor_heart:", Permission.SETTLE),
    ("../pages/outbox/outbox.py", "Outbox", ":material/outbox:", Permission.SETTLE),
    ("../pages/automations/automations.py", "Automations", ":material/account_tree:", Permission.SETTLE),
)
_SIGNED_OUT = "signed_out"
#: How often an open page looks whether its session is still one.
_LOOK_SECONDS = 30.0


def _show() -> None:
    # An icon of our own: Streamlit would fetch a Material one from a font server on the internet.
    st.set_page_config(page_title="Frontdesk", page_icon=_ICON.read_text(encoding="utf-8"), layout="wide")
    pages = [(st.Page(path, title=title, icon=icon), permission) for path, title, icon, permission in _PAGES]
    settings = load_settings()
    receiver_url = local_url(settings.host, settings.receiver_port)
    try:
        signed_in = sign_in.find_signed_in(receiver_url)
    except (SignInNeededError, ApiUnavailableError, ApiRefusedError) as error:
        # Every page is known, so that its address is still the one that signing in leads back to.
        st.navigation([page for page, _ in pages], position="hidden")
        _show_way_in(settings, error.detail, can_sign_in=isinstance(error, SignInNeededError))
        return
    allowed = [(page, needed) for page, needed in pages if any(member.may(needed) for member in signed_in.values())]
    page = st.navigation([each for each, _ in allowed], position="hidden")
    permission = next(needed for each, needed in allowed if each.title == page.title)
    file = session.open_analytics_file(settings.analytics_path)
    businesses = _find_businesses(file, signed_in, permission=permission, home=settings.home)
    if isinstance(businesses, _Absence):
        _show_who(receiver_url, signed_in)
        components.empty_state(businesses.title, businesses.detail, icon=businesses.icon)
        if businesses.may_end:
            _wait_for_businesses(file)
        return
    # Links in the page rather than Streamlit's own menu, which a phone hides behind a button.
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        links = st.container(horizontal=True, width="content")
        chosen = _choose_businesses(businesses)
        with st.container(width="content"):
            components.freshness_badge(file)
        _show_who(receiver_url, signed_in)
    query = {"tenant": chosen[0].tenant_id} if len(chosen) == 1 else None
    for target, _ in allowed:
        links.page_link(target, label=_label(target.title, file, chosen), query_params=query)
    receiver = ReceiverAccess(
        receiver_url,
        signed_in,
        configurations=open_configurations_in_force(settings.event_log_url, settings.tenants_dir.absolute()),
        receiver_page=sign_in.receiver_address(settings),
    )
    session.set_context(PageContext(file, businesses, chosen, receiver))
    _watch_session(receiver_url)
    page.run()


def _label(title: str, file: AnalyticsFile, chosen: tuple[Business, ...]) -> str:
    """Return a page's name in the navigation: the inbox says how many conversations need a reply."""
    if title != "Inbox":
        return title
    tenant_ids = [business.tenant_id for business in chosen]
    try:
        count = automation_queries.count_open_conversations(file, tenant_ids=tenant_ids, settled=settled_messages())
    except AnalyticsFileError:
        return title
    return f"{title} ({format_count(count)})" if count else title


def _show_way_in(settings: Settings, detail: str, *, can_sign_in: bool) -> None:
    """Show nothing but how to sign in, at whatever address this is."""
    components.empty_state("Frontdesk", escape_markdown(detail), icon="lock")
    for email in st.session_state.get(_SIGNED_OUT, ()):
        forget_drafts(email)
    if can_sign_in:
        # Not st.link_button: it opens another tab, and this one would stay signed out.
        address = escape(sign_in.sign_in_address(settings))
        with st.container(horizontal_alignment="center"):
            st.html(f'<a href="{address}">Sign in</a>', width="content")


@dataclass(frozen=True)
class _Absence:
    """Why there is no business to show a page of, and whether one can come by itself."""

    title: str
    detail: str
    icon: str = "inbox"
    may_end: bool = True


def _find_businesses(
    file: AnalyticsFile, signed_in: SignedIn, *, permission: Permission, home: Path
) -> tuple[Business, ...] | _Absence:
    """Return the businesses of which the person may see a page that needs the permission, or why there are none."""
    try:
        published = session.load_businesses(file)
    except NothingPublishedYetError as error:
        return _tell_of_first_build(home) or _Absence(error.title, escape_markdown(error.detail), icon="database_off")
    except AnalyticsFileError as error:
        return _Absence(error.title, escape_markdown(error.detail), icon="database_off")
    if not published:
        return _Absence("No businesses yet", "Put one YAML file per business in the tenants folder.")
    may_see = {tenant_id for tenant_id, member in signed_in.items() if member.may(permission)}
    found = tuple(business for business in published if business.tenant_id in may_see)
    return found or _Absence(
        "Nothing for you yet", "There is no data of your businesses yet.", icon="lock", may_end=False
    )


def _tell_of_first_build(home: Path) -> _Absence | None:
    """Return what is going on while `frontdesk up` builds for the first time, None if none runs."""
    since = RunFiles(home).up_since()
    if since is None:
        return None
    seconds = (components.present() - since).total_seconds()
    return _Absence(
        "Getting your front desk ready",
        f"The first build usually takes one to three minutes; it began {age_words(seconds)} ago. This page opens by "
        "itself when it is done. Meanwhile you can connect a provider or import what you have: both are read from "
        "the moment they come.",
        icon="hourglass_top",
    )


def _show_who(receiver_url: str, signed_in: SignedIn) -> None:
    """Show who is signed in, and the way out."""
    first = next(iter(signed_in.values()))
    with st.popover(escape_markdown(first.name), icon=":material/person:", width="content"):
        st.markdown(escape_markdown(first.email))
        for member in signed_in.values():
            st.caption(escape_markdown(f"{member.role} of {member.tenant_id}"))
        st.button(
            "Sign out", key="sign_out", icon=":material/logout:", on_click=_sign_out, args=(receiver_url, signed_in)
        )


def _sign_out(receiver_url: str, signed_in: SignedIn) -> None:
    with actions.explained_refusal():
        sign_in.sign_out(receiver_url, signed_in.values())
        st.session_state[_SIGNED_OUT] = sorted({member.email for member in signed_in.values()})


@st.fragment(run_every=_LOOK_SECONDS)
def _watch_session(receiver_url: str) -> None:
    """Close an open page once its session is over; looking keeps no session open."""
    try:
        sign_in.find_signed_in(receiver_url, is_use=False)
    except SignInNeededError:
        st.rerun()
    except (ApiUnavailableError, ApiRefusedError):
        return


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
        st.warning(f"There is no business {escape_markdown(linked)} here. Choose one from the list.")
        session.choose_business(None)
    elif linked is not None:
        st.session_state["tenant"] = linked
    elif st.session_state.get("tenant") in by_id:
        st.query_params["tenant"] = st.session_state["tenant"]


@st.fragment(run_every=components.REFRESH_SECONDS)
def _wait_for_businesses(file: AnalyticsFile) -> None:
    """Show the pages as soon as there is something to show."""
    st.caption("This page refreshes by itself.", text_alignment="center")
    try:
        if session.load_businesses(file):
            st.rerun()
    except AnalyticsFileError:
        return


_show()
