"""The form that makes a report now over /v1, and the wait until the published file has it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.frame import actions
from dashboard.frame.api import BusinessApi
from dashboard.frame.session import Business, PageContext
from dashboard.pages.reports import queries as report_queries
from dashboard.parts import components, queries
from frontdesk.domains.reports.periods import Period, PeriodKind, last_complete

#: Periods that are offered, the newest first; older ones are made by `frontdesk report make --start`.
_OFFERED = {PeriodKind.WEEKLY: 26, PeriodKind.MONTHLY: 24}
_KIND_NAMES = {PeriodKind.WEEKLY: "A week", PeriodKind.MONTHLY: "A month"}
_MADE = "report_made"


def show_form(business: Business) -> None:
    """Let staff choose a period that is over, and make its report."""
    with st.popover("Create report", icon=":material/add_circle:", key="report_form", width="content"):
        kind = st.segmented_control(
            "Length",
            list(PeriodKind),
            format_func=_KIND_NAMES.__getitem__,
            default=PeriodKind.WEEKLY,
            key="report_kind",
        )
        kind = kind or PeriodKind.WEEKLY
        period = st.selectbox(
            "Period",
            offered_periods(kind, business),
            format_func=lambda each: name_period(each.kind, each.start),
            key=f"report_period_{kind}",
        )
        is_mailed = st.checkbox("E-mail it to everyone who gets reports", key="report_mail")
        if st.button("Create", key="make_report", type="primary", icon=":material/summarize:"):
            with st.spinner("Counting…"):
                is_made = actions.act(
                    business.tenant_id, lambda api: _make(api, business, period=period, is_mailed=is_mailed)
                )
            if is_made:
                st.rerun()


def take_made(business: Business, known: list[str]) -> str | None:
    """Return the report that was just made once it is known, so that it is shown; else wait for it here."""
    tenant_id, report_id = st.session_state.get(_MADE, (None, None))
    if tenant_id != business.tenant_id:
        return None
    if report_id in known:
        del st.session_state[_MADE]
        return str(report_id)
    st.caption(":material/hourglass_top: The report is ready; it appears here in a moment.")
    return None


@st.fragment(run_every=components.REFRESH_SECONDS)
def watch_for_made(context: PageContext, business: Business) -> None:
    """Show the page again once the report that was just made is known."""
    tenant_id, report_id = st.session_state.get(_MADE, (None, None))
    if tenant_id != business.tenant_id:
        return
    with components.explained_absence():
        reports = queries.rows_of(report_queries.fetch_reports(context.file, tenant_id=business.tenant_id))
        if any(report.report_id == report_id for report in reports):
            st.rerun()


def name_period(kind: str, start: date) -> str:
    """Return a period in words: `Week of 2 March 2026`, `March 2026`."""
    return f"{start:%B %Y}" if kind == PeriodKind.MONTHLY else f"Week of {start.day} {start:%B %Y}"


def offered_periods(kind: PeriodKind, business: Business) -> list[Period]:
    """Return the periods that are over on the business's calendar, the newest first."""
    periods = [last_complete(kind, now=components.present(), zone=ZoneInfo(business.zone))]
    while len(periods) < _OFFERED[kind]:
        periods.append(periods[-1].previous)
    return periods


def _make(api: BusinessApi, business: Business, *, period: Period, is_mailed: bool) -> str:
    made = api.make_report(kind=period.kind, start=period.start, mail=is_mailed)
    st.session_state[_MADE] = (business.tenant_id, made.report_id)
    name = name_period(period.kind, period.start)
    return f"{name} is ready." if made.is_new else f"{name}: nothing has changed since its newest report."
