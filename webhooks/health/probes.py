"""Is it alive, can it write, how are it and the pipelines doing: /healthz, /readyz, /metrics."""

from __future__ import annotations

import asyncio
import hmac
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Engine

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import check_writable
from frontdesk.core.serving.hosts import is_loopback
from frontdesk.domains.operations.heartbeats import Heartbeats
from frontdesk.domains.operations.summary import Summary, summarise
from webhooks.dependencies import RuntimeDep, client_address
from webhooks.health.registry import build_registry
from webhooks.problems import document_problems, problem_response
from webhooks.runtime import Runtime

#: An answer that takes longer is no use to a load balancer, nor to a provider.
READY_TIMEOUT_S = 2.0
_READY = "ready"


class ReadinessProbe:
    """Tries to write; calls that come while one is trying share its result."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._trying: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raise EventLogUnavailableError unless the log can be written just now."""
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(asyncio.to_thread(check_writable, self._engine))
        try:
            await asyncio.wait_for(asyncio.shield(self._trying), READY_TIMEOUT_S)
        except TimeoutError as error:
            raise EventLogUnavailableError(f"a write took longer than {READY_TIMEOUT_S:g} s") from error


class Health:
    """What the routes of health share as long as the receiver runs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._heartbeats = Heartbeats(runtime.engine, clock=runtime.clock, ids=runtime.ids)
        self.readiness = ReadinessProbe(runtime.engine)
        self.registry = build_registry(runtime, read_summary=self.read_summary)

    def read_summary(self) -> Summary:
        """Return how the parts behind the receiver are doing."""
        settings = self._runtime.settings
        return summarise(
            self._runtime.engine,
            self._heartbeats,
            home=settings.home.absolute(),
            analytics_path=settings.analytics_path,
            least_free_bytes=settings.least_free_mib * 2**20,
            count_unreadable_secrets=len(self._runtime.secrets.unreadable()),
            now=self._runtime.clock.now(),
        )


async def get_health(request: Request) -> Health:
    """Return the health of the application that answers; `create_app` has put it there."""
    health: Health = request.app.state.health
    return health


_HealthDep = Annotated[Health, Depends(get_health)]

_READY_SCHEMA: dict[str, Any] = {
    "description": "Deliveries can be taken",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["status", "components"],
                "properties": {
                    "status": {"enum": ["ready", "starting", "degraded"]},
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


router = APIRouter(tags=["health"])


@router.get("/healthz", responses={200: _status_schema("ok")})
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_class=Response, responses={200: _READY_SCHEMA, **document_problems(503)})
async def readyz(
    whole: Annotated[bool, Query(description="Answer 503 unless it is `ready`.")] = False,
    *,
    health: _HealthDep,
) -> Response:
    """Tell whether the event log can be written, by writing, and how the parts behind the receiver are doing.

    503 says that no delivery can be taken here: for load balancers. Until what comes is modelled and what is due goes
    out it is `starting`, and what is ill behind makes it `degraded`: the log takes deliveries all the same.
    """
    await health.readiness.check()
    try:
        summary = await asyncio.wait_for(asyncio.to_thread(health.read_summary), READY_TIMEOUT_S)
    except TimeoutError as error:
        raise EventLogUnavailableError(f"a read took longer than {READY_TIMEOUT_S:g} s") from error
    status = _status_of(summary)
    if whole and status != _READY:
        return problem_response(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            title="Not ready",
            detail=f"it is {status}; deliveries are taken",
            components=_components_of(summary),
        )
    body = orjson.dumps({"status": status, "components": _components_of(summary)})
    return Response(body, media_type="application/json")


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **document_problems(403)},
)
def metrics(request: Request, *, health: _HealthDep, runtime: RuntimeDep) -> Response:
    """Return the numbers in Prometheus' text format: to this machine, and to whom sends the token.

    They name every business, so another machine needs FRONTDESK_METRICS_TOKEN as bearer token.
    """
    _check_metrics_reader(request, runtime=runtime)
    return Response(generate_latest(health.registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})


def _components_of(summary: Summary) -> dict[str, dict[str, object]]:
    return {
        name: {"status": each.health, "detail": each.detail, "age_seconds": each.age_seconds}
        for name, each in summary.components.items()
    }


def _status_of(summary: Summary) -> str:
    if summary.is_degraded:
        return "degraded"
    return _READY if summary.can_send else "starting"


def _check_metrics_reader(request: Request, *, runtime: Runtime) -> None:
    """Raise HTTPException with 403 unless who asks is on this machine, or has the token."""
    token = runtime.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is not None and hmac.compare_digest(given, token.encode()):
        return
    headers = request.headers
    is_forwarded = any(name in headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    is_host_known = "host" not in headers or runtime.hosts.know(headers["host"])
    if not is_loopback(client_address(request)) or is_forwarded or not is_host_known:
        detail = "metrics are told to this machine only; send FRONTDESK_METRICS_TOKEN as bearer token"
        raise HTTPException(HTTPStatus.FORBIDDEN, detail)
