"""What routes depend on: the receiver's runtime, and who calls, with a permission or a session of their own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.staff.sessions import Session
from webhooks.callers import Caller
from webhooks.runtime import Runtime

_BEARER = HTTPBearer(auto_error=False, description="A session's token, or the owner's key.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The owner's key.")
#: A request's bearer token, if it has one.
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


async def get_runtime(request: Request) -> Runtime:
    """Return the runtime of the application that answers; `create_app` has put it there."""
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(get_runtime)]


def allow(permission: Permission, *, audits: str | None = None) -> Any:
    """Return the dependency that gives a route its Caller. Raises 401 for strangers, 403 without the permission.

    `audits` names the reading of people's data that the audit trail keeps, before it is answered: the same again
    within some minutes is the same reading. Routes that change something note it themselves, see Callers.note.
    """

    def find_caller(
        request: Request, runtime: RuntimeDep, bearer: Bearer, header: Annotated[str | None, Security(_HEADER)]
    ) -> Caller:
        callers = runtime.callers
        caller = callers.find(bearer.credentials if bearer else header, address=client_address(request))
        callers.check_permission(caller, permission, request_line=f"{request.method} {request.url.path}")
        if audits is not None:
            callers.note_reading(caller, audits, subject=_subject(request))
        return caller

    return Depends(find_caller)


def find_own_session(runtime: RuntimeDep, bearer: Bearer) -> Session:
    """Return the caller's staff session. Raises 401 without one."""
    return runtime.callers.find_session(bearer.credentials if bearer else None, is_use=True)


#: The session of a signed-in person, of any role.
OwnSession = Annotated[Session, Depends(find_own_session)]


def client_address(request: Request) -> str:
    """Return the client's network address; behind a proxy that uvicorn trusts, the one it forwards."""
    return request.client.host if request.client else "unknown"


def _subject(request: Request) -> str | None:
    parts = [*request.path_params.values(), request.url.query]
    return " ".join(str(part) for part in parts if part) or None
