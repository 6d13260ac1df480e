"""Is it alive, can it write, how is it doing: /healthz, /readyz, /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from core.database import check_writable
from core.errors import EventLogUnavailableError
from webhooks.metrics import ReceiverCollector, build_registry
from webhooks.outbox_metrics import OutboxCollector
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

#: An answer that takes longer is no use to a load balancer, nor to a provider.
READY_TIMEOUT_S = 2.0


class ReadinessProbe:
    """Tries to write; calls that come while one is trying share its result."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._trying: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Return if the log could be written just now. Raises EventLogUnavailableError."""
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(asyncio.to_thread(check_writable, self._runtime.engine))
        try:
            await asyncio.wait_for(asyncio.shield(self._trying), READY_TIMEOUT_S)
        except TimeoutError as error:
            raise EventLogUnavailableError(f"a write took longer than {READY_TIMEOUT_S:g} s") from error


def health_router(runtime: Runtime) -> APIRouter:
    """Return the routes for supervisors and Prometheus."""
    router = APIRouter(tags=["health"])
    probe = ReadinessProbe(runtime)
    registry = build_registry(
        ReceiverCollector(
            tallies=lambda: [intake.tally for intake in runtime.intakes.values()],
            gauges=lambda: _gauges(runtime),
            counters=lambda: _counters(runtime),
        )
    )
    registry.register(OutboxCollector(runtime.outbox, clock=runtime.clock))

    @router.get("/healthz", responses={200: _status_schema("ok")})
    async def healthz() -> dict[str, str]:
        """Tell that the process answers."""
        return {"status": "ok"}

    @router.get("/readyz", responses={200: _status_schema("ready"), **document_problems(503)})
    async def readyz() -> dict[str, str]:
        """Tell whether the event log can be written, by writing; nothing is left behind."""
        await probe.check()
        return {"status": "ready"}

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        """Return the receiver's numbers in Prometheus' text format."""
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})

    return router


def _gauges(runtime: Runtime) -> Iterator[tuple[str, str, float]]:
    try:
        last_sequence = float(runtime.log.last_sequence())
    except EventLogUnavailableError:
        last_sequence = float("nan")
    yield "frontdesk_event_log_last_sequence", "Newest sequence of the log; NaN if it can't be read.", last_sequence
    waiting = runtime.committer.count_waiting
    yield "frontdesk_event_log_queue_depth", "Deliveries that wait for their commit.", waiting
    yield "frontdesk_rejections_queue_depth", "Rejections that wait to be written.", runtime.rejections.count_waiting


def _counters(runtime: Runtime) -> Iterator[tuple[str, str, float]]:
    dropped = runtime.rejections.count_dropped
    yield "frontdesk_rejections_dropped", "Rejections that could not be written.", dropped


def _status_schema(status: str) -> dict[str, Any]:
    schema = {"type": "object", "required": ["status"], "properties": {"status": {"const": status}}}
    return {"description": "Yes", "content": {"application/json": {"schema": schema}}}
