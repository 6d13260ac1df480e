"""The form that tries a change of a business's file, and the differences it would make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.frame.session import Business, PageContext
from dashboard.parts.formatting import (
    escape_lines,
    escape_markdown,
    format_count,
    format_instant,
    format_quantity,
    shorten,
)
from dashboard.parts.typed_text.box import Action, Field, Fill, Typed, show_box
from dashboard.parts.wording import badge, describe_reason, link_to_command, name_rule
from frontdesk.domains.rules.dry_run.report import Counts, Differing, OptOuts, Report, RuleDay
from frontdesk.domains.rules.dry_run.run_command import DryRunError, try_rules

_Step = Literal["day", "week"]

_ASKED, _RESULT = "dry_run_asked", "dry_run"
_EXAMPLES = 10
#: Over more days than these a bar a day is a hair.
_DAYS_APART = 70
_TEXT_LENGTH = 160
_MICROS = 1_000_000
#: Fields of Counts, what they are called, and their colours: told apart with colour blindness.
_KINDS = {
    "newly_sent": ("Newly sent", "#0f8b8d", "green", "add"),
    "no_longer_sent": ("No longer sent", "#d55e00", "red", "remove"),
    "moved": ("Different time", "#e69f00", "orange", "schedule"),
    "text_changed": ("Different text", "#56b4e9", "blue", "edit"),
}


def show_dry_run(context: PageContext, business: Business) -> None:
    """Let staff upload or write a changed file, and show what it would send, no longer send, or move."""
    st.markdown(
        "Edit the business's file here, or upload one. It is tested on past data and compared with the "
        "current rules. "
        "**Nothing is sent, and nothing is saved.**"
    )
    uploaded = st.file_uploader("Upload a changed file", type=["yaml", "yml"], key="dry_run_file")
    fill = None
    if uploaded is not None:
        text = uploaded.getvalue().decode("utf-8", errors="replace")
        fill = Fill(id=uploaded.file_id, values={"text": text}, replaces=True)
    show_box(
        key=f"dry_run_{business.tenant_id}",
        draft=f"{business.tenant_id}|dry_run",
        fields=[
            Field(
                name="text",
                label="The business's file",
                kind="lines",
                rows=14,
                value=_present_file(context, business),
                is_code=True,
                needed="Write the file first.",
            ),
            Field(name="since", label="Compare since (leave empty for all past data)", kind="date", shows_label=True),
        ],
        actions=[Action(name="dry_run", label="Test")],
        reset="Back to the current file",
        fill=fill,
        on_act=lambda typed: _ask(business, typed),
    )
    _try_what_was_asked(business)
    tenant_id, known = st.session_state.get(_RESULT, (None, None))
    if tenant_id != business.tenant_id:
        return
    if isinstance(known, Report):
        _show_report(known, business)
    elif known:
        st.error(escape_lines(known), icon=":material/error:")


def _ask(business: Business, typed: Typed) -> bool:
    """Let the page try the file that was typed; it stays in the box, to be changed further."""
    since = typed.values["since"]
    st.session_state[_ASKED] = (
        business.tenant_id,
        typed.values["text"],
        date.fromisoformat(since) if since else None,
    )
    return False


def _try_what_was_asked(business: Business) -> None:
    tenant_id, text, since = st.session_state.pop(_ASKED, (None, "", None))
    if tenant_id != business.tenant_id:
        return
    with st.spinner("Testing on past data…"):
        try:
            result: Report | str = try_rules(text, tenant_id=tenant_id, since=since)
        except DryRunError as error:
            result = error.detail
    st.session_state[_RESULT] = (tenant_id, result)


def _present_file(context: PageContext, business: Business) -> str:
    return context.receiver.configurations.text_of(business.tenant_id) if context.receiver else ""


def _show_report(report: Report, business: Business) -> None:
    for note in report.notes:
        st.info(escape_markdown(note), icon=":material/info:")
    if not report.has_changes:
        st.success("Nothing would change.", icon=":material/check_circle:")
    else:
        _show_figures(report)
        days = sorted(each.day for each in report.rule_days)
        step: _Step = "day" if (days[-1] - days[0]).days <= _DAYS_APART else "week"
        st.subheader(f"By {step}", anchor=False)
        st.altair_chart(_build_chart(report.rule_days, step=step), alt=f"What would change, by {step}")
        st.subheader("By rule", anchor=False)
        for rule_id in sorted({each.rule_id for each in report.rule_days}):
            counts = [each.counts for each in report.rule_days if each.rule_id == rule_id]
            st.markdown(f"**{name_rule(rule_id)}** {' · '.join(_describe_counts(counts, report.currency))}")
    for opt_outs in report.opt_outs:
        st.markdown(_describe_opt_outs(opt_outs))
    if report.at_once:
        rules = Counter(key.split("/")[1] for key in report.at_once)
        named = ", ".join(f"{name_rule(rule_id)} ({format_count(count)})" for rule_id, count in rules.most_common())
        count = format_count(len(report.at_once))
        st.warning(f"**{count} would be sent at once** if you use this file now: {named}.", icon=":material/bolt:")
    if report.differing:
        st.subheader("Examples", anchor=False)
        for differing in report.differing[:_EXAMPLES]:
            st.markdown("  \n".join(_describe_difference(differing, business)))
        if len(report.differing) > _EXAMPLES:
            st.caption(f"The first {_EXAMPLES} of {format_count(len(report.differing))}.")


def _show_figures(report: Report) -> None:
    with st.grid(columns=6, min_column_width=140):
        for field, (name, *_) in _KINDS.items():
            st.metric(name, format_count(getattr(report.totals, field)), border=True)
        st.metric("Segments", f"{report.totals.segments_change:+,}", border=True)
        st.metric("Cost", _cost(report.totals.cost_change_micros, report.currency), border=True)
    if report.totals.unpriced:
        st.caption(f"{format_quantity(report.totals.unpriced, 'text')} without a known price are not in the cost.")
    if report.totals.not_composable:
        count = format_quantity(report.totals.not_composable, "message")
        st.error(f"{count} could not be written: a value in the text is missing.", icon=":material/error:")


def _cost(micros: int, currency: str | None) -> str:
    return f"{micros / _MICROS:+,.2f} {currency}" if currency else "Unknown"


def _describe_counts(counts: Iterable[Counts], currency: str | None) -> Iterator[str]:
    sums = Counter[str]()
    for each in counts:
        sums.update(each.model_dump())
    for field, (name, _, colour, _icon) in _KINDS.items():
        if sums[field]:
            yield f":{colour}[{format_count(sums[field])} {name.lower()}]"
    if sums["cost_change_micros"]:
        yield escape_markdown(_cost(sums["cost_change_micros"], currency))


def _describe_opt_outs(opt_outs: OptOuts) -> str:
    reason = describe_reason(opt_outs.reason)
    return f":material/block: **{name_rule(opt_outs.rule_id)}** {format_count(opt_outs.count)} not sent: {reason}"


def _describe_difference(differing: Differing, business: Business) -> Iterator[str]:
    name, _, colour, icon = _KINDS.get(differing.kind, (differing.kind, "", "gray", "help"))
    link = link_to_command(business.tenant_id, differing.command_key)
    yield f"{badge(colour, icon, name)} [{name_rule(differing.rule_id)}]({link})"
    for label, side in (("Now", differing.before), ("Then", differing.after)):
        if side is not None:
            words = side.content.get("text") or side.content.get("title") or side.content.get("problem")
            when = escape_markdown(format_instant(side.due_at, business.zone))
            preview = escape_markdown(shorten(str(words), length=_TEXT_LENGTH)) if words else ""
            yield f":gray[:small[{label}, {when}]] :small[{preview}]"


def _build_chart(rule_days: Iterable[RuleDay], *, step: _Step) -> alt.Chart:
    rows = [
        {"day": pd.Timestamp(each.day), "kind": name, "count_commands": getattr(each.counts, field)}
        for each in rule_days
        for field, (name, *_) in _KINDS.items()
    ]
    data = pd.DataFrame(rows)
    if step == "week":
        data = data.assign(day=data["day"].dt.to_period("W").dt.start_time)
    counted = data.groupby(["day", "kind"], as_index=False)["count_commands"].sum()
    counted = counted[counted["count_commands"] > 0]
    unit = "yearmonthdate" if step == "day" else "yearweek"
    colours = alt.Scale(domain=[kind[0] for kind in _KINDS.values()], range=[kind[1] for kind in _KINDS.values()])
    chart: alt.Chart = (
        alt.Chart(counted, height=240)
        .mark_bar()
        .encode(
            x=alt.X(f"{unit}(day):T", title=None, axis=alt.Axis(format="%-d %b %y", labelOverlap=True)),
            y=alt.Y("count_commands:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("kind:N", title=None, scale=colours, legend=alt.Legend(orient="bottom", columns=2)),
            tooltip=[
                alt.Tooltip("day:T", title=step.capitalize(), format="%a %-d %b %Y"),
                alt.Tooltip("kind:N", title="Difference"),
                alt.Tooltip("count_commands:Q", title="Messages and tasks", format=","),
            ],
        )
    )
    return chart
