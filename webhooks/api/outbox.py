"""The outbox over /v1: what is to go out, what became of it, and what a person decides about it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from core.outbox.commands import CommandFilter, CommandState, KnownCommand
from webhooks.api.outbox_shapes import (
    CommandPage,
    CommandQuery,
    CommandRead,
    CommandWithAttempts,
    DepthRead,
    FilterBody,
    FoundSent,
    Redriven,
    ResolveBody,
)
from webhooks.api.owner_keys import OwnerKeys, require_tenant
from webhooks.api.requests import NO_NUL
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_Key = Annotated[str, Path(pattern=NO_NUL, description="The command's key; it may have slashes.")]


def outbox_router(runtime: Runtime, *, owner_keys: OwnerKeys) -> APIRouter:
    """Return the routes of the outbox; each needs an owner's key and sees that tenant only."""
    router = APIRouter(prefix="/v1", tags=["outbox"])
    caller = Depends(require_tenant(owner_keys))
    outbox = runtime.outbox

    def find(command_key: str, tenant_id: str) -> KnownCommand:
        known = outbox.find(command_key)
        if known is None or known.tenant_id != tenant_id:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such command; GET /v1/outbox lists them")
        return known

    @router.get("/outbox", responses=document_problems(401, 422, 503))
    def list_commands(
        query: Annotated[CommandQuery, Query()],
        tenant_id: str = caller,
    ) -> CommandPage:
        """List commands, newest first, and how much is not over."""
        meant = CommandFilter(
            tenant_id=tenant_id, channel=query.channel, rule_id=query.rule, contact_id=query.contact
        )
        states = query.state or tuple(CommandState)
        found = outbox.search(meant, states=states, limit=query.limit, before=query.before)
        return CommandPage(
            commands=[CommandRead.model_validate(known) for known in found],
            next_before=found[-1].command_key if len(found) == query.limit else None,
            depth=[DepthRead.model_validate(depth) for depth in outbox.depths(tenant_id=tenant_id)],
        )

    @router.post("/outbox:redrive", responses=document_problems(401, 422, 503))
    def redrive_matching(body: FilterBody, tenant_id: str = caller) -> Redriven:
        """Let all dead commands that match wait again, with all their tries. What was sent is not among them."""
        keys = outbox.redrive_matching(CommandFilter(tenant_id=tenant_id, **body.model_dump()))
        return Redriven(command_keys=keys)

    @router.get("/outbox/{command_key:path}", responses=document_problems(401, 404, 422, 503))
    def show_command(command_key: _Key, tenant_id: str = caller) -> CommandWithAttempts:
        """Show one command with every attempt to send it."""
        return CommandWithAttempts.model_validate(find(command_key, tenant_id))

    @router.post("/outbox/{command_key:path}/redrive", responses=document_problems(401, 404, 409, 422, 503))
    def redrive(command_key: _Key, tenant_id: str = caller) -> CommandWithAttempts:
        """Let one dead command wait again, with all its tries."""
        known = find(command_key, tenant_id)
        if not outbox.redrive(command_key):
            raise HTTPException(HTTPStatus.CONFLICT, f"the command is {known.state}; only a dead one can be redriven")
        return CommandWithAttempts.model_validate(find(command_key, tenant_id))

    @router.post("/outbox/{command_key:path}/resolve", responses=document_problems(401, 404, 409, 422, 503))
    def resolve(command_key: _Key, body: ResolveBody, tenant_id: str = caller) -> CommandWithAttempts:
        """Settle an uncertain command: found sent, it is over; found not sent, it waits again and is due at once."""
        known = find(command_key, tenant_id)
        if isinstance(body, FoundSent):
            is_settled = outbox.resolve_as_sent(
                command_key,
                attempt_number=body.attempt_number,
                resolved_by=body.resolved_by,
                provider_id=body.provider_id,
            )
        else:
            is_settled = outbox.resolve_as_not_sent(
                command_key, attempt_number=body.attempt_number, resolved_by=body.resolved_by
            )
        if not is_settled:
            raise HTTPException(
                HTTPStatus.CONFLICT,
                f"the command is {known.state} after {known.attempts_count} attempts; only an uncertain one can be "
                "resolved, with the number of its last attempt",
            )
        return CommandWithAttempts.model_validate(find(command_key, tenant_id))

    return router
