"""Named figures, what they should be, and how they are shown and kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

Figures = dict[str, float]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the ascending values that `percent` of them do not exceed."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def scale_name(count: int) -> str:
    """Return a number of events as it stands in the figures' names: 10k, 1m."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if count % size == 0:
            return f"{count // size}{letter}"
    return str(count)


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be."""

    limit: float
    is_floor: bool = False

    def is_met(self, value: float) -> bool:
        """Tell whether the value is good enough."""
        return value >= self.limit if self.is_floor else value < self.limit

    def __str__(self) -> str:
        return f"{'at least' if self.is_floor else 'under'} {self.limit:g}"


_PAGES = (
    "today", "inbox", "contacts", "contact", "pipeline", "attribution", "reports", "activity", "systems", "outbox",
    "automations",
)  # fmt: skip

TARGETS: Mapping[str, Target] = {
    "intake_ratio": Target(0.8, is_floor=True),
    "intake_p99_ms_at_1000": Target(50),
    "live_p50_ms_10k": Target(500),
    "live_p95_ms_10k": Target(1_000),
    "live_p95_ratio": Target(1.5),
    "webhook_to_sms_p50_ms": Target(300),
    "webhook_to_sms_p95_ms": Target(1_000),
    "webhook_to_email_p50_ms": Target(300),
    "webhook_to_email_p95_ms": Target(1_000),
    "bookings_list_p95_ms_sqlite": Target(30),
    "bookings_list_p95_ms_postgresql": Target(30),
    "bookings_create_p95_ms_sqlite": Target(50),
    "bookings_create_p95_ms_postgresql": Target(50),
    "bookings_v1_all_p95_ms": Target(200),
    "rest_idle_pss_mb": Target(1_000),
    "rest_idle_cpu_s_a_minute": Target(1),
    "rest_today_cpu_s_a_minute": Target(2),
    "start_first_text_s": Target(5),
    **{f"pages_{page}_first_content_ms": Target(1_000) for page in _PAGES},
}


class Report:
    """Tells on the terminal what is being done, and the figures."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def step(self, text: str) -> None:
        """Say what begins now."""
        self.console.print(f"[dim]{text}[/]", highlight=False)

    def show(self, figures: Figures) -> None:
        """Print all figures beside their targets."""
        table = Table("figure", "measured", "target", "", title="Benchmarks")
        for column in table.columns[1:2]:
            column.justify = "right"
        for name, value in figures.items():
            target = TARGETS.get(name)
            verdict = "" if target is None else "[green]met[/]" if target.is_met(value) else "[red]missed[/]"
            table.add_row(name, f"{value:,}", str(target or ""), verdict)
        self.console.print(table)
