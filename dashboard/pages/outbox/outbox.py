"""Outbox: what waits, what needs a person, why each message or task is there, and how to pause sending."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame import actions, session
from dashboard.frame.api import ApiRefusedError, ApiUnavailableError
from dashboard.frame.session import Business, PageContext
from dashboard.pages.outbox import actions as outbox_actions
from dashboard.pages.outbox import command_page
from dashboard.parts import automation_queries, components, queries
from dashboard.parts.formatting import (
    escape_markdown,
    format_count,
    format_moment,
    format_relative,
    format_words,
)
from dashboard.parts.wording import (
    CHANNEL_ICONS,
    CHANNELS,
    describe_outcome,
    describe_state,
    name_origin,
    name_rule,
)
from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.rules.explanations.shapes import CommandExplanation
from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from frontdesk.domains.sending.outbox.shapes import CommandPage, CommandRead, DepthRead
from frontdesk.domains.tenancy.tenant import Tenant

_SHOWN = 30
_HOURS = 24
_STATE_NAMES = {
    "Needs a person": (CommandState.DEAD, CommandState.UNCERTAIN),
    "Waiting": (CommandState.WAITING, CommandState.CLAIMED, CommandState.CALLING),
    "Sent": (CommandState.SENT,),
    "Not sent": (CommandState.SUPPRESSED, CommandState.WITHDRAWN, CommandState.CANCELLED),
}


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="This page shows the outbox of one business at a time."
        )
    elif command_key := st.query_params.get("command"):
        st.button(
            "Back to the outbox",
            key="command_back",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=session.choose_command,
            args=(None,),
        )
        _show_command(business, command_key)
    else:
        _show_depth(business)
        outbox_actions.show_switches(business)
        _show_due(business)
        _show_outbox(business)


@st.fragment(run_every=components.REFRESH_SECONDS)
def _show_outbox(business: Business) -> None:
    context = session.current_context()
    st.subheader("Messages and tasks", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state = st.segmented_control(
            "State", list(_STATE_NAMES), key="outbox_state", label_visibility="collapsed", width="content"
        )
        channel = st.selectbox(
            "Channel",
            [channel.value for channel in Channel if channel is not Channel.SYNC],
            index=None,
            format_func=lambda name: CHANNELS[name],
            key="outbox_channel",
            placeholder="All channels",
            label_visibility="collapsed",
            width=170,
        )
        rule_id = st.selectbox(
            "Rule",
            _list_rules(context, business),
            index=None,
            format_func=format_words,
            key="outbox_rule",
            placeholder="All rules",
            label_visibility="collapsed",
            width=240,
        )
    with components.explained_absence():
        try:
            with context.open_api(business.tenant_id) as api:
                page = api.list_commands(
                    states=_STATE_NAMES.get(state or "", ()),
                    channel=Channel(channel) if channel else None,
                    rule_id=rule_id,
                    limit=_SHOWN,
                )
        except (ApiUnavailableError, ApiRefusedError) as error:
            actions.show_off(error.detail)
            _show_published(context, business)
            return
        if any(depth.dead_count for depth in page.depth):
            outbox_actions.show_bulk_redrive(business, channel=channel, rule_id=rule_id)
        _show_commands(context, business, page)


def _list_rules(context: PageContext, business: Business) -> list[str]:
    with components.explained_absence():
        return [
            str(name) for name in automation_queries.fetch_rules(context.file, tenant_id=business.tenant_id).rule_id
        ]
    return []


@st.fragment(run_every=components.REFRESH_SECONDS)
def _show_depth(business: Business) -> None:
    try:
        with session.current_context().open_api(business.tenant_id) as api:
            depths = api.list_commands(limit=1).depth
    except (ApiUnavailableError, ApiRefusedError):
        return  # the list of commands says why
    oldest = min((depth.oldest_due_at for depth in depths if depth.oldest_due_at), default=None)
    now = components.present()
    dead, uncertain = sum(d.dead_count for d in depths), sum(d.uncertain_count for d in depths)
    is_late = oldest is not None and oldest < now
    with st.grid(columns=6 if is_late else 5, min_column_width=140):
        st.metric("Waiting", format_count(sum(depth.waiting_count for depth in depths)), border=True)
        st.metric("Due now", format_count(sum(depth.due_count for depth in depths)), border=True)
        if is_late:
            st.metric("Waiting since", format_relative(oldest, now=now), border=True)
        st.metric("Sending", format_count(sum(depth.in_flight_count for depth in depths)), border=True)
        st.metric("Not confirmed", f":orange[{format_count(uncertain)}]" if uncertain else "0", border=True)
        st.metric("Failed", f":red[{format_count(dead)}]" if dead else "0", border=True)
    lines = [_describe_depth(depth) for depth in depths if depth.channel is not Channel.SYNC]
    if lines:
        st.markdown("  \n".join(lines))
    if not is_late:
        st.caption("Nothing is due.")


def _describe_depth(depth: DepthRead) -> str:
    parts = [f"{format_count(depth.waiting_count)} waiting", f"{format_count(depth.due_count)} due"]
    parts += [f"{format_count(depth.in_flight_count)} sending"] * bool(depth.in_flight_count)
    parts += [f":orange[{format_count(depth.uncertain_count)} not confirmed]"] * bool(depth.uncertain_count)
    parts += [f":red[{format_count(depth.dead_count)} failed]"] * bool(depth.dead_count)
    return f":material/{CHANNEL_ICONS[depth.channel]}: **{CHANNELS[depth.channel]}** {' · '.join(parts)}"


def _show_commands(context: PageContext, business: Business, page: CommandPage) -> None:
    if not page.commands:
        components.empty_state("Nothing here", "No message or task matches.", icon="outbox")
        return
    ids = sorted({command.contact_id for command in page.commands if command.contact_id})
    names = automation_queries.fetch_contact_names(context.file, tenant_id=business.tenant_id, contact_ids=ids)
    with st.container(gap="xsmall"):
        # What waits for a person comes first.
        for command in sorted(page.commands, key=lambda command: command.state not in _STATE_NAMES["Needs a person"]):
            reason = escape_markdown(command.reason) if command.reason else ""
            _show_line(
                command_key=command.command_key,
                headline=f"**{name_origin(command.rule_id, command.payload)}** {describe_state(command.state)}",
                facts=[_when(command, business), reason],
                channel=command.channel,
                name=names.get(command.contact_id or "", str(command.payload.get("to") or "")),
            )
    if len(page.commands) == _SHOWN:
        st.caption(f"The newest {_SHOWN}; choose a state, channel or rule to see others.")


def _when(command: CommandRead, business: Business) -> str:
    now = components.present()
    if command.state is CommandState.WAITING:
        at = command.next_attempt_at or command.due_at
        return f"due {format_relative(at, now=now)}"
    return escape_markdown(format_moment(command.changed_at, business.zone, now=now))


def _show_line(*, command_key: str, headline: str, facts: Iterable[str], channel: str, name: str) -> None:
    detail = " · ".join(fact for fact in (escape_markdown(name), *facts) if fact)
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(
            f":material/{CHANNEL_ICONS.get(channel, 'send')}: **{headline}**  \n:gray[:small[{detail}]]",
            width="stretch",
        )
        if st.button("Why", key=f"why_{command_key}", icon=":material/help_center:", type="tertiary"):
            session.choose_command(command_key)
            st.rerun(scope="app")


def _show_published(context: PageContext, business: Business) -> None:
    rows = automation_queries.fetch_commands(
        context.file, tenant_id=business.tenant_id, now=components.present(), limit=_SHOWN
    )
    ids = sorted({str(contact_id) for contact_id in rows["contact_id"]})
    names = automation_queries.fetch_contact_names(context.file, tenant_id=business.tenant_id, contact_ids=ids)
    with st.container(gap="xsmall"):
        for row in queries.rows_of(rows):
            _show_line(
                command_key=row.command_key,
                headline=f"**{name_rule(row.rule_id)}** {describe_outcome(row.outcome)}",
                facts=[f"due {format_relative(row.due_at, now=components.present())}"],
                channel=row.channel,
                name=names.get(row.contact_id, ""),
            )


@st.fragment(run_every=30.0)
def _show_due(business: Business) -> None:
    context = session.current_context()
    since = components.present()
    until = since + timedelta(hours=_HOURS)
    with components.explained_absence():
        due = automation_queries.fetch_due(context.file, tenant_id=business.tenant_id, since=since, until=until)
        st.subheader(f"Due in the next {_HOURS} hours", anchor=False)
        if due.empty:
            st.caption("Nothing is due.")
            return
        chart = _build_chart(due, business, since=since, until=until)
        st.altair_chart(chart, alt=f"Messages and tasks due in the next {_HOURS} hours, by channel")


def _build_chart(due: pd.DataFrame, business: Business, *, since: datetime, until: datetime) -> alt.Chart:
    # On the business's clock, whatever the browser's: without its zone the browser shows a time as it stands.
    hours = pd.to_datetime(due["due_hour"], utc=True).dt.tz_convert(business.zone).dt.tz_localize(None)
    ends = [f"{instant.astimezone(ZoneInfo(business.zone)):%Y-%m-%dT%H:00:00}" for instant in (since, until)]
    data = due.assign(due_hour=hours, channel=due["channel"].map(CHANNELS))
    chart: alt.Chart = (
        alt.Chart(data, height=220)
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdatehours(due_hour):T",
                title=None,
                axis=alt.Axis(format="%H:%M", labelOverlap=True),
                scale=alt.Scale(domain=ends),
            ),
            y=alt.Y("sum(count_commands):Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("channel:N", title=None, legend=alt.Legend(orient="bottom")),
            tooltip=[
                alt.Tooltip("yearmonthdatehours(due_hour):T", title="Hour", format="%a %-d %b, %H:%M"),
                alt.Tooltip("channel:N", title="Channel"),
                alt.Tooltip("sum(count_commands):Q", title="Messages and tasks", format=","),
            ],
        )
    )
    return chart


def _find_tenant(context: PageContext, business: Business) -> Tenant | None:
    try:
        return context.load_tenant(business.tenant_id)
    except ConfigurationError:
        return None


@st.fragment(run_every=components.REFRESH_SECONDS)
def _show_command(business: Business, command_key: str) -> None:
    context = session.current_context()
    with components.explained_absence():
        found = queries.rows_of(
            automation_queries.find_decision(context.file, tenant_id=business.tenant_id, command_key=command_key)
        )
        decision = found[0] if found else None
        command: CommandRead | None = None
        explanation: CommandExplanation | None = None
        with actions.explained_refusal(), context.open_api(business.tenant_id) as api:
            command = api.find_command(command_key)
            explanation = api.explain_command(command_key)
        if decision is None and command is None:
            components.empty_state(
                "Not found",
                f"{escape_markdown(business.name)} has no message or task with this key, or it was created a "
                "moment ago.",
                icon="search_off",
            )
            return
        command_page.show_heading(decision, command)
        if command is not None:
            outbox_actions.show_decisions(business, command)
        why, history = st.columns([3, 2], gap="large")
        with why:
            words = explanation.content if explanation else None
            command_page.show_why(business, decision, explanation)
            command_page.show_text(decision, words, tenant=_find_tenant(context, business))
        with history:
            command_page.show_attempts(business, decision, command)
        st.caption(f"Key: `{command_key}`")


_show_page()
