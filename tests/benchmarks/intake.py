"""Intake: durable, verified deliveries per second on one process, beside FastAPI doing nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.cores import SERVER_CORE
from tests.benchmarks.figures import Figures, Report, percentile
from tests.benchmarks.load_client import Load, run_load
from tests.benchmarks.noop_server import PATH
from tests.benchmarks.receiver import Server, prepare_site, running_noop, running_receiver

_TENANT = "noizylab"
_ACCEPTED = '{"status":"accepted"'
_NOTHING = '{"status":'
_CONNECTIONS = 64
_WARM_UP = 2_000


@dataclass(frozen=True, slots=True)
class IntakePlan:
    """How long to measure."""

    rounds: int = 7
    requests_per_round: int = 30_000
    offered_per_s: int = 1_000
    offered_for_s: int = 20


@dataclass(frozen=True, slots=True)
class _Round:
    """One load on one server."""

    per_s: float
    server_cpu_share: float
    client_cpu_share: float
    latencies_ms: list[float]


def measure_intake(folder: Path, report: Report, *, plan: IntakePlan) -> Figures:
    """Return the intake figures: medians of rounds. Raises RuntimeError where an answer or a row is missing.

    Both servers stay up and the rounds alternate, so that whatever else the machine does meets both alike.
    """
    shutil.rmtree(folder, ignore_errors=True)
    site = prepare_site(folder)
    with running_receiver(site, core=SERVER_CORE) as receiver, running_noop(folder) as noop:
        client = _Client(secret=site.secrets[_TENANT]["STRIPE_WEBHOOK_SECRET"])
        client.send(receiver, _ACCEPTED, count=_WARM_UP)
        client.send(noop, _NOTHING, count=_WARM_UP)
        intake, nothing = [], []
        for number in range(1, plan.rounds + 1):
            report.step(f"intake: round {number} of {plan.rounds}")
            intake.append(client.send(receiver, _ACCEPTED, count=plan.requests_per_round))
            nothing.append(client.send(noop, _NOTHING, count=plan.requests_per_round))
        report.step(f"intake: {plan.offered_per_s:,}/s offered for {plan.offered_for_s} s")
        count = plan.offered_per_s * plan.offered_for_s
        offered = client.send(receiver, _ACCEPTED, count=count, per_second=plan.offered_per_s)
    client.check_log(site.home / "frontdesk.db")
    shutil.rmtree(folder)
    return _figures(intake, nothing, offered)


def _figures(intake: Sequence[_Round], nothing: Sequence[_Round], offered: _Round) -> Figures:
    return {
        "intake_per_s": round(median(sent.per_s for sent in intake)),
        "noop_per_s": round(median(sent.per_s for sent in nothing)),
        # Of each pair of rounds, which met the same machine; not of the medians.
        "intake_ratio": round(median(a.per_s / b.per_s for a, b in zip(intake, nothing, strict=True)), 3),
        "intake_p50_ms_at_1000": round(percentile(offered.latencies_ms, 50), 2),
        "intake_p99_ms_at_1000": round(percentile(offered.latencies_ms, 99), 2),
        "intake_max_ms_at_1000": round(offered.latencies_ms[-1], 2),
        # The client must have processor time to spare, the server none: else the client was measured.
        "intake_server_cpu_share": round(median(sent.server_cpu_share for sent in intake), 2),
        "intake_client_cpu_share": round(median(sent.client_cpu_share for sent in intake), 2),
        "noop_server_cpu_share": round(median(sent.server_cpu_share for sent in nothing), 2),
        "noop_client_cpu_share": round(median(sent.client_cpu_share for sent in nothing), 2),
    }


class _Client:
    """Sends loads, and keeps count of what was accepted."""

    def __init__(self, *, secret: str) -> None:
        self._secret = secret
        self._count_loads = 0
        self._count_accepted = 0

    def send(self, server: Server, good: str, *, count: int, per_second: float | None = None) -> _Round:
        """Send `count` deliveries. Raises RuntimeError unless every answer is the good one."""
        self._count_loads += 1
        load = Load(
            port=server.port,
            path=PATH,
            secret=self._secret,
            good=good,
            prefix=f"evt_{self._count_loads:04d}",
            count=count,
            connections=_CONNECTIONS,
            observed=server.process_id,
            per_second=per_second,
        )
        result = run_load(load)
        if result.count_bad:
            raise RuntimeError(
                f"{result.count_bad} of {count} answers were not {good}; the first: {result.first_bad}"
            )
        if good == _ACCEPTED:
            self._count_accepted += count
        return _Round(
            per_s=count / result.elapsed_s,
            server_cpu_share=result.observed_cpu_share,
            client_cpu_share=result.cpu_share,
            latencies_ms=result.latencies_ms,
        )

    def check_log(self, database: Path) -> None:
        """Raise RuntimeError unless the log has exactly one row for each accepted delivery."""
        with closing(sqlite3.connect(database)) as connection:
            (count,) = connection.execute("select count(*) from event_log").fetchone()
        if count != self._count_accepted:
            raise RuntimeError(f"{self._count_accepted} deliveries were accepted, but the log has {count} rows")
