"""Intake: durable, verified deliveries per second, of one process beside FastAPI doing nothing, and of several."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from sqlalchemy import select

from frontdesk.core.log.database import open_engine
from frontdesk.core.log.envelope import Origin
from frontdesk.core.log.schema import event_log
from tests.benchmarks.cores import SERVER_CORE
from tests.benchmarks.figures import Figures, Report, percentile
from tests.benchmarks.intake_client import ACCEPTED, NOTHING_DONE, IntakeClient, Round
from tests.benchmarks.receiver import free_port, prepare_site, running_noop, running_receiver
from tests.core.postgres import temporary_server

_TENANT = "noizylab"
_WARM_UP = 2_000
#: Receivers that share one PostgreSQL.
_PROCESSES = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class IntakePlan:
    """How long to measure."""

    rounds: int = 7
    requests_per_round: int = 30_000
    requests_on_postgresql: int = 10_000
    offered_per_s: int = 1_000
    offered_for_s: int = 20


def measure_intake(folder: Path, report: Report, *, plan: IntakePlan) -> Figures:
    """Return the intake figures: medians of rounds. Raises RuntimeError where an answer or a row is missing.

    Both servers stay up and the rounds alternate, so that whatever else the machine does meets both alike.
    """
    shutil.rmtree(folder, ignore_errors=True)
    site = prepare_site(folder)
    with running_receiver(site, core=SERVER_CORE) as receiver, running_noop(folder) as noop:
        client = IntakeClient(secret=site.secrets[_TENANT]["STRIPE_WEBHOOK_SECRET"])
        client.send(receiver, good=ACCEPTED, count=_WARM_UP)
        client.send(noop, good=NOTHING_DONE, count=_WARM_UP)
        intake, nothing = [], []
        for number in range(1, plan.rounds + 1):
            report.step(f"intake: round {number} of {plan.rounds}")
            intake.append(client.send(receiver, good=ACCEPTED, count=plan.requests_per_round))
            nothing.append(client.send(noop, good=NOTHING_DONE, count=plan.requests_per_round))
        report.step(f"intake: {plan.offered_per_s:,}/s offered for {plan.offered_for_s} s")
        count = plan.offered_per_s * plan.offered_for_s
        offered = client.send(receiver, good=ACCEPTED, count=count, per_second=plan.offered_per_s)
    client.check_kept(_kept_ids(f"sqlite:///{site.home / 'frontdesk.db'}"))
    shutil.rmtree(folder)
    return _figures(intake, nothing, offered)


def measure_processes(folder: Path, report: Report, *, plan: IntakePlan) -> Figures:
    """Return what one, two and four receivers on one PostgreSQL take together; raises what measure_intake does.

    They, the database and the client share all cores. Each has its own port, as behind a proxy that spreads
    connections; all are up all the time, and the rounds alternate.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:
        url = stack.enter_context(temporary_server())
        site = prepare_site(folder)
        site = replace(site, environ={**site.environ, "FRONTDESK_DATABASE_URL": url})
        receivers = [stack.enter_context(running_receiver(site, port=free_port())) for _ in range(max(_PROCESSES))]
        client = IntakeClient(secret=site.secrets[_TENANT]["STRIPE_WEBHOOK_SECRET"])
        client.send(*receivers, good=ACCEPTED, count=_WARM_UP)
        per_s: dict[int, list[Round]] = {count: [] for count in _PROCESSES}
        for number in range(1, plan.rounds + 1):
            report.step(f"intake on PostgreSQL: round {number} of {plan.rounds}")
            for count, rounds in per_s.items():
                rounds.append(client.send(*receivers[:count], good=ACCEPTED, count=plan.requests_on_postgresql))
        client.check_kept(_kept_ids(url))
    shutil.rmtree(folder)
    figures: Figures = {}
    for count, rounds in per_s.items():
        figures[f"intake_per_s_postgresql_{count}"] = round(median(sent.per_s for sent in rounds))
        figures[f"intake_cpu_us_postgresql_{count}"] = round(median(_cpu_us(sent) for sent in rounds), 1)
    return figures


def _figures(intake: Sequence[Round], nothing: Sequence[Round], offered: Round) -> Figures:
    return {
        "intake_per_s": round(median(sent.per_s for sent in intake)),
        "noop_per_s": round(median(sent.per_s for sent in nothing)),
        # Of each pair of rounds, which met the same machine; not of the medians.
        "intake_ratio": round(median(a.per_s / b.per_s for a, b in zip(intake, nothing, strict=True)), 3),
        # Processor time for one delivery as a share of that for nothing: what others on the machine do not change.
        "intake_cpu_us": round(median(_cpu_us(sent) for sent in intake), 1),
        "noop_cpu_us": round(median(_cpu_us(sent) for sent in nothing), 1),
        "intake_p50_ms_at_1000": round(percentile(offered.latencies_ms, 50), 2),
        "intake_p99_ms_at_1000": round(percentile(offered.latencies_ms, 99), 2),
        "intake_max_ms_at_1000": round(offered.latencies_ms[-1], 2),
        # The client must have processor time to spare, the server none: else the client was measured.
        "intake_server_cpu_share": round(median(sent.server_cpu_share for sent in intake), 2),
        "intake_client_cpu_share": round(median(sent.client_cpu_share for sent in intake), 2),
        "noop_server_cpu_share": round(median(sent.server_cpu_share for sent in nothing), 2),
        "noop_client_cpu_share": round(median(sent.client_cpu_share for sent in nothing), 2),
    }


def _cpu_us(sent: Round) -> float:
    return sent.server_cpu_share / sent.per_s * 1_000_000


def _kept_ids(url: str) -> list[str]:
    """Return the provider's id of every delivery in the log."""
    engine = open_engine(url)
    query = select(event_log.c.source_event_id).where(event_log.c.origin == Origin.WEBHOOK.value)
    with engine.connect() as connection:
        kept: list[str] = list(connection.scalars(query))
    engine.dispose()
    return kept
