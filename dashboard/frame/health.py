"""Judges how fresh the published file is and how each source is doing; pure, so that the words can be tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from dashboard.parts.formatting import escape_markdown, format_count, format_quantity, format_relative
from frontdesk.core.time_words import age_words

#: Age from which the published file is called stale. The pipelines publish after every batch of events and, when
#: nothing comes in, every few minutes: an old file means that they stopped, not that nothing happened.
STALE_AFTER = timedelta(minutes=15)
#: Age from which events that wait to be modelled mean trouble, not work in progress.
STUCK_AFTER = timedelta(minutes=1)

Colour = Literal["green", "blue", "orange", "red", "gray"]


@dataclass(frozen=True)
class Judgement:
    """A state in one or two words, its colour and icon, and the facts behind it."""

    label: str
    colour: Colour
    icon: str
    detail: str = ""

    @property
    def badge(self) -> str:
        """The label as a Markdown badge."""
        return f":{self.colour}-badge[:material/{self.icon}: {escape_markdown(self.label)}]"

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look."""
        return self.colour in ("orange", "red")


def count_events_behind(freshness: Any) -> int:
    """Return how many events of the log the published file does not hold yet, as far as it knows."""
    return max(0, int(freshness.log_sequence or 0) - int(freshness.modelled_sequence or 0))


def judge_freshness(freshness: Any, *, now: datetime) -> Judgement:
    """Judge a row of rpt_freshness (None if it has none)."""
    if freshness is None or freshness.published_at is None:
        return Judgement("Never published", "orange", "schedule", "The file does not say when it was published")
    age = now - freshness.published_at
    behind = count_events_behind(freshness)
    facts = [f"published {format_relative(freshness.published_at, now=now)}"]
    if freshness.last_received_at is not None:
        facts.append(f"newest event {format_relative(freshness.last_received_at, now=now)}")
    if behind:
        facts.append(f"{format_quantity(behind, 'event')} behind the log")
    detail = " · ".join(facts)
    detail = detail[0].upper() + detail[1:]
    if age > STALE_AFTER:
        return Judgement("Stale", "orange", "schedule", detail)
    if behind and age > STUCK_AFTER:
        return Judgement("Falling behind", "orange", "hourglass_bottom", detail)
    if behind:
        return Judgement("Updating…", "blue", "sync", detail)
    return Judgement("Up to date", "green", "check_circle", detail)


def is_silent(source: Any) -> bool:
    """Return whether a source that used to deliver stopped; one that never did waits for its first delivery."""
    return bool(source.is_silent) and source.last_event_at is not None


def judge_source(source: Any) -> Judgement:
    """Judge a row of rpt_source_health: silence before refusals, because silence loses facts."""
    if source.last_event_at is None:
        label = "Nothing received yet" if source.is_configured else "Not configured"
        return Judgement(label, "gray", "hourglass_empty")
    if is_silent(source):
        label = f"Silent for {age_words(source.silent_seconds)}"
        todo = "Check that its webhook still points here"
        return Judgement(label, "red", "notifications_off", todo)
    if source.count_rejections_7d:
        refused = source.count_rejections_7d
        return Judgement(f"{format_count(refused)} refused", "orange", "gpp_maybe")
    if not source.is_configured:
        return Judgement("History", "gray", "history")
    return Judgement("Receiving", "green", "check_circle")


def describe_unknown_types(types: Sequence[tuple[str, int]], *, shown: int = 3) -> str:
    """Return `(type, count)` pairs as Markdown: the most frequent by name, the others by number."""
    named = ", ".join(f"`{_code(name)}` {format_count(count)} times" for name, count in types[:shown])
    more = len(types) - shown
    return f"{named} and {more} more" if more > 0 else named


def _code(text: str) -> str:
    # Inside a code span nothing is escaped, so a backtick in the type is the one character that could end it.
    return text.replace("`", "'")
