"""Live: from the receiver's 200 to the row that an analyst reads in analytics.duckdb, with a history behind it."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.benchmarks.figures import Figures, Report, percentile, scale_name
from tests.benchmarks.history import contacts_of_history
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.live_deliveries import Expected, Sent, live_deliveries
from tests.benchmarks.receiver import REPOSITORY, Site
from tests.benchmarks.running_system import running_system

_SEEN_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class LivePlan:
    """How long to measure."""

    samples: int = 200
    warm_up: int = 10  #: not counted: the first publishes copy the file for each place in the ring
    gap_s: float = 1.0  #: mean; a shop with a million events a year has one every thirty seconds
    jitter_s: float = 0.4


def measure_live(home: BenchHome, report: Report, *, plan: LivePlan) -> Figures:
    """Return the live figures of a home. Raises RuntimeError where a delivery is refused or never seen."""
    scale = scale_name(home.count)
    # With the stand-ins: what is decided goes out, and its outcomes and receipts come back to be modelled too.
    with running_system(home, report) as system:
        report.step(f"live, {home.count:,} events behind it: {plan.samples} deliveries")
        latencies = _measure(system.site, home, home.folder / "analytics.duckdb", plan)
    return {
        f"live_p50_ms_{scale}": round(percentile(latencies, 50), 1),
        f"live_p95_ms_{scale}": round(percentile(latencies, 95), 1),
        f"live_max_ms_{scale}": round(latencies[-1], 1),
        f"live_samples_{scale}": len(latencies),
    }


def compare_live(short: Figures, long: Figures) -> Figures:
    """Return both, and how many times the long history's p95 is that of the short one."""
    p95_short, p95_long = (next(v for k, v in f.items() if k.startswith("live_p95")) for f in (short, long))
    return short | long | {"live_p95_ratio": round(p95_long / p95_short, 2)}


def _measure(site: Site, home: BenchHome, published: Path, plan: LivePlan) -> list[float]:
    """Return latencies in milliseconds, ascending."""
    rng = Random(1)
    deliveries = live_deliveries(site, contacts_of_history(count=home.count), seed=str(time.time_ns()))
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    accepted_at: dict[Expected, float] = {}
    with _looking(published) as analyst:
        due_at = time.monotonic()
        for _ in range(plan.warm_up + plan.samples):
            due_at += plan.gap_s + rng.uniform(-plan.jitter_s, plan.jitter_s)
            time.sleep(max(0.0, due_at - time.monotonic()))
            sent = next(deliveries)
            _post(connection, sent)
            accepted_at[sent.expected] = time.monotonic()
            analyst.look_for(sent.expected)
        seen_at = analyst.wait_for_all(len(accepted_at))
    counted = list(accepted_at.items())[plan.warm_up :]
    return sorted((seen_at[expected.value] - at) * 1000 for expected, at in counted)


def _post(connection: http.client.HTTPConnection, sent: Sent) -> None:
    connection.request("POST", sent.request.path, body=sent.request.body, headers=dict(sent.request.headers))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{sent.request.path} was answered {answer.status}: {body.decode(errors='replace')}")


class _Analyst:
    """The reading process (tests/benchmarks/live_reader.py) and what it has seen."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._seen_at: dict[str, float] = {}
        self._news = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def look_for(self, expected: Expected) -> None:
        """Have it look for a row until it is there."""
        if self._process.stdin:
            print(*expected, file=self._process.stdin, flush=True)

    def wait_for_all(self, count: int) -> dict[str, float]:
        """Return when each of `count` rows was seen (monotonic seconds). Raises RuntimeError if one is not."""
        with self._news:
            if not self._news.wait_for(lambda: len(self._seen_at) >= count, timeout=_SEEN_TIMEOUT_S):
                raise RuntimeError(
                    f"only {len(self._seen_at)} of {count} deliveries were seen; is a reader locked out?"
                )
            return dict(self._seen_at)

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            value, seconds = line.split()
            with self._news:
                self._seen_at[value] = float(seconds)
                self._news.notify_all()


@contextmanager
def _looking(published: Path) -> Iterator[_Analyst]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.live_reader", str(published)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    try:
        yield _Analyst(process)
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(timeout=30)
