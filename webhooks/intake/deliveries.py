"""The documented route of deliveries: it answers those that no configured source takes.

Deliveries of configured sources never get here: see Receiver in webhooks/app.py.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from frontdesk.connectors.descriptor import descriptors, source_names
from frontdesk.connectors.source import Reason, RefusedError
from frontdesk.core.log.rejections import describe_rejection
from webhooks.dependencies import RuntimeDep
from webhooks.intake.intake import RETRY_AFTER_UNAVAILABLE_S, refusal_reply
from webhooks.logs import log_refused_delivery
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["status", "event_id", "sequence"],
    "additionalProperties": False,
    "properties": {
        "status": {"type": "string", "enum": ["accepted", "duplicate"]},
        "event_id": {"type": "string", "format": "uuid", "description": "Of the first one, for a duplicate."},
        "sequence": {"type": "integer", "minimum": 1, "description": "Position in the event log."},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The delivery is on disk, now or from before. Twilio gets TwiML or nothing instead of JSON.",
        "content": {
            "application/json": {"schema": _ANSWER_SCHEMA},
            "text/xml": {"schema": {"type": "string", "enum": ["<Response></Response>", ""]}},
        },
    },
    **document_problems(400, 401, 404, 405, 413, 415, 429, 503),
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "What the provider sends, signed by its own scheme over these very bytes.",
        "content": {
            "application/json": {"schema": {}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}

#: What a business can put right itself.
_KEPT = frozenset({Reason.NOT_CONFIGURED, Reason.SET_ASIDE, Reason.WRONG_ADDRESS})

TenantPath = Annotated[str, Path(description="The tenant's slug.", json_schema_extra={"example": "noizylab"})]
SourcePath = Annotated[str, Path(description="The provider.", json_schema_extra={"enum": list(source_names())})]
GetSourcePath = Annotated[
    str,
    Path(
        description="A provider that can deliver by GET.",
        json_schema_extra={
            "enum": [name for name in source_names() if "GET" in descriptors()[name].load_source().methods]
        },
    ),
]


router = APIRouter(tags=["deliveries"])


@router.post("/webhooks/{tenant}/{source}", responses=_RESPONSES, openapi_extra=_BODY, response_class=Response)
async def deliver(tenant: TenantPath, *, source: SourcePath, runtime: RuntimeDep) -> Response:
    """Take a provider's signed delivery: verify it, append it durably, answer.

    A duplicate gets the same 2xx. Where the log can't be written the answer is 503, but 429 for gohighlevel,
    which sends again on nothing else.
    """
    return _refuse(runtime, tenant=tenant, source=source)


@router.get("/webhooks/{tenant}/{source}", responses=_RESPONSES, response_class=Response)
async def deliver_by_get(tenant: TenantPath, *, source: GetSourcePath, runtime: RuntimeDep) -> Response:
    """Take a delivery of twilio, clicksend or zoho that is configured to come by GET."""
    return _refuse(runtime, tenant=tenant, source=source)


def _refuse(runtime: Runtime, *, tenant: str, source: str) -> Response:
    refusal = _explain(tenant, source, runtime=runtime)
    tenant, source = tenant.lower(), source.lower()
    if refusal.reason in _KEPT and source in source_names():
        # Only names that we know: others are the sender's invention and would fill the table.
        rejection = describe_rejection(
            tenant_id=tenant,
            source=source,
            reason=refusal.reason,
            detail=refusal.detail,
            received_at=runtime.clock.now(),
            body=b"",
        )
        runtime.rejections.record(rejection)
        log_refused_delivery(
            tenant_id=tenant,
            source=source,
            reason=refusal.reason,
            status=refusal.http_status,
            detail=refusal.detail,
            body_size=0,
        )
    reply = refusal_reply(refusal, allow=frozenset({"POST"}))
    headers = {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.body, reply.status, headers, media_type=reply.content_type.decode())


def _explain(tenant: str, source: str, *, runtime: Runtime) -> RefusedError:
    if tenant.lower() in runtime.tenants and f"{tenant}{source}" != f"{tenant}{source}".lower():
        return RefusedError(Reason.WRONG_ADDRESS, "addresses are in lower case; correct the one at the provider")
    if runtime.businesses.is_set_aside(tenant, source) and source in source_names():
        return RefusedError(
            Reason.SET_ASIDE,
            "the file, settings or secrets of this business can't be used now; send again later",
            status=descriptors()[source].load_source().unavailable_status,
            retry_after_s=RETRY_AFTER_UNAVAILABLE_S,
        )
    if tenant not in runtime.tenants:
        return RefusedError(Reason.UNKNOWN_TENANT, "there is no such tenant")
    return RefusedError(
        Reason.NOT_CONFIGURED, "source not configured: the tenant's file must name it and a secret must be set"
    )
