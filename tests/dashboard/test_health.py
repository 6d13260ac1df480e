"""When the file is called stale, and a source silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.frame import health

NOW = datetime(2025, 3, 4, 2, 12, tzinfo=UTC)


def freshness(*, age: timedelta, behind: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        modelled_sequence=1000,
        log_sequence=1000 + behind,
        published_at=NOW - age,
        last_received_at=NOW - age - timedelta(seconds=1),
    )


def source(**columns: Any) -> SimpleNamespace:
    usual: dict[str, Any] = {
        "is_configured": True,
        "last_event_at": NOW,
        "is_silent": False,
        "silent_seconds": 0,
        "count_rejections_7d": 0,
    }
    return SimpleNamespace(**{**usual, **columns})


@pytest.mark.parametrize(
    ("age", "behind", "label", "needs_attention"),
    [
        (timedelta(seconds=2), 0, "Up to date", False),
        (timedelta(minutes=15), 0, "Up to date", False),
        (timedelta(minutes=15, seconds=1), 0, "Stale", True),
        (timedelta(seconds=2), 40, "Updating…", False),
        (timedelta(minutes=2), 40, "Falling behind", True),
        (timedelta(hours=1), 40, "Stale", True),
    ],
)
def test_freshness(age: timedelta, behind: int, label: str, *, needs_attention: bool) -> None:
    judgement = health.judge_freshness(freshness(age=age, behind=behind), now=NOW)
    assert (judgement.label, judgement.needs_attention) == (label, needs_attention)


def test_freshness_is_told_in_words() -> None:
    judgement = health.judge_freshness(freshness(age=timedelta(seconds=30), behind=1), now=NOW)
    assert judgement.detail == "Published 30 s ago · newest event 31 s ago · 1 event behind the log"


def test_a_file_that_does_not_say_when_needs_attention() -> None:
    assert health.judge_freshness(None, now=NOW).needs_attention


def test_a_stale_badge_is_amber() -> None:
    assert health.judge_freshness(freshness(age=timedelta(hours=1)), now=NOW).badge.startswith(":orange-badge[")


@pytest.mark.parametrize(
    ("columns", "label", "colour"),
    [
        ({}, "Receiving", "green"),
        ({"is_silent": True, "silent_seconds": 32_400}, "Silent for 9 h", "red"),
        # Silence loses facts, a refusal is at least known: silence is said first.
        ({"is_silent": True, "silent_seconds": 32_400, "count_rejections_7d": 2}, "Silent for 9 h", "red"),
        ({"count_rejections_7d": 2}, "2 refused", "orange"),
        ({"last_event_at": None, "is_silent": True}, "Nothing received yet", "gray"),
        ({"is_configured": False}, "History", "gray"),
    ],
)
def test_source(columns: dict[str, Any], label: str, colour: str) -> None:
    judgement = health.judge_source(source(**columns))
    assert (judgement.label, judgement.colour) == (label, colour)


def test_unknown_types_beyond_the_first_three_are_counted() -> None:
    types = [("wix.a", 1200), ("wix.b`", 3), ("wix.c", 2), ("wix.d", 1), ("wix.e", 1)]
    described = health.describe_unknown_types(types)
    assert described == "`wix.a` 1,200 times, `wix.b'` 3 times, `wix.c` 2 times and 2 more"
