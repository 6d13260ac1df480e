"""Rules over /v1: why one acted or did not, and changed ones tried on all history, as `frontdesk` answers it."""

from __future__ import annotations

import os
from datetime import date
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Query
from fastapi import Path as PathParameter

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.rules.dry_run.report import Report
from frontdesk.domains.rules.dry_run.run_command import DryRunError, try_rules
from frontdesk.domains.rules.explanations.explainer import Explainer
from frontdesk.domains.rules.explanations.shapes import AbsenceExplanation, CommandExplanation
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.tenancy.tenant import parse_tenant
from webhooks.api.outbox import CommandKey
from webhooks.api.requests import NO_NUL
from webhooks.callers import Caller
from webhooks.dependencies import RuntimeDep, allow
from webhooks.problems import document_problems

_RuleId = Annotated[str, PathParameter(pattern=NO_NUL, max_length=63, description="The rule's id.")]
_Contact = Annotated[
    str,
    Query(min_length=1, max_length=512, pattern=NO_NUL, description="Id, phone number, e-mail address or name."),
]
_File = Annotated[str, Body(media_type="application/yaml", description="The business's file as it is to be.")]
_Since = Annotated[date | None, Query(description="Commands due from this day on, by the business's clock.")]
#: A dry run takes a processor for some seconds; who comes meanwhile is asked to come again.
_ONE_AT_A_TIME = Lock()
_RETRY_AFTER_S = 10


async def get_explainer(runtime: RuntimeDep) -> Explainer:
    """Return what explains commands and their absence."""
    return Explainer(runtime.settings.analytics_path, outbox=runtime.outbox, log=runtime.log, tenants=runtime.tenants)


_ExplainerDep = Annotated[Explainer, Depends(get_explainer)]

router = APIRouter(prefix="/v1", tags=["answers"])


@router.get("/commands/{command_key:path}/why", responses=document_problems(401, 403, 404, 422, 503))
def explain_command(
    command_key: CommandKey,
    *,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="command.explained")],
    explainer: _ExplainerDep,
) -> CommandExplanation:
    """Explain one command: rule, cause, consent, words, every attempt, and what came of it."""
    return explainer.explain_command(command_key, tenant_id=caller.tenant_id)


@router.get("/rules/{rule_id}/why-not", responses=document_problems(401, 403, 404, 409, 422, 503))
def explain_absence(
    rule_id: _RuleId,
    *,
    contact: _Contact,
    caller: Annotated[Caller, allow(Permission.LOOK, audits="absence.explained")],
    explainer: _ExplainerDep,
    runtime: RuntimeDep,
) -> AbsenceExplanation:
    """Explain why a rule did not act for a contact: the first condition that failed, or what never happened."""
    runtime.businesses.get(caller.tenant_id)
    return explainer.explain_absence(caller.tenant_id, rule_id=rule_id, contact=contact)


@router.post("/rehearsals", responses=document_problems(400, 401, 403, 415, 422, 429, 503))
def try_changed_rules(
    file: _File,
    *,
    since: _Since = None,
    caller: Annotated[Caller, allow(Permission.SETTLE)],
    runtime: RuntimeDep,
) -> Report:
    """Decide the whole history by a changed file, sending nothing; answer what would go out otherwise."""
    tenant_id = caller.tenant_id
    _check_file(file, tenant_id)
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            "another rehearsal is under way; ask again in a moment",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )
    try:
        environ = {**os.environ, **runtime.settings.places()}
        return try_rules(file, tenant_id=tenant_id, since=since, environ=environ)
    finally:
        _ONE_AT_A_TIME.release()


def _check_file(file: str, tenant_id: str) -> None:
    """Raise DryRunError unless the file can be read, before a process is started for it."""
    try:
        parse_tenant(file, file=Path(f"{tenant_id}.yaml"))
    except ConfigurationError as error:
        raise DryRunError(error.detail) from error
