"""The provider in measurements of intake: sends loads, and keeps count of what was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.load_client import Load, run_load
from tests.benchmarks.noop_server import PATH
from tests.benchmarks.receiver import Server

ACCEPTED = '{"status":"accepted"'
NOTHING_DONE = '{"status":'
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Round:
    """One load on one server, or spread over several."""

    per_s: float
    server_cpu_share: float  #: of one core, of all the servers together
    client_cpu_share: float
    latencies_ms: list[float]


class IntakeClient:
    """Sends loads that are signed with one secret; no two have an event in common."""

    def __init__(self, *, secret: str) -> None:
        self._secret = secret
        self._count_loads = 0
        self._count_accepted = 0

    def send(self, *servers: Server, good: str, count: int, per_second: float | None = None) -> Round:
        """Send `count` deliveries. Raises RuntimeError unless every answer is the good one."""
        self._count_loads += 1
        load = Load(
            ports=[server.port for server in servers],
            path=PATH,
            secret=self._secret,
            good=good,
            prefix=f"evt_{self._count_loads:04d}",
            count=count,
            connections=_CONNECTIONS,
            observed=[server.process_id for server in servers],
            per_second=per_second,
        )
        result = run_load(load)
        if result.count_bad:
            raise RuntimeError(
                f"{result.count_bad} of {count} answers were not {good}; the first: {result.first_bad}"
            )
        if good == ACCEPTED:
            self._count_accepted += count
        return Round(
            per_s=count / result.elapsed_s,
            server_cpu_share=result.observed_cpu_share,
            client_cpu_share=result.cpu_share,
            latencies_ms=result.latencies_ms,
        )

    def check_kept(self, kept: Sequence[str]) -> None:
        """Raise RuntimeError unless the log kept exactly one delivery for each that was accepted.

        kept: the source's ids of all webhooks in the log.
        """
        if not len(kept) == len(set(kept)) == self._count_accepted:
            raise RuntimeError(f"{self._count_accepted} deliveries were accepted, but the log has {len(kept)}")
