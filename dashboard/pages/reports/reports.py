"""Reports: the archive of one business, each report as it was known then beside what is known now, and its files."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from dashboard.frame import session
from dashboard.frame.api import ApiRefusedError, ApiUnavailableError
from dashboard.frame.session import Business, PageContext
from dashboard.pages.attribution.tables import name_lookback, name_model
from dashboard.pages.reports import making as report_making
from dashboard.pages.reports import queries as report_queries
from dashboard.pages.reports.kept_report import KeptReport
from dashboard.pages.reports.revenue_tables import revenue_table
from dashboard.pages.reports.sections import NOW, THEN, compare_credits, compare_stages
from dashboard.parts import components, queries
from dashboard.parts.formatting import (
    MISSING,
    escape_markdown,
    format_count,
    format_duration,
    format_instant,
    format_money,
    format_quantity,
)

_MOST_LATE = 200
_MEDIA_TYPES = {"pdf": "application/pdf", "html": "text/html", "json": "application/json"}


def _show() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="Each business has its own reports."
        )
        return
    with components.explained_absence():
        reports = queries.rows_of(report_queries.fetch_reports(context.file, tenant_id=business.tenant_id))
        made = report_making.take_made(business, [report.report_id for report in reports])
        # After it: what is known by now is waited for no more.
        report_making.watch_for_made(context, business)
        if made is not None:
            st.session_state["report"] = made
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = _choose(reports) if reports else None
            report_making.show_form(business)
        if chosen is None:
            components.empty_state(
                "No reports yet",
                "They are created on Mondays and on the first of each month at 9:00, or any time with the "
                "button above.",
                icon="summarize",
            )
            return
        _show_report(context, business, chosen)


def _choose(reports: list[Any]) -> Any:
    by_id = {report.report_id: report for report in reports}
    chosen = st.selectbox(
        "Report", list(by_id), format_func=lambda report_id: _name(by_id[report_id]), key="report", width=420
    )
    return by_id[chosen]


def _name(report: Any) -> str:
    period = report_making.name_period(report.period_kind, _day(report.period_start_date))
    return f"{period}, version {report.version_number}"


def _day(value: Any) -> date:
    return value.date() if isinstance(value, pd.Timestamp) else value


def _show_report(context: PageContext, business: Business, report: Any) -> None:
    computed = format_instant(report.computed_at, business.zone)
    st.caption(f"Computed {computed} from every event up to number {report.log_sequence:,} of the log.")
    # The figures are what people come for; the files are fetched when they are drawn.
    downloads = st.container(horizontal=True)
    figures = queries.rows_of(
        report_queries.fetch_figures(
            context.file,
            tenant_id=business.tenant_id,
            report_id=report.report_id,
            first=_day(report.period_start_date),
            end=_day(report.period_end_date),
        )
    )
    late = queries.rows_of(
        report_queries.fetch_late_events(
            context.file,
            tenant_id=business.tenant_id,
            log_sequence=report.log_sequence,
            zone=business.zone,
            first=_day(report.period_start_date),
            end=_day(report.period_end_date),
            limit=_MOST_LATE,
        )
    )
    changed = sum(figure.value_then != figure.value_now for figure in figures)
    if changed:
        st.warning(
            f"{format_quantity(changed, 'figure')} changed since this report was made.", icon=":material/history:"
        )
    else:
        st.success("No figures have changed since this report was made.", icon=":material/check_circle:")
    st.dataframe(_table(figures), hide_index=True, width="stretch", key="report_figures")
    _show_revenue(context, business, report)
    with downloads:
        files = _fetch_files(context, business, report)
        _show_downloads(business, report, files)
    if "json" in files:
        _show_sections(context, business, report, document=files["json"])
    _show_late(late, business)


def _table(figures: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Figure": [figure.metric_name for figure in figures],
            "Period before": [_words(figure.value_before, figure) for figure in figures],
            THEN: [_words(figure.value_then, figure) for figure in figures],
            NOW: [_words(figure.value_now, figure) for figure in figures],
            "Changed": [figure.value_then != figure.value_now for figure in figures],
        }
    )


def _words(value: int | None, figure: Any) -> str:
    if value is None:
        return MISSING
    match figure.unit:
        case "minor_units":
            return format_money(int(value), figure.currency)
        case "permille":
            return f"{value / 10:.1f}%"
        case "seconds":
            return format_duration(value)
        case _:
            return format_count(int(value))


def _show_revenue(context: PageContext, business: Business, report: Any) -> None:
    parameters = {
        "tenant_id": business.tenant_id,
        "period_kind": report.period_kind,
        "first": _day(report.period_start_date),
    }
    by = {
        "Staff": report_queries.fetch_revenue_by_staff(context.file, **parameters),
        "Service": report_queries.fetch_revenue_by_service(context.file, **parameters),
    }
    for heading, revenue in by.items():
        table = revenue_table(queries.rows_of(revenue), heading=heading)
        if not table.empty:
            st.subheader(f"Revenue by {heading.lower()}", anchor=False)
            st.caption("With what we know now. Before tax: payments that state their tax.")
            st.table(table, border="horizontal", hide_index=True)


def _show_late(late: list[Any], business: Business) -> None:
    st.subheader("Arrived late", anchor=False)
    if not late:
        st.caption("Nothing from this period arrived after the report.")
        return
    for event in late:
        delay = format_duration((event.received_at - event.occurred_at).total_seconds())
        happened = format_instant(event.occurred_at, business.zone)
        who = components.contact_label(event.display_name)
        st.markdown(f"**{escape_markdown(event.title)}** {who}  \n:gray[:small[{happened}, arrived {delay} later]]")
    if len(late) == _MOST_LATE:
        st.caption(f"Only the first {_MOST_LATE} are shown.")


def _show_sections(context: PageContext, business: Business, report: Any, *, document: bytes) -> None:
    """Show what came of stages and channels' credits; as they were then is told by the report's document alone."""
    try:
        kept = KeptReport.model_validate_json(document)
    except ValidationError:
        st.caption("Its stages and credits can't be read: its document is of another version than this page.")
        return
    first = _day(report.period_start_date)
    if kept.credits is None:
        st.caption("This version was made before reports had stages and credits. Make it again to see them.")
        return
    now = report_queries.fetch_stages(
        context.file, tenant_id=business.tenant_id, period_kind=report.period_kind, first=first
    )
    stages = compare_stages(kept, queries.rows_of(now))
    if not stages.empty:
        st.subheader("Stages", anchor=False)
        st.caption("Who entered each stage in this period, and what became of them by its end. Bold: changed since.")
        st.table(stages, border="horizontal", hide_index=True)
    credits_then = kept.credits
    now = report_queries.fetch_credits(
        context.file,
        tenant_id=business.tenant_id,
        model=credits_then.model,
        lookback_days=credits_then.lookback_days,
        zone=business.zone,
        first=first,
        end=_day(report.period_end_date),
    )
    credits_ = compare_credits(kept, queries.rows_of(now))
    if not credits_.empty:
        st.subheader("Conversions by channel", anchor=False)
        reach = name_lookback(credits_then.lookback_days).lower()
        st.caption(f"Model: {name_model(credits_then.model)}. Lookback: {reach}. Bold: changed since.")
        st.table(credits_, border="horizontal", hide_index=True)


def _fetch_files(context: PageContext, business: Business, report: Any) -> dict[str, bytes]:
    try:
        with context.open_api(business.tenant_id) as api:
            return {ending: api.download_report(report.report_id, ending) for ending in _MEDIA_TYPES}
    except (ApiUnavailableError, ApiRefusedError) as error:
        st.caption(f"Its files can't be fetched now: {escape_markdown(error.detail)}")
        return {}


def _show_downloads(business: Business, report: Any, files: dict[str, bytes]) -> None:
    for ending, content in files.items():
        st.download_button(
            f"Download {ending.upper()}",
            content,
            file_name=f"{business.tenant_id}-{report.report_id}.{ending}",
            mime=_MEDIA_TYPES[ending],
            icon=":material/download:",
            key=f"download_{ending}",
            on_click="ignore",
        )


_show()
