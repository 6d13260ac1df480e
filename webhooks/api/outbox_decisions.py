"""What a person decides about commands over /v1: dead ones wait again, uncertain ones are settled."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends, HTTPException

from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from frontdesk.domains.sending.outbox.settlement import settle_as_not_sent, settle_as_sent
from frontdesk.domains.sending.outbox.shapes import CommandWithAttempts, Redriven
from frontdesk.domains.staff.roles import Permission
from webhooks.api.callers import Caller, Callers
from webhooks.api.outbox import KeyInPath, find_command
from webhooks.api.outbox_requests import FilterBody, FoundSent, ResolveBody
from webhooks.problems import document_problems
from webhooks.runtime import Runtime


def decisions_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes that change commands; each reaches the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["outbox"])
    settling = Depends(callers.allow(Permission.SETTLE))
    outbox = runtime.outbox

    @router.post("/outbox:redrive", responses=document_problems(401, 403, 422, 503))
    def redrive_matching(body: FilterBody, caller: Caller = settling) -> Redriven:
        """Let all dead commands that match wait again, with all their tries. What was sent is not among them."""
        meant = body.model_dump(exclude_none=True)
        told = ", ".join(f"{name} {value}" for name, value in meant.items()) or "everything dead"
        callers.note(caller, "outbox.redriven", subject=told)
        keys = outbox.redrive_matching(CommandFilter(tenant_id=caller.tenant_id, **body.model_dump()))
        return Redriven(command_keys=keys)

    @router.post("/outbox/{command_key:path}/redrive", responses=document_problems(401, 403, 404, 409, 422, 503))
    def redrive(command_key: KeyInPath, caller: Caller = settling) -> CommandWithAttempts:
        """Let one dead command wait again, with all its tries."""
        known = find_command(outbox, command_key, tenant_id=caller.tenant_id)
        if known.state is not CommandState.DEAD:
            raise _not_dead(known.state)
        callers.note(caller, "outbox.redriven", subject=command_key)
        if not outbox.redrive(command_key):
            raise _not_dead(known.state)  # somebody else redrove it at the same instant
        return CommandWithAttempts.model_validate(find_command(outbox, command_key, tenant_id=caller.tenant_id))

    @router.post("/outbox/{command_key:path}/resolve", responses=document_problems(401, 403, 404, 409, 422, 503))
    def resolve(command_key: KeyInPath, body: ResolveBody, caller: Caller = settling) -> CommandWithAttempts:
        """Settle an uncertain command: found sent, it is over; found not sent, it waits again and is due at once."""
        known = find_command(outbox, command_key, tenant_id=caller.tenant_id)
        if known.state is CommandState.UNCERTAIN:
            callers.note(caller, "outbox.resolved", subject=command_key)
        if isinstance(body, FoundSent):
            is_settled = settle_as_sent(
                runtime.engine,
                known,
                outbox=outbox,
                log=runtime.log,
                now=runtime.clock.now(),
                attempt_number=body.attempt_number,
                resolved_by=caller.named(body.resolved_by),
                provider_id=body.provider_id,
            )
        else:
            is_settled = settle_as_not_sent(
                runtime.engine,
                known,
                outbox=outbox,
                log=runtime.log,
                now=runtime.clock.now(),
                attempt_number=body.attempt_number,
                resolved_by=caller.named(body.resolved_by),
            )
        if not is_settled:
            raise HTTPException(
                HTTPStatus.CONFLICT,
                f"the command is {known.state} after {known.attempts_count} attempts; only an uncertain one can be "
                "resolved, with the number of its last attempt",
            )
        return CommandWithAttempts.model_validate(find_command(outbox, command_key, tenant_id=caller.tenant_id))

    return router


def _not_dead(state: CommandState) -> HTTPException:
    return HTTPException(HTTPStatus.CONFLICT, f"the command is {state}; only a dead one can be redriven")
