"""Who is who, as staff decide it: POST /v1/identity-decisions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from frontdesk.core.placeholders import identifier_value
from frontdesk.domains.identity.decisions import IdentityDecision
from frontdesk.domains.identity.facts import IDENTITY_DECIDED
from frontdesk.domains.staff.roles import Permission
from webhooks.api.requests import IdempotencyKey, append_request, given_fields, request_id, unprocessable
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems


class IdentityDecisionBody(IdentityDecision):
    """Two identifiers are one person's, or two people's."""

    model_config = ConfigDict(extra="forbid")


class IdentityDecisionAccepted(BaseModel):
    """The decision is in the log; contacts follow within seconds."""

    event_id: str


router = APIRouter(prefix="/v1", tags=["identities"])


@router.post("/identity-decisions", status_code=HTTPStatus.ACCEPTED, responses=document_problems(401, 403, 422, 503))
async def decide_identity(
    body: IdentityDecisionBody,
    *,
    idempotency_key: IdempotencyKey = None,
    caller: Annotated[Caller, allow(Permission.SETTLE)],
    runtime: RuntimeDep,
) -> IdentityDecisionAccepted:
    """Decide whether two identifiers are one person's. The newest decision about a pair counts; none is lost."""
    tenant_id = caller.tenant_id
    id_ = request_id(runtime, tenant_id=tenant_id, operation="identity-decisions", idempotency_key=idempotency_key)
    given = given_fields(body)
    region = runtime.businesses.get(tenant_id).country
    # As facts name them, or the decision would wait for ever: people write 0491 570 156 and Ana@Example.com.
    for identifier in given["identifiers"]:
        identifier["value"] = identifier_value(identifier["kind"], identifier["value"], region=region)
    if given["identifiers"][0] == given["identifiers"][1]:
        raise unprocessable("identifiers: the two are equal; name two different ones")
    appended = await append_request(
        runtime,
        tenant_id=tenant_id,
        type_=IDENTITY_DECIDED,
        id_=id_,
        payload=given | {"by": caller.named(body.by)},
        subject_id=id_,
    )
    return IdentityDecisionAccepted(event_id=appended.event_id)
