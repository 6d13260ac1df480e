"""The outbox's benchmark, at a small scale: every command goes through, and each figure is there."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from tests.benchmarks.figures import Report
from tests.benchmarks.outbox import OutboxPlan, measure_outbox


def test_every_way_is_measured(tmp_path: Path) -> None:
    plan = OutboxPlan(rounds=1, commands_per_round=40, workers=3)

    figures = measure_outbox(tmp_path / "outbox", Report(Console(quiet=True)), plan=plan)

    assert figures.keys() == {
        "outbox_bare_calls_per_s",
        "outbox_per_s_sqlite",
        "outbox_per_s_postgresql",
        "outbox_workers",
    }
    assert min(figures.values()) > 0
