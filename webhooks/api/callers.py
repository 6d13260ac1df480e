"""Who calls /v1: the owner's key or a signed-in person, for which business, and whether they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import HTTPException, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.desk import StaffDesk
from frontdesk.domains.staff.roles import Permission, Role, may, role_needed
from frontdesk.domains.staff.sessions import Session
from webhooks.api.owner_keys import OwnerKeys

_BEARER = HTTPBearer(auto_error=False, description="A session's token, or the owner's key.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The owner's key.")
#: A request's bearer token, if it has one.
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
#: How a program that has the owner's key is called where staff have their e-mail address.
OWNERS_KEY = "owner's key"
_SAME_READING = timedelta(minutes=5)
_MAX_READINGS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, for one business."""

    tenant_id: str
    role: Role
    session: Session | None  #: None: a program with the owner's key
    address: str  #: the client's network address

    @property
    def account(self) -> Account | None:
        """The account of a person, None for a program."""
        return None if self.session is None else self.session.account

    @property
    def name(self) -> str:
        """Who it is, as events and the audit trail keep it."""
        return OWNERS_KEY if self.session is None else self.session.account.email

    def named(self, given: str | None) -> str:
        """Return who acts: of a person always themselves, of a program whom it names."""
        return self.name if self.session is not None else given or OWNERS_KEY


class Callers:
    """Makes the dependencies by which routes know their caller."""

    def __init__(self, *, owner_keys: OwnerKeys, staff: StaffDesk) -> None:
        self._owner_keys = owner_keys
        self._staff = staff
        #: What was read lately, by whom: a page that asks again by itself is one reading.
        self._readings: dict[tuple[str | None, ...], datetime] = {}

    def allow(self, permission: Permission, *, audits: str | None = None) -> Callable[..., Caller]:
        """Return the dependency of a route that needs a permission: the caller, or 401 or 403.

        `audits` names the reading of people's data that the audit trail keeps, before it is answered: the same again
        within some minutes is the same reading. Routes that change something note it themselves, see `note`.
        """

        def permitted(
            request: Request,
            bearer: Bearer,
            header: Annotated[str | None, Security(_HEADER)],
        ) -> Caller:
            caller = self._find(bearer.credentials if bearer else header, request=request)
            if not may(caller.role, permission):
                self._record(caller, "access.refused", subject=f"{request.method} {request.url.path}")
                needed = role_needed(permission)
                raise HTTPException(
                    HTTPStatus.FORBIDDEN, f"this needs the role {needed}; {caller.name} is {caller.role}"
                )
            if audits is not None:
                self._note_reading(caller, audits, subject=_subject(request))
            return caller

        return permitted

    def note(self, caller: Caller, action: str, *, subject: str | None = None) -> None:
        """Keep in the audit trail what a caller is about to do, once it is known to be possible.

        Raises StaffUnavailableError: then it is not to be done.
        """
        self._record(caller, action, subject=subject)

    def _note_reading(self, caller: Caller, action: str, *, subject: str | None) -> None:
        key = (caller.tenant_id, caller.name, caller.address, action, subject)
        now = self._staff.audit.now()
        noted_at = self._readings.get(key)
        if noted_at is not None and now - noted_at < _SAME_READING:
            return
        self._record(caller, action, subject=subject)
        if len(self._readings) >= _MAX_READINGS:
            self._readings.clear()
        self._readings[key] = now

    def session_of(self, bearer: Bearer) -> Session:
        """Be the dependency of a route that needs a person, of any role: their session, or 401."""
        return self.find_session(bearer, is_use=True)

    def find_session(self, bearer: HTTPAuthorizationCredentials | None, *, is_use: bool) -> Session:
        """Return the session of a token. Raises HTTPException with 401, which says so where nobody has an account."""
        found = self._staff.sessions.find(bearer.credentials, is_use=is_use) if bearer else None
        if found is None:
            remedy = "sign in by POST /v1/sessions and send its token as bearer token"
            if self._staff.accounts.is_empty():
                remedy = "nobody has an account yet; make one by `frontdesk staff add`"
            raise _unknown(remedy)
        return found

    def check_key(self, key: str | None) -> None:
        """Return where the key is somebody's; routes say what it permits. Raises HTTPException with 401."""
        if key is None or not (self._owner_keys.find_tenant(key) or self._staff.sessions.find(key, is_use=False)):
            raise self._unknown()

    def _unknown(self) -> HTTPException:
        return _unknown(
            "send the owner's key as bearer token or X-API-Key header, or a session's token as bearer token"
        )

    def _find(self, key: str | None, *, request: Request) -> Caller:
        address = client_address(request)
        if key is not None:
            tenant_id = self._owner_keys.find_tenant(key)
            if tenant_id is not None:
                return Caller(tenant_id=tenant_id, role=Role.OWNER, session=None, address=address)
            session = self._staff.sessions.find(key)
            if session is not None:
                account = session.account
                return Caller(tenant_id=account.tenant_id, role=account.role, session=session, address=address)
        raise self._unknown()

    def _record(self, caller: Caller, action: str, *, subject: str | None) -> None:
        self._staff.audit.record(
            action, tenant_id=caller.tenant_id, who=caller.name, subject=subject, address=caller.address
        )


def _unknown(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


def client_address(request: Request) -> str:
    """Return the client's network address; behind a proxy that uvicorn trusts, the one it forwards."""
    return request.client.host if request.client else "unknown"


def _subject(request: Request) -> str | None:
    parts = [*request.path_params.values(), request.url.query]
    return " ".join(str(part) for part in parts if part) or None
