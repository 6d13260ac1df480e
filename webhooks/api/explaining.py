"""Why and why not over /v1: the same answers as `frontdesk why` and `why-not`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from frontdesk.domains.rules.explanations.explainer import Explainer
from frontdesk.domains.rules.explanations.shapes import AbsenceExplanation, CommandExplanation
from frontdesk.domains.staff.roles import Permission
from webhooks.api.callers import Caller, Callers
from webhooks.api.outbox import KeyInPath
from webhooks.api.requests import NO_NUL
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_RuleInPath = Annotated[str, Path(pattern=NO_NUL, max_length=63, description="The rule's id.")]
_Contact = Annotated[
    str,
    Query(min_length=1, max_length=512, pattern=NO_NUL, description="Id, phone number, e-mail address or name."),
]


def explaining_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the routes that explain; each tells of the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["answers"])
    explaining = Depends(callers.allow(Permission.LOOK, audits="command.explained"))
    missing = Depends(callers.allow(Permission.LOOK, audits="absence.explained"))
    explainer = Explainer(
        runtime.settings.analytics_path, outbox=runtime.outbox, log=runtime.log, tenants=runtime.tenants
    )

    @router.get("/commands/{command_key:path}/why", responses=document_problems(401, 403, 404, 422, 503))
    def explain_command(command_key: KeyInPath, caller: Caller = explaining) -> CommandExplanation:
        """Explain one command: rule, cause, consent, words, every attempt, and what came of it."""
        return explainer.explain_command(command_key, tenant_id=caller.tenant_id)

    @router.get("/rules/{rule_id}/why-not", responses=document_problems(401, 403, 404, 409, 422, 503))
    def explain_absence(rule_id: _RuleInPath, contact: _Contact, caller: Caller = missing) -> AbsenceExplanation:
        """Explain why a rule did not act for a contact: the first condition that failed, or what never happened."""
        return explainer.explain_absence(caller.tenant_id, rule_id=rule_id, contact=contact)

    return router
