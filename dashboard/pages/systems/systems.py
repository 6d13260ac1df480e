"""Systems: whether every source delivers as it usually does, and whether the models keep up with the log."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame import session
from dashboard.frame.health import count_events_behind, describe_unknown_types, is_silent, judge_source
from dashboard.frame.readiness import fetch_parts, rows_of_parts
from dashboard.frame.session import Business, PageContext
from dashboard.pages.systems.odd_money import odd_money_table
from dashboard.pages.systems.unread_times import WHAT_TO_DO, unread_times_table
from dashboard.parts import components, queries
from dashboard.parts.formatting import (
    escape_markdown,
    format_count,
    format_duration,
    format_moment,
    format_quantity,
    format_relative,
    format_source,
    shorten,
)

_CHART_DAYS = 30
_CHART_REFRESH_SECONDS = 30.0
_REASON_LENGTH = 90
_SYSTEMS_REASON = "Whoever runs Frontdesk is told why."

_UnknownTypes = dict[tuple[str, str], list[tuple[str, int]]]
_Quarantined = dict[tuple[str, str], Any]


@st.fragment(run_every=components.REFRESH_SECONDS)
def _show_health() -> None:
    context = session.current_context()
    with components.explained_absence():
        sources = queries.rows_of(queries.fetch_source_health(context.file, tenant_ids=context.tenant_ids))
        unknown = _group_unknown_types(queries.fetch_unknown_types(context.file, tenant_ids=context.tenant_ids))
        quarantined = _by_source(queries.fetch_quarantined(context.file, tenant_ids=context.tenant_ids))
        _show_figures(sources, queries.rows_of(queries.fetch_freshness(context.file)))
        _show_parts(context)
        _show_set_aside(queries.rows_of(queries.fetch_set_aside(context.file, tenant_ids=context.tenant_ids)))
        _show_unread_times(context)
        _show_odd_money(context)
        for business in context.chosen:
            of_business = [source for source in sources if source.tenant_id == business.tenant_id]
            _show_business(context, business, of_business, unknown, quarantined)


def _group_unknown_types(frame: pd.DataFrame) -> _UnknownTypes:
    types: _UnknownTypes = defaultdict(list)
    for row in queries.rows_of(frame):
        types[row.tenant_id, row.source].append((row.type, row.count_events))
    return types


def _by_source(frame: pd.DataFrame) -> _Quarantined:
    return {(row.tenant_id, row.source): row for row in queries.rows_of(frame)}


def _show_figures(sources: list[Any], freshness: list[Any]) -> None:
    silent = sum(is_silent(source) for source in sources)
    refused = sum(source.count_rejections_7d or 0 for source in sources)
    with st.grid(columns=6, min_column_width=150):
        st.metric("Events today", format_count(sum(source.events_today or 0 for source in sources)), border=True)
        st.metric(
            "Events in 7 days", format_count(sum(source.events_last_7d or 0 for source in sources)), border=True
        )
        st.metric("Silent sources", _emphasise(f"{silent} of {len(sources)}", "red", wrong=silent > 0), border=True)
        st.metric("Refused in 7 days", _emphasise(format_count(refused), "orange", wrong=refused > 0), border=True)
        for row in freshness:
            published = format_relative(row.published_at, now=components.present())
            st.metric("Behind the log", format_count(count_events_behind(row)), border=True)
            st.metric("Models published", published, border=True)


def _show_parts(context: PageContext) -> None:
    """Show what the nightly build and verification came to, and whether everything else is up."""
    if context.receiver is None:
        return
    rows = [*rows_of_parts(fetch_parts(context.receiver.receiver_url))]
    with st.grid(columns="auto", min_column_width=210, border=True):
        for row in rows:
            st.markdown(row.line)


def _show_set_aside(asides: list[Any]) -> None:
    """Tell what is set aside so that the rest goes on; it comes in again by itself once it passes."""
    if not asides:
        return
    count = format_quantity(len(asides), "thing")
    lines = [f"**{count} set aside** so that the rest goes on. Each comes in again once it passes."]
    for aside in asides:
        since = format_relative(aside.set_aside_at, now=components.present())
        what = escape_markdown(shorten(f"{aside.kind} {aside.subject or ''}".rstrip(), length=_REASON_LENGTH))
        reason = escape_markdown(shorten(aside.reason or _SYSTEMS_REASON, length=_REASON_LENGTH))
        lines.append(f"{what}, {since} :gray[:small[{reason}]]")
    st.error("  \n".join(lines), icon=":material/error:")


def _show_unread_times(context: PageContext) -> None:
    """List starts, ends and dues that place nothing: nobody is reminded of what has no start."""
    frame = queries.fetch_unread_times(context.file, tenant_ids=context.tenant_ids)
    if frame.empty:
        return
    count = int(frame["count_all"].iloc[0])
    with st.expander(f"Times to correct: {format_quantity(count, 'case')}", icon=":material/event_busy:"):
        st.caption(WHAT_TO_DO)
        st.dataframe(unread_times_table(frame, context), hide_index=True, width="stretch")
        if count > len(frame):
            st.caption(f"The newest {len(frame)}; the others are in `reports.rpt_unread_times`.")


def _show_odd_money(context: PageContext) -> None:
    """List money that is in no figure, or does not add up: a person has to look at it in the provider's own pages."""
    frame = queries.fetch_odd_money(context.file, tenant_ids=context.tenant_ids)
    if frame.empty:
        return
    count = int(frame["count_all"].iloc[0])
    with st.expander(f"Amounts to check: {format_quantity(count, 'case')}", icon=":material/payments:"):
        st.dataframe(odd_money_table(frame, context), hide_index=True, width="stretch")
        if count > len(frame):
            st.caption(f"The newest {len(frame)}; the others are in `reports.rpt_odd_money`.")


def _emphasise(text: str, colour: str, *, wrong: bool) -> str:
    return f":{colour}[{text}]" if wrong else text


def _show_business(
    context: PageContext, business: Business, sources: list[Any], unknown: _UnknownTypes, quarantined: _Quarantined
) -> None:
    if context.only_business is None:
        st.subheader(escape_markdown(business.name), anchor=False)
    if not sources:
        st.info(
            "No source yet: name the business's sources in its tenant file, and point the providers' webhooks here.",
            icon=":material/sensors_off:",
        )
        _show_settings_in_force(context, business)
        return
    with st.grid(columns="auto", min_column_width=290, border=True):
        # What a person should look at comes first.
        for source in sorted(sources, key=lambda source: not _needs_attention(source, quarantined)):
            key = source.tenant_id, source.source
            lines = _describe_source(source, business, unknown[key])
            if key in quarantined:
                lines.append(_describe_quarantined(quarantined[key]))
            # Two blanks at the end of a line break it in Markdown.
            st.markdown("  \n".join(lines))
    _show_settings_in_force(context, business)


def _show_settings_in_force(context: PageContext, business: Business) -> None:
    """Tell since when the business's configuration is in force and by whom, and what is wrong with it."""
    if context.receiver is None:
        return
    version = context.receiver.configurations.version_of(business.tenant_id)
    if version is None:
        return
    now = components.present()
    ago = format_relative(version.written_at, now=now)
    moment = format_moment(version.written_at, business.zone, now=now)
    st.caption(escape_markdown(f"Settings in force since {moment}, {ago}, by {version.written_by}."))
    problem = context.receiver.configurations.problem_of(business.tenant_id)
    if problem:
        # One line: the rest is told to whoever runs Frontdesk, with the keys and the remedies.
        first = escape_markdown(shorten(problem.splitlines()[0], length=_REASON_LENGTH))
        st.error(f"What is wrong with these settings is left out: {first}", icon=":material/error:")


def _needs_attention(source: Any, quarantined: _Quarantined) -> bool:
    return judge_source(source).needs_attention or (source.tenant_id, source.source) in quarantined


def _describe_quarantined(quarantined: Any) -> str:
    last = format_relative(quarantined.last_quarantined_at, now=components.present())
    error = escape_markdown(shorten(f"{quarantined.type}: {quarantined.error}", length=_REASON_LENGTH))
    count = format_quantity(quarantined.count_events, "event")
    return f":red[{count} set aside by the models], last {last} :gray[:small[{error}]]"


def _describe_source(source: Any, business: Business, unknown: list[tuple[str, int]]) -> list[str]:
    now = components.present()
    judgement = judge_source(source)
    lines = [f"**{escape_markdown(format_source(source.source))}** {judgement.badge}"]
    if source.last_event_at is not None:
        relative = format_relative(source.last_event_at, now=now)
        absolute = escape_markdown(format_moment(source.last_event_at, business.zone, now=now))
        lines.append(f"Last event **{relative}** :gray[:small[{absolute}]]")
    if judgement.detail:
        lines.append(f":{judgement.colour}[{judgement.detail}]")
    lines.append(
        f"**{format_count(source.events_today)}** today · **{format_count(source.events_last_7d)}** in 7 days · "
        f"usual gap **{format_duration(source.usual_gap_seconds)}**"
    )
    if source.count_rejections_7d:
        reason = escape_markdown(shorten(source.last_rejection_reason, length=_REASON_LENGTH))
        lines.append(
            f":orange[{format_count(source.count_rejections_7d)} refused in 7 days], last "
            f"{format_relative(source.last_rejected_at, now=now)} :gray[:small[{reason}]]"
        )
    if unknown:
        lines.append(f":violet[Unknown types] :small[{describe_unknown_types(unknown)}]")
    return lines


@st.fragment(run_every=_CHART_REFRESH_SECONDS)
def _show_chart() -> None:
    context = session.current_context()
    today = components.present().date()
    since = today - timedelta(days=_CHART_DAYS - 1)
    with components.explained_absence():
        events = queries.fetch_events_per_day(context.file, tenant_ids=context.tenant_ids, since=since)
        if events.empty:
            return
        st.subheader("Events a day by source", anchor=False)
        st.altair_chart(
            _build_chart(events, since=since, until=today + timedelta(days=1)),
            alt="Events a day by source over the last 30 days",
        )


def _build_chart(events: pd.DataFrame, *, since: date, until: date) -> alt.Chart:
    data = events.assign(
        source=events["source"].map(format_source), activity_date=pd.to_datetime(events["activity_date"])
    )
    chart: alt.Chart = (
        alt.Chart(data, height=320)
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdate(activity_date):T",
                title=None,
                axis=alt.Axis(format="%-d %b", labelOverlap=True),
                # With its hour a date is read as local by the browser, as the data's are; without, as UTC.
                scale=alt.Scale(domain=[f"{day}T00:00:00" for day in (since, until)]),
            ),
            y=alt.Y("count_events:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("source:N", title=None, legend=alt.Legend(orient="bottom", columns=3)),
            tooltip=[
                alt.Tooltip("activity_date:T", title="Day", format="%a %-d %b %Y"),
                alt.Tooltip("source:N", title="Source"),
                alt.Tooltip("count_events:Q", title="Events", format=","),
            ],
        )
    )
    return chart


_show_health()
_show_chart()
