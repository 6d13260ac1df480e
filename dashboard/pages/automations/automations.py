"""Automations: the chosen business's rules in words, what each did, and a dry run of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame import session
from dashboard.frame.session import Business
from dashboard.pages.automations.dry_run_form import show_dry_run
from dashboard.pages.outbox import actions as outbox_actions
from dashboard.parts import automation_queries, components, queries
from dashboard.parts.formatting import MISSING, escape_markdown, format_count, format_quantity, format_words
from dashboard.parts.wording import badge, describe_reason, describe_rule, name_rule
from frontdesk.domains.sending.outbox.shapes import HoldRead

_REFRESH_SECONDS = 5.0
_DAYS = 30
_DAYS_AHEAD = 7
_REASONS_SHOWN = 3
#: Columns of fetch_rule_activity, what they are called, and their colours: told apart with colour blindness.
_RESULTS = {
    "count_done": ("Done", "#0f8b8d"),
    "count_to_do": ("To do", "#56b4e9"),
    "count_failed": ("Failed", "#d55e00"),
    "count_uncertain": ("Not confirmed", "#e69f00"),
    "count_suppressed": ("Stopped before sending", "#cc79a7"),
    "count_refused": ("Skipped", "#a9b4b3"),
    "count_held_out": ("Held out", "#8172b3"),
    "count_shadow": ("Shadow", "#7f8c8d"),
}


def _show_page() -> None:
    context = session.current_context()
    business = context.only_business
    if business is None:
        components.show_choice_of_business(
            context, title="Choose a business", detail="This page shows the rules of one business at a time."
        )
        return
    rules, activity, dry_run = st.tabs(["Rules", "What they did", "Test a change"], key="automations_tab")
    with rules:
        _show_rules(business)
    with activity:
        _show_activity(business)
    with dry_run:
        show_dry_run(context, business)


def _fetch_activity(business: Business) -> pd.DataFrame:
    today = components.present().date()
    return automation_queries.fetch_rule_activity(
        session.current_context().file,
        tenant_id=business.tenant_id,
        since=today - timedelta(days=_DAYS - 1),
        until=today + timedelta(days=_DAYS_AHEAD),
    )


def _fetch_refusals(business: Business) -> pd.DataFrame:
    now = components.present()
    return automation_queries.fetch_refusals(
        session.current_context().file,
        tenant_id=business.tenant_id,
        since=now - timedelta(days=_DAYS),
        until=now + timedelta(days=_DAYS_AHEAD),
    )


@st.fragment(run_every=_REFRESH_SECONDS)
def _show_rules(business: Business) -> None:
    context = session.current_context()
    with components.explained_absence():
        rules = queries.rows_of(automation_queries.fetch_rules(context.file, tenant_id=business.tenant_id))
        if not rules:
            components.empty_state(
                "No rules yet", "Write them under `rules:` in the business's tenant file.", icon="account_tree"
            )
            return
        activity, refusals = _fetch_activity(business), _fetch_refusals(business)
        holds = outbox_actions.find_holds(business)
        st.caption(f"{format_quantity(len(rules), 'rule')}. Figures: the last {_DAYS} days.")
        for rule in rules:
            _show_rule(business, rule, activity=activity, refusals=refusals, holds=holds)


def _show_rule(
    business: Business,
    rule: Any,
    *,
    activity: pd.DataFrame,
    refusals: pd.DataFrame,
    holds: tuple[HoldRead, ...] | None,
) -> None:
    hold = outbox_actions.find_hold(holds or (), rule_id=rule.rule_id)
    badges = [badge("violet", "campaign", "Marketing")] if rule.message_class == "marketing" else []
    badges += [badge("gray", "visibility", "Shadow: decides, sends nothing")] if rule.is_shadow else []
    badges += [badge("blue", "science", f"{rule.holdout_percent} % held out")] if rule.holdout_percent else []
    badges += [badge("red", "pause_circle", "Paused")] if hold else []
    with st.container(border=True):
        words, switch = st.columns([5, 1], vertical_alignment="center")
        own = activity[activity["rule_id"] == rule.rule_id]
        why_not = queries.rows_of(refusals[refusals["rule_id"] == rule.rule_id])
        lines = [
            f"**{name_rule(rule.rule_id)}** {' '.join(badges)}",
            describe_rule(rule),
            f":gray[:small[{_describe_counts(own)}]]",
        ]
        if why_not:
            lines.append(f":gray[:small[Skipped: {_describe_refusals(why_not)}]]")
        words.markdown("  \n".join(lines))
        if holds is not None:
            with switch:
                outbox_actions.show_switch(business, holds, label="this rule", rule_id=rule.rule_id)


def _describe_counts(activity: pd.DataFrame) -> str:
    counts = ((name, int(activity[column].sum())) for column, (name, _) in _RESULTS.items())
    return " · ".join(f"**{format_count(count)}** {name.lower()}" for name, count in counts if count) or "Nothing yet"


def _describe_refusals(refusals: list[Any]) -> str:
    named = [
        f"{describe_reason(row.reason)} ({format_count(row.count_refused)})" for row in refusals[:_REASONS_SHOWN]
    ]
    return " · ".join(named)


@st.fragment(run_every=_REFRESH_SECONDS * 2)
def _show_activity(business: Business) -> None:
    with components.explained_absence():
        activity, refusals = _fetch_activity(business), _fetch_refusals(business)
        if activity.empty:
            components.empty_state("No results yet", "Rules act on what happens from now on.", icon="bar_chart")
            return
        names = sorted({str(name) for name in activity["rule_id"]})
        rule_id = st.selectbox(
            "Rule",
            names,
            index=None,
            format_func=format_words,
            key="activity_rule",
            placeholder="All rules",
            width=300,
        )
        if rule_id:
            activity, refusals = activity[activity["rule_id"] == rule_id], refusals[refusals["rule_id"] == rule_id]
        st.subheader("Messages and tasks a day, by result", anchor=False)
        st.altair_chart(_build_chart(activity), alt="Messages and tasks a day, by result")
        _show_refusals(refusals)
        _show_uplift(business)


def _build_chart(activity: pd.DataFrame) -> alt.Chart:
    long = activity.melt(
        id_vars=["due_date"], value_vars=list(_RESULTS), var_name="result", value_name="count_commands"
    )
    data = long.groupby(["due_date", "result"], as_index=False)["count_commands"].sum()
    data = data[data["count_commands"] > 0].assign(
        due_date=lambda frame: pd.to_datetime(frame["due_date"]),
        result=lambda frame: frame["result"].map(lambda name: _RESULTS[name][0]),
        count_commands=lambda frame: frame["count_commands"].astype(int),
    )
    present = [shown for shown in _RESULTS.values() if shown[0] in set(data["result"])]
    colours = alt.Scale(domain=[name for name, _ in present], range=[colour for _, colour in present])
    today = components.present().date()
    ends: Iterable[date] = (today - timedelta(days=_DAYS - 1), today + timedelta(days=_DAYS_AHEAD))
    chart: alt.Chart = (
        alt.Chart(data, height=300)
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdate(due_date):T",
                title=None,
                axis=alt.Axis(format="%-d %b", labelOverlap=True),
                scale=alt.Scale(domain=[f"{day}T00:00:00" for day in ends]),
            ),
            y=alt.Y("count_commands:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("result:N", title=None, scale=colours, legend=alt.Legend(orient="bottom", columns=2)),
            tooltip=[
                alt.Tooltip("due_date:T", title="Day", format="%a %-d %b %Y"),
                alt.Tooltip("result:N", title="Result"),
                alt.Tooltip("count_commands:Q", title="Messages and tasks", format=","),
            ],
        )
    )
    return chart


def _show_refusals(refusals: pd.DataFrame) -> None:
    st.subheader("Why messages were skipped", anchor=False)
    if refusals.empty:
        st.caption("Nothing was skipped.")
        return
    counts = Counter[str]()
    for row in queries.rows_of(refusals):
        counts[row.reason] += int(row.count_refused)
    lines = [f"**{format_count(count)}** · {describe_reason(reason)}" for reason, count in counts.most_common()]
    st.markdown("  \n".join(lines))


def _show_uplift(business: Business) -> None:
    uplift = queries.rows_of(
        automation_queries.fetch_uplift(session.current_context().file, tenant_id=business.tenant_id)
    )
    st.subheader("What sending changes", anchor=False)
    if not uplift:
        st.caption("To measure a rule, leave a small random group out (`holdout_percent: 10`).")
        return
    st.caption("Who booked within 14 days: contacts that got the message, beside those held out at random.")
    with st.grid(columns="auto", min_column_width=300, border=True):
        for row in uplift:
            st.markdown("  \n".join(_describe_uplift(row)))


def _describe_uplift(row: Any) -> Iterable[str]:
    yield f"**{name_rule(row.rule_id)}**"
    treated = f"{format_count(row.count_treated_booked)} of {format_count(row.count_treated)}"
    held_out = f"{format_count(row.count_held_out_booked)} of {format_count(row.count_held_out)}"
    yield f"Contacted: **{_percent(row.treated_rate)}** booked :gray[:small[{treated}]]"
    yield f"Held out: **{_percent(row.held_out_rate)}** booked :gray[:small[{held_out}]]"
    if row.uplift is None:
        yield ":gray[Nothing to compare yet]"
    else:
        colour = "green" if row.uplift > 0 else "red" if row.uplift < 0 else "gray"
        yield f":{colour}[**{escape_markdown(f'{row.uplift * 100:+.1f}')} points**]"


def _percent(rate: float | None) -> str:
    return MISSING if rate is None else f"{rate * 100:.0f} %"


_show_page()
