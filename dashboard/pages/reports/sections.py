"""Stages and credits of a report as they were known then, beside what is known now: Markdown. Pure; shows nothing."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from dashboard.pages.attribution.tables import name_channel
from dashboard.pages.reports.kept_report import KeptReport
from dashboard.parts.formatting import MISSING, escape_markdown, format_count, format_money

THEN, NOW = "As we knew it then", "With what we know now"


def compare_stages(then: KeptReport, now: list[Any]) -> pd.DataFrame:
    """Return a line per stage that anybody came into by either; `now` are rows of report_queries.fetch_stages."""
    kept = {(each.pipeline, each.stage): each for each in then.stages}
    known = {(each.pipeline, each.stage): each for each in now}
    return _compare(
        {key: f"{each.pipeline_name}: {each.stage_name}" for key, each in (known | kept).items()},
        {key: _describe_stage(each) for key, each in kept.items()},
        {key: _describe_stage(each) for key, each in known.items()},
        heading="Stage",
    )


def compare_credits(then: KeptReport, now: list[Any]) -> pd.DataFrame:
    """Return a line per channel that either credits; `now` are rows of report_queries.fetch_credits."""
    if then.credits is None:
        return pd.DataFrame()
    currency = then.credits.currency
    kept = {each.channel: each for each in then.credits.channels}
    known = {each.channel: each for each in now}
    return _compare(
        {key: name_channel(key) for key in known | kept},
        {key: _describe_credit(each, currency) for key, each in kept.items()},
        {key: _describe_credit(each, currency) for key, each in known.items()},
        heading="Channel",
    )


def _compare(
    names: Mapping[Hashable, str], then: Mapping[Hashable, str], now: Mapping[Hashable, str], *, heading: str
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            heading: [escape_markdown(name) for name in names.values()],
            THEN: [escape_markdown(then.get(key, MISSING)) for key in names],
            NOW: [_mark(now.get(key, MISSING), then.get(key, MISSING)) for key in names],
        }
    )


def _mark(now: str, then: str) -> str:
    """Return what is known now, bold if it was known otherwise."""
    return escape_markdown(now) if now == then else f"**{escape_markdown(now)}**"


def _describe_stage(each: Any) -> str:
    counts = (("entered", each.entered), ("moved on", each.went_on), ("won", each.won), ("lost", each.lost))
    return ", ".join(f"{format_count(int(count))} {what}" for what, count in counts if count or what == "entered")


def _describe_credit(each: Any, currency: str) -> str:
    return f"{each.conversions:,.2f} conversions, {format_money(int(each.revenue_minor), currency)}"
