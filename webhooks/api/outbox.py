"""The outbox over /v1: what is to go out, what became of it, and what a person decides about it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from frontdesk.domains.sending.outbox.commands import Channel, CommandFilter, CommandState, KnownCommand
from frontdesk.domains.sending.outbox.settlement import settle_as_not_sent, settle_as_sent
from frontdesk.domains.sending.outbox.shapes import (
    CommandPage,
    CommandRead,
    CommandWithAttempts,
    DepthRead,
    Redriven,
)
from frontdesk.domains.staff.roles import Permission
from webhooks.api.requests import NO_NUL, StoredText
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

MAX_COMMANDS_PER_PAGE = 1_000
#: A command's key in a path.
CommandKey = Annotated[str, Path(pattern=NO_NUL, description="The command's key; it may have slashes.")]
_Settler = Annotated[Caller, allow(Permission.SETTLE)]


class CommandQuery(BaseModel):
    """Which commands to list; those for which every given part matches."""

    model_config = ConfigDict(extra="forbid")

    state: list[CommandState] = Field(default=[], description="Several can be given; with none, all.")
    channel: Channel | None = None
    rule: StoredText | None = None
    contact: StoredText | None = None
    before: StoredText | None = Field(default=None, description="Go on after the command with this key.")
    limit: int = Field(default=100, ge=1, le=MAX_COMMANDS_PER_PAGE)


class FilterBody(BaseModel):
    """Which commands are meant: those for which every given part matches; with none, all."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel | None = None
    provider: StoredText | None = None
    rule_id: StoredText | None = None
    contact_id: StoredText | None = None
    reason_contains: StoredText | None = Field(default=None, description="In capitals or small letters.")


class _LookedUp(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attempt_number: int = Field(ge=1, lt=2**31, description="Of the attempt that was looked up.")
    resolved_by: StoredText


class FoundSent(_LookedUp):
    """The provider did accept the last attempt."""

    found: Literal["sent"]
    provider_id: StoredText | None = Field(default=None, description="The provider's id of what it accepted.")


class FoundNotSent(_LookedUp):
    """The provider surely did not accept the last attempt."""

    found: Literal["not_sent"]


#: What was found out about the last attempt of an uncertain command.
ResolveBody = Annotated[FoundSent | FoundNotSent, Field(discriminator="found")]

router = APIRouter(prefix="/v1", tags=["outbox"])


@router.get("/outbox", responses=document_problems(401, 403, 422, 503))
def list_commands(
    query: Annotated[CommandQuery, Query()],
    *,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="outbox.listed")],
    runtime: RuntimeDep,
) -> CommandPage:
    """List commands, newest first, and how much is not over."""
    command_filter = CommandFilter(
        tenant_id=caller.tenant_id, channel=query.channel, rule_id=query.rule, contact_id=query.contact
    )
    states = query.state or tuple(CommandState)
    commands = runtime.outbox.search(command_filter, states=states, limit=query.limit, before=query.before)
    return CommandPage(
        commands=[CommandRead.model_validate(command) for command in commands],
        next_before=commands[-1].command_key if len(commands) == query.limit else None,
        depth=[DepthRead.model_validate(depth) for depth in runtime.outbox.depths(tenant_id=caller.tenant_id)],
    )


@router.get("/outbox/{command_key:path}", responses=document_problems(401, 403, 404, 422, 503))
def show_command(
    command_key: CommandKey,
    *,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="command.read")],
    runtime: RuntimeDep,
) -> CommandWithAttempts:
    """Show one command with every attempt to send it."""
    return _with_attempts(runtime, command_key, caller=caller)


@router.post("/outbox:redrive", responses=document_problems(401, 403, 422, 503))
def redrive_matching(body: FilterBody, *, caller: _Settler, runtime: RuntimeDep) -> Redriven:
    """Let all dead commands that match wait again, with all their tries. What was sent is not among them."""
    criteria = body.model_dump(exclude_none=True)
    subject = ", ".join(f"{name} {value}" for name, value in criteria.items()) or "everything dead"
    runtime.callers.note(caller, "outbox.redriven", subject=subject)
    keys = runtime.outbox.redrive_matching(CommandFilter(tenant_id=caller.tenant_id, **body.model_dump()))
    return Redriven(command_keys=keys)


@router.post("/outbox/{command_key:path}/redrive", responses=document_problems(401, 403, 404, 409, 422, 503))
def redrive(command_key: CommandKey, *, caller: _Settler, runtime: RuntimeDep) -> CommandWithAttempts:
    """Let one dead command wait again, with all its tries."""
    known = _find_command(runtime, command_key, caller=caller)
    if known.state is not CommandState.DEAD:
        raise _not_dead(known.state)
    runtime.callers.note(caller, "outbox.redriven", subject=command_key)
    if not runtime.outbox.redrive(command_key):
        raise _not_dead(known.state)  # somebody else redrove it at the same instant
    return _with_attempts(runtime, command_key, caller=caller)


@router.post("/outbox/{command_key:path}/resolve", responses=document_problems(401, 403, 404, 409, 422, 503))
def resolve(
    command_key: CommandKey, *, body: ResolveBody, caller: _Settler, runtime: RuntimeDep
) -> CommandWithAttempts:
    """Settle an uncertain command: found sent, it is over; found not sent, it waits again and is due at once."""
    known = _find_command(runtime, command_key, caller=caller)
    if known.state is CommandState.UNCERTAIN:
        runtime.callers.note(caller, "outbox.resolved", subject=command_key)
    if not _settle(runtime, known, finding=body, resolved_by=caller.named(body.resolved_by)):
        raise HTTPException(
            HTTPStatus.CONFLICT,
            f"the command is {known.state} after {known.attempts_count} attempts; only an uncertain one can be "
            "resolved, with the number of its last attempt",
        )
    return _with_attempts(runtime, command_key, caller=caller)


def _settle(runtime: Runtime, known: KnownCommand, *, finding: FoundSent | FoundNotSent, resolved_by: str) -> bool:
    """Return whether the command was uncertain after that attempt, and is settled now."""
    if isinstance(finding, FoundSent):
        return settle_as_sent(
            runtime.engine,
            known,
            outbox=runtime.outbox,
            log=runtime.log,
            now=runtime.clock.now(),
            attempt_number=finding.attempt_number,
            resolved_by=resolved_by,
            provider_id=finding.provider_id,
        )
    return settle_as_not_sent(
        runtime.engine,
        known,
        outbox=runtime.outbox,
        log=runtime.log,
        now=runtime.clock.now(),
        attempt_number=finding.attempt_number,
        resolved_by=resolved_by,
    )


def _find_command(runtime: Runtime, command_key: str, *, caller: Caller) -> KnownCommand:
    """Return a command of the caller's business. Raises HTTPException with 404 if it has none of this key."""
    known = runtime.outbox.find(command_key)
    if known is None or known.tenant_id != caller.tenant_id:
        raise HTTPException(HTTPStatus.NOT_FOUND, "no such command; GET /v1/outbox lists them")
    return known


def _with_attempts(runtime: Runtime, command_key: str, *, caller: Caller) -> CommandWithAttempts:
    return CommandWithAttempts.model_validate(_find_command(runtime, command_key, caller=caller))


def _not_dead(state: CommandState) -> HTTPException:
    return HTTPException(HTTPStatus.CONFLICT, f"the command is {state}; only a dead one can be redriven")
