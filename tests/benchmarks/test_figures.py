"""Figures: percentiles by rank, scales as names, targets as floors and ceilings."""

from __future__ import annotations

import pytest

from tests.benchmarks.figures import TARGETS, percentile, scale_name


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(50, 2.0), (75, 3.0), (95, 4.0), (100, 4.0), (1, 1.0)],
)
def test_a_percentile_is_the_value_that_so_many_do_not_exceed(percent: float, expected: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == expected


@pytest.mark.parametrize(("count", "name"), [(1_000_000, "1m"), (10_000, "10k"), (1_500_000, "1500k"), (12, "12")])
def test_a_scale_has_a_short_name(count: int, name: str) -> None:
    assert scale_name(count) == name


def test_targets_are_floors_or_ceilings() -> None:
    assert TARGETS["intake_ratio"].is_met(0.8)
    assert not TARGETS["intake_ratio"].is_met(0.79)
    assert TARGETS["live_p95_ms_10k"].is_met(999.9)
    assert not TARGETS["live_p95_ms_10k"].is_met(1_000)
