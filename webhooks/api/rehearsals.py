"""Rules tried on all history over /v1: the same answer as `frontdesk dry-run`."""

from __future__ import annotations

import os
from datetime import date
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Query

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.rules.dry_run.dry_run import RehearsalError, rehearse
from frontdesk.domains.rules.dry_run.report import Report
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.tenancy.tenant import parse_tenant
from webhooks.api.callers import Caller, Callers
from webhooks.problems import document_problems
from webhooks.runtime import Runtime

_File = Annotated[str, Body(media_type="application/yaml", description="The business's file as it is to be.")]
_Since = Annotated[date | None, Query(description="Commands due from this day on, by the business's clock.")]
#: A rehearsal takes a processor for some seconds; who comes meanwhile is asked to come again.
_RETRY_AFTER_S = 10


def rehearsals_router(runtime: Runtime, *, callers: Callers) -> APIRouter:
    """Return the route that rehearses; it looks at the caller's tenant only."""
    router = APIRouter(prefix="/v1", tags=["answers"])
    settling = Depends(callers.allow(Permission.SETTLE))
    one_at_a_time = Lock()

    @router.post("/rehearsals", responses=document_problems(400, 401, 403, 415, 422, 429, 503))
    def rehearse_rules(file: _File, since: _Since = None, caller: Caller = settling) -> Report:
        """Decide the whole history by a changed file, sending nothing; answer what would go out otherwise."""
        tenant_id = caller.tenant_id
        _check(file, tenant_id)
        if not one_at_a_time.acquire(blocking=False):
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "another rehearsal is under way; ask again in a moment",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            )
        try:
            environ = {**os.environ, **runtime.settings.places()}
            return rehearse(file, tenant_id=tenant_id, since=since, environ=environ)
        finally:
            one_at_a_time.release()

    return router


def _check(file: str, tenant_id: str) -> None:
    """Raise RehearsalError for a wrong file, before a process is started for it."""
    try:
        parse_tenant(file, file=Path(f"{tenant_id}.yaml"))
    except ConfigurationError as error:
        raise RehearsalError(error.detail) from error
