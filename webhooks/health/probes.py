"""Is it alive, can it write, how are it and the pipelines doing: /healthz, /readyz, /metrics."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import check_writable
from frontdesk.core.serving.hosts import KnownHosts, is_loopback
from frontdesk.domains.operations.incidents import IncidentBook
from frontdesk.domains.operations.readings import read_published
from frontdesk.domains.operations.signs import Signs
from frontdesk.domains.operations.summary import Summary, summarise
from webhooks.api.callers import client_address
from webhooks.health.metrics import ReceiverCollector, build_registry
from webhooks.health.outbox_metrics import OutboxCollector
from webhooks.health.pipeline_metrics import PipelineCollector
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
    hosts = KnownHosts.of(runtime.settings)
    probe = ReadinessProbe(runtime)
    registry = build_registry(
        ReceiverCollector(
            tallies=lambda: [intake.tally for intake in runtime.intakes.values()],
            gauges=lambda: _gauges(runtime),
            counters=lambda: _counters(runtime),
        )
    )
    registry.register(OutboxCollector(runtime.outbox, clock=runtime.clock))
    read_summary = _summary_reader(runtime)
    book = IncidentBook(runtime.engine, clock=runtime.clock, ids=runtime.ids, routes=lambda _: ())
    registry.register(
        PipelineCollector(
            summarise=read_summary,
            incidents=book.open_incidents,
            published=lambda: read_published(runtime.settings.analytics_path),
            clock=runtime.clock,
        )
    )

    @router.get("/healthz", responses={200: _status_schema("ok")})
    async def healthz() -> dict[str, str]:
        """Tell that the process answers."""
        return {"status": "ok"}

    @router.get("/readyz", response_class=Response, responses={200: _READY_SCHEMA, **document_problems(503)})
    async def readyz(
        whole: Annotated[bool, Query(description="Answer 503 where a part behind the receiver is ill, too.")] = False,
    ) -> Response:
        """Tell whether the event log can be written, by writing, and how the parts behind the receiver are doing.

        503 says that no delivery can be taken here: for load balancers. What is ill behind makes it `degraded`: the
        log takes deliveries all the same.
        """
        await probe.check()
        try:
            summary = await asyncio.wait_for(asyncio.to_thread(read_summary), READY_TIMEOUT_S)
        except TimeoutError as error:
            raise EventLogUnavailableError(f"a read took longer than {READY_TIMEOUT_S:g} s") from error
        status = HTTPStatus.SERVICE_UNAVAILABLE if whole and summary.is_degraded else HTTPStatus.OK
        return Response(_body_of(summary), status_code=status, media_type="application/json")

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **document_problems(403)},
    )
    def metrics(request: Request) -> Response:
        """Return the numbers in Prometheus' text format: to this machine, and to whom sends the token.

        They name every business, so another machine needs FRONTDESK_METRICS_TOKEN as bearer token.
        """
        _check_metrics_reader(request, token=runtime.metrics_token, hosts=hosts)
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})

    return router


def _summary_reader(runtime: Runtime) -> Callable[[], Summary]:
    signs = Signs(runtime.engine, clock=runtime.clock, ids=runtime.ids)
    settings = runtime.settings

    def read() -> Summary:
        return summarise(
            runtime.engine,
            signs,
            home=settings.home.absolute(),
            analytics_path=settings.analytics_path,
            least_free_bytes=settings.least_free_mib * 2**20,
            now=runtime.clock.now(),
        )

    return read


def _body_of(summary: Summary) -> bytes:
    components = {
        name: {"status": each.health, "detail": each.detail, "age_seconds": each.age_seconds}
        for name, each in summary.components.items()
    }
    return orjson.dumps({"status": "degraded" if summary.is_degraded else "ready", "components": components})


def _check_metrics_reader(request: Request, *, token: str | None, hosts: KnownHosts) -> None:
    """Raise HTTPException with 403 for who is neither on this machine nor has the token."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is not None and hmac.compare_digest(given, token.encode()):
        return
    headers = request.headers
    is_forwarded = any(name in headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    is_host_known = "host" not in headers or hosts.know(headers["host"])
    if not is_loopback(client_address(request)) or is_forwarded or not is_host_known:
        detail = "metrics are told to this machine only; send FRONTDESK_METRICS_TOKEN as bearer token"
        raise HTTPException(HTTPStatus.FORBIDDEN, detail)


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


_READY_SCHEMA: dict[str, Any] = {
    "description": "Deliveries can be taken",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["status", "components"],
                "properties": {
                    "status": {"enum": ["ready", "degraded"]},
                    "components": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "required": ["status", "detail", "age_seconds"],
                            "properties": {
                                "status": {"enum": ["ok", "degraded", "unknown"]},
                                "detail": {"type": "string"},
                                "age_seconds": {"type": ["number", "null"]},
                            },
                        },
                    },
                },
            }
        }
    },
}


def _status_schema(status: str) -> dict[str, Any]:
    schema = {"type": "object", "required": ["status"], "properties": {"status": {"const": status}}}
    return {"description": "Yes", "content": {"application/json": {"schema": schema}}}
