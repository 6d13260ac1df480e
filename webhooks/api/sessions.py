"""Signing in over /v1: POST /v1/sessions, GET and DELETE /v1/sessions/current, and the own password."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.passwords import MAX_LENGTH
from frontdesk.domains.staff.roles import Permission
from frontdesk.domains.staff.sessions import Session
from frontdesk.domains.staff.shapes import SessionRead, StaffRead
from webhooks.callers import Caller
from webhooks.dependencies import Bearer, OwnSession, RuntimeDep, allow, client_address
from webhooks.problems import document_problems

_Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH)]
_Short = Annotated[str, StringConstraints(min_length=1, max_length=254)]


class SignInBody(BaseModel):
    """Who signs in to which business."""

    model_config = ConfigDict(extra="forbid")

    tenant: _Short
    email: _Short
    password: _Password


class PasswordBody(BaseModel):
    """A person's own new password."""

    model_config = ConfigDict(extra="forbid")

    current: _Password
    new: _Password


class SessionOpened(SessionRead):
    """A new session."""

    token: str = Field(description="Send it as bearer token. It is shown this once.")


class Colleagues(BaseModel):
    """Who works for the business and can be given tasks."""

    staff: list[StaffRead]


router = APIRouter(prefix="/v1", tags=["staff"])


@router.post("/sessions", status_code=HTTPStatus.CREATED, responses=document_problems(401, 422, 429, 503))
def sign_in(body: SignInBody, *, request: Request, runtime: RuntimeDep) -> SessionOpened:
    """Sign in to a business. After too many failures: 429, and Retry-After says for how long."""
    [opened] = runtime.staff.sessions.sign_in(
        tenant_id=body.tenant,
        email=body.email,
        password=body.password.get_secret_value(),
        address=client_address(request),
    )
    return SessionOpened(**dict(_to_read(opened.session)), token=opened.token)


@router.get("/sessions/current", responses=document_problems(401, 422, 503))
def show_session(
    bearer: Bearer,
    *,
    is_use: Annotated[bool, Query(description="False: looking keeps no idle session open.")] = True,
    runtime: RuntimeDep,
) -> SessionRead:
    """Show whose session this is."""
    return _to_read(runtime.callers.find_session(bearer.credentials if bearer else None, is_use=is_use))


@router.delete("/sessions/current", status_code=HTTPStatus.NO_CONTENT, responses=document_problems(401, 503))
def sign_out(session: OwnSession, *, runtime: RuntimeDep) -> Response:
    """Sign out: the token is worth nothing from now on."""
    runtime.staff.sessions.end(session)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.put(
    "/sessions/current/password",
    status_code=HTTPStatus.NO_CONTENT,
    responses=document_problems(401, 422, 429, 503),
)
def change_password(body: PasswordBody, *, request: Request, session: OwnSession, runtime: RuntimeDep) -> Response:
    """Set the own password; every other session of the account ends."""
    runtime.staff.sessions.check_password(
        session, password=body.current.get_secret_value(), address=client_address(request)
    )
    runtime.staff.accounts.set_password(
        session.account,
        password=body.new.get_secret_value(),
        by=session.account.email,
        keep_session=session.token_sha256,
    )
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/staff", responses=document_problems(401, 403, 503))
def list_colleagues(*, caller: Annotated[Caller, allow(Permission.LOOK)], runtime: RuntimeDep) -> Colleagues:
    """List who works for the business, without those who may not sign in any more."""
    accounts = runtime.staff.accounts.list_all(tenant_id=caller.tenant_id)
    return Colleagues(staff=[_to_staff(each) for each in accounts if not each.is_disabled])


def _to_read(session: Session) -> SessionRead:
    return SessionRead(staff=_to_staff(session.account), created_at=session.created_at, expires_at=session.expires_at)


def _to_staff(account: Account) -> StaffRead:
    return StaffRead(**{field: getattr(account, field) for field in StaffRead.model_fields})
