"""One provider down: what the texts and e-mails of the others take meanwhile, and how it drains once it is back."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import httpx

from tests.benchmarks.figures import Figures, Report, percentile
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.running_system import RunningSystem, running_system
from tests.benchmarks.texts import (
    CLICKSEND_TENANT,
    Posted,
    TextsPlan,
    milliseconds,
    post_all,
    wait_for_all,
)

#: Longer than the breaker's pause can grow while the measurement lasts, and than draining takes at a text a second.
_DRAINED_WITHIN_S = 600.0


def measure_outage(home: BenchHome, report: Report, *, plan: TextsPlan) -> Figures:
    """Return the figures of Twilio and Graph with ClickSend up and then down, and of ClickSend's coming back.

    Raises RuntimeError where a message is missing in the end, or was sent twice.
    """
    with running_system(home, report) as system:
        report.step(f"{plan.samples} deliveries with every provider up")
        with_all_up = list(post_all(system.site, plan=plan))
        wait_for_all(system, with_all_up)
        _behave(system, mode="server_error")
        report.step(f"{plan.samples} deliveries with ClickSend down")
        with_one_down = list(post_all(system.site, plan=plan))
        _behave(system, mode="ok")
        back_at = datetime.now(UTC)
        report.step("ClickSend is back: waiting until all of its texts are sent")
        accepted = wait_for_all(system, with_all_up + with_one_down, timeout_s=_DRAINED_WITHIN_S)
    drained = [accepted[one.addresses[0]] for one in with_one_down if _waits_for_clicksend(one)]
    return {
        **_others("outage_others_up", with_all_up[plan.warm_up :], accepted),
        **_others("outage_others_down", with_one_down[plan.warm_up :], accepted),
        "outage_waiting": len(drained),
        "outage_drained_s": round((max(drained) - back_at).total_seconds(), 1),
        "outage_drained_out_of_order": sum(later < earlier for earlier, later in pairwise(drained)),
    }


def _others(name: str, posted: list[Posted], accepted: dict[str, datetime]) -> Figures:
    latencies = sorted(
        milliseconds(one.posted_at, accepted[address])
        for one in posted
        if not _waits_for_clicksend(one)
        for address in one.addresses
    )
    return {
        f"{name}_p50_ms": round(percentile(latencies, 50), 1),
        f"{name}_p95_ms": round(percentile(latencies, 95), 1),
    }


def _waits_for_clicksend(one: Posted) -> bool:
    return one.tenant == CLICKSEND_TENANT


def _behave(system: RunningSystem, *, mode: str) -> None:
    behaviour = {"mode": mode, "look_ups": mode != "ok"}
    httpx.post(f"{system.sandbox_url}/control/behaviour/clicksend", json=behaviour).raise_for_status()
