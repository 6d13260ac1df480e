"""The outbox over /v1: what is to go out, and what became of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState, KnownCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.shapes import CommandPage, CommandRead, CommandWithAttempts, DepthRead
from frontdesk.domains.staff.roles import Permission
from webhooks.api.callers import Caller, Callers
from webhooks.api.outbox_requests import CommandQuery
from webhooks.api.requests import NO_NUL
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

#: A command's key in a path.
KeyInPath = Annotated[str, Path(pattern=NO_NUL, description="The command's key; it may have slashes.")]


def outbox_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes that show the outbox; each sees the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["outbox"])
    listing = Depends(callers.allow(Permission.LOOK, audits="outbox.listed"))
    reading = Depends(callers.allow(Permission.LOOK, audits="command.read"))
    outbox = runtime.outbox

    @router.get("/outbox", responses=document_problems(401, 403, 422, 503))
    def list_commands(
        query: Annotated[CommandQuery, Query()],
        caller: Caller = listing,
    ) -> CommandPage:
        """List commands, newest first, and how much is not over."""
        meant = CommandFilter(
            tenant_id=caller.tenant_id, channel=query.channel, rule_id=query.rule, contact_id=query.contact
        )
        states = query.state or tuple(CommandState)
        found = outbox.search(meant, states=states, limit=query.limit, before=query.before)
        return CommandPage(
            commands=[CommandRead.model_validate(known) for known in found],
            next_before=found[-1].command_key if len(found) == query.limit else None,
            depth=[DepthRead.model_validate(depth) for depth in outbox.depths(tenant_id=caller.tenant_id)],
        )

    @router.get("/outbox/{command_key:path}", responses=document_problems(401, 403, 404, 422, 503))
    def show_command(command_key: KeyInPath, caller: Caller = reading) -> CommandWithAttempts:
        """Show one command with every attempt to send it."""
        return CommandWithAttempts.model_validate(find_command(outbox, command_key, tenant_id=caller.tenant_id))

    return router


def find_command(outbox: Outbox, command_key: str, *, tenant_id: str) -> KnownCommand:
    """Return a tenant's command. Raises HTTPException with 404 where there is none, and for another's."""
    known = outbox.find(command_key)
    if known is None or known.tenant_id != tenant_id:
        raise HTTPException(HTTPStatus.NOT_FOUND, "no such command; GET /v1/outbox lists them")
    return known
