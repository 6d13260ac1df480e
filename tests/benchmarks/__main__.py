"""`python -m tests.benchmarks` (make bench): measures, prints the figures, writes build/bench.json."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.benchmarks.attribution import measure_attribution
from tests.benchmarks.booking_requests import measure_booking_requests
from tests.benchmarks.bookings import measure_bookings
from tests.benchmarks.configuration import ConfigurationPlan, measure_configuration
from tests.benchmarks.figures import Figures, Report
from tests.benchmarks.homes import BenchHomes
from tests.benchmarks.intake import IntakePlan, measure_intake, measure_processes
from tests.benchmarks.live import LivePlan, compare_live, measure_live
from tests.benchmarks.machine import describe_commit, describe_machine, measure_speed
from tests.benchmarks.outage import measure_outage
from tests.benchmarks.outbox import OutboxPlan, measure_outbox
from tests.benchmarks.pages import PagesPlan, measure_pages
from tests.benchmarks.rebuild import measure_rebuild
from tests.benchmarks.rest import RestPlan, measure_rest
from tests.benchmarks.texts import TextsPlan, measure_texts

_BUILD = Path(__file__).parents[2] / "build"
_SMALL_HISTORY = 10_000
_TEXTS_HISTORY = 100_000

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Part(StrEnum):
    """What can be measured by itself."""

    INTAKE = "intake"
    REBUILD = "rebuild"
    LIVE = "live"
    OUTBOX = "outbox"
    TEXTS = "texts"
    OUTAGE = "outage"
    PAGES = "pages"
    REST = "rest"
    ATTRIBUTION = "attribution"
    CONFIGURATION = "configuration"
    BOOKINGS = "bookings"
    BOOKING_REQUESTS = "booking-requests"


@app.command()
def bench(
    only: Annotated[list[Part] | None, typer.Option(help="Measure this alone; may be given several times.")] = None,
    events: Annotated[int, typer.Option(min=1_000, help="Length of the long history.")] = 1_000_000,
    samples: Annotated[int, typer.Option(min=20, help="Live deliveries at each length of history.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of intake, each a few seconds long.")] = 7,
) -> None:
    """Measure on a quiet machine: everything at full scale takes about half an hour and 8 GB of disk."""
    report = Report(Console())
    homes = BenchHomes(_BUILD / "bench", report)
    plan = LivePlan(samples=samples)
    figures: Figures = {
        "load_average_before": round(os.getloadavg()[0], 2),
        "count_to_5m_s_before": measure_speed(),
    }

    def live() -> Figures:
        # Short, then long: the rebuild has left the long one's warehouse ready.
        return compare_live(
            *(measure_live(homes.home(count), report, plan=plan) for count in (_SMALL_HISTORY, events))
        )

    def intake() -> Figures:
        plan, folder = IntakePlan(rounds=rounds), _BUILD / "bench" / "intake"
        return measure_intake(folder, report, plan=plan) | measure_processes(folder, report, plan=plan)

    parts: dict[Part, Callable[[], Figures]] = {
        Part.INTAKE: intake,
        Part.REBUILD: lambda: measure_rebuild(homes.home(events), report),
        Part.LIVE: live,
        Part.PAGES: lambda: measure_pages(homes.home(events), report, plan=PagesPlan()),
        Part.TEXTS: lambda: measure_texts(homes.home(_TEXTS_HISTORY), report, plan=TextsPlan()),
        Part.REST: lambda: measure_rest(homes.home(_TEXTS_HISTORY), report, plan=RestPlan()),
        Part.OUTAGE: lambda: measure_outage(homes.home(_TEXTS_HISTORY), report, plan=TextsPlan(samples=60)),
        Part.CONFIGURATION: lambda: measure_configuration(homes.home(events), report, plan=ConfigurationPlan()),
        Part.BOOKINGS: lambda: measure_bookings(_BUILD / "bench" / "bookings", report),
        Part.BOOKING_REQUESTS: lambda: measure_booking_requests(homes.home(events), report),
        Part.ATTRIBUTION: lambda: measure_attribution(report),
        Part.OUTBOX: lambda: measure_outbox(_BUILD / "bench" / "outbox", report, plan=OutboxPlan()),
    }
    try:
        for part, measure in parts.items():
            if not only or part in only:
                figures |= measure()
    finally:
        homes.remove()
    figures["count_to_5m_s_after"] = measure_speed()
    report.show(figures)
    _write(figures, _BUILD / "bench.json")


def _write(figures: Figures, file: Path) -> None:
    """Write figures, commit and machine; other figures of the same commit stay."""
    content: dict[str, object] = {"commit": describe_commit(), "machine": describe_machine()}
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if known.get("commit") == content["commit"] and known.get("machine") == content["machine"]:
        content = known
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content | figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
