"""The kill switches: GET, POST and DELETE /v1/holds."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.outbox.holds import Hold, HoldScope
from frontdesk.domains.sending.outbox.shapes import HoldRead
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.api.requests import NO_NUL, StoredText, one_of, unprocessable
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems

_RuleId = Annotated[str | None, Query(min_length=1, max_length=255, pattern=NO_NUL, description="None: every rule.")]


class HoldBody(BaseModel):
    """What is to be held: with neither channel nor rule, all of the business's commands."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel | None = None
    rule_id: str | None = Field(default=None, min_length=1, max_length=255)
    reason: StoredText
    held_by: StoredText


class HoldList(BaseModel):
    """The holds in force, oldest first."""

    holds: list[HoldRead]


class HoldAnswer(BaseModel):
    """Whether the hold is new."""

    is_new: bool = Field(description="False: that same scope was held already, with another reason perhaps.")


_Holder = Annotated[Caller, allow(Permission.HOLD)]

router = APIRouter(prefix="/v1", tags=["outbox"])


@router.get("/holds", responses=document_problems(401, 403, 503))
def list_holds(*, caller: Annotated[Caller, allow(Permission.LOOK)], runtime: RuntimeDep) -> HoldList:
    """List what is held now of this business, by whom and why."""
    holds = [hold for hold in runtime.outbox.holds() if hold.scope.tenant_id in (None, caller.tenant_id)]
    return HoldList(holds=[_to_read(hold) for hold in holds])


@router.post("/holds", responses=document_problems(401, 403, 422, 503))
def hold(body: HoldBody, *, caller: _Holder, runtime: RuntimeDep) -> HoldAnswer:
    """Hold commands: they stay in the outbox and are not sent until released. Holding twice holds once."""
    scope = HoldScope(tenant_id=caller.tenant_id, channel=body.channel, rule_id=body.rule_id)
    _check_rule(body.rule_id, runtime.businesses.get(caller.tenant_id))
    runtime.callers.note(caller, "hold.made", subject=f"{_scope_text(scope)}: {body.reason}")
    is_new = runtime.outbox.hold(scope, reason=body.reason, held_by=caller.named(body.held_by))
    return HoldAnswer(is_new=is_new)


@router.delete("/holds", status_code=HTTPStatus.NO_CONTENT, responses=document_problems(401, 403, 404, 422, 503))
def release(
    released_by: Annotated[str, Query(min_length=1, max_length=255, pattern=NO_NUL)],
    *,
    channel: Channel | None = None,
    rule_id: _RuleId = None,
    caller: _Holder,
    runtime: RuntimeDep,
) -> Response:
    """Release exactly this scope; wider and narrower holds stay in force. What is due goes out at once."""
    scope = HoldScope(tenant_id=caller.tenant_id, channel=channel, rule_id=rule_id)
    if all(hold.scope != scope for hold in runtime.outbox.holds()):
        raise _not_held()
    runtime.callers.note(caller, "hold.released", subject=_scope_text(scope))
    if not runtime.outbox.release(scope, released_by=caller.named(released_by)):
        raise _not_held()  # somebody else released it at the same instant
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _not_held() -> HTTPException:
    return HTTPException(HTTPStatus.NOT_FOUND, "exactly this is not held; GET /v1/holds lists what is")


def _scope_text(scope: HoldScope) -> str:
    """Return what is held, for the audit trail.

    >>> _scope_text(HoldScope(tenant_id="salon", channel=Channel.SMS, rule_id="recall"))
    'channel sms, rule recall'
    """
    parts = [f"channel {scope.channel}" if scope.channel else "", f"rule {scope.rule_id}" if scope.rule_id else ""]
    return ", ".join(filter(None, parts)) or "everything"


def _check_rule(rule_id: str | None, tenant: Tenant) -> None:
    # A kill switch with a slip of the pen would hold nothing, and nobody would notice.
    known = {rule.id for rule in tenant.rules}
    if rule_id is not None and rule_id not in known:
        raise unprocessable(f"rule_id: there is no such rule; use {one_of(known)}")


def _to_read(hold: Hold) -> HoldRead:
    return HoldRead(
        tenant_id=hold.scope.tenant_id,
        channel=hold.scope.channel,
        rule_id=hold.scope.rule_id,
        reason=hold.reason,
        held_at=hold.held_at,
        held_by=hold.held_by,
    )
