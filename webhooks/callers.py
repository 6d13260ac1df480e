"""Who calls the receiver: the owner's key or a signed-in person, for which business, and whether they may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

from fastapi import HTTPException

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secrets import OWNER_API_KEY, Secrets, secret_variable
from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Permission, Role, may, role_needed
from frontdesk.domains.staff.sessions import Session
from webhooks.logs import log_unusable_key

#: How a program that has the owner's key is called where staff have their e-mail address.
OWNERS_KEY = "owner's key"
#: Shorter ones can be guessed.
MIN_KEY_LENGTH = 24
_SAME_READING = timedelta(minutes=5)
_MAX_READINGS = 10_000


class OwnerKeys:
    """Tenants by the hash of their keys: a look-up by hash tells nothing of a key by its time.

    Safe to read from several threads; one at a time loads.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._keys_of: dict[str, frozenset[bytes]] = {}
        self._tenant_of: Mapping[bytes, str] = {}

    def load(self, slugs: Iterable[str], *, known: Collection[str]) -> None:
        """Read these tenants' keys anew; who is not known has none.

        A key that is too short, or of two tenants, is nobody's, and that is logged.
        """
        changed = list(slugs)
        for tenant_id in changed:
            self._keys_of.pop(tenant_id, None)
            if tenant_id in known:
                self._keys_of[tenant_id] = frozenset(self._read(tenant_id))
        tenants_of: dict[bytes, list[str]] = {}
        for tenant_id, keys in self._keys_of.items():
            for key in keys:
                tenants_of.setdefault(key, []).append(tenant_id)
        for sharing in tenants_of.values():
            if len(sharing) > 1 and not set(sharing).isdisjoint(changed):
                log_unusable_key(
                    secret_variable(sharing[-1], OWNER_API_KEY),
                    f"is also a key of {sharing[0]}; a key must tell the tenant, so give each its own",
                )
        self._tenant_of = {key: sharing[0] for key, sharing in tenants_of.items() if len(sharing) == 1}

    def find_tenant(self, key: str) -> str | None:
        """Return the tenant of the key, None if it is nobody's."""
        return self._tenant_of.get(_hash(key))

    def _read(self, tenant_id: str) -> Iterator[bytes]:
        try:
            keys = self._secrets.values(tenant_id, OWNER_API_KEY)
        except ConfigurationError as error:
            log_unusable_key(secret_variable(tenant_id, OWNER_API_KEY), error.detail)
            return
        for key in keys:
            if len(key) >= MIN_KEY_LENGTH:
                yield _hash(key)
                continue
            log_unusable_key(
                secret_variable(tenant_id, OWNER_API_KEY),
                f"has fewer than {MIN_KEY_LENGTH} characters; make one by: openssl rand -hex 24",
            )


def _hash(key: str) -> bytes:
    return sha256(key.encode(errors="surrogatepass")).digest()


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
    """Knows callers by their keys, and keeps in the audit trail what they do."""

    def __init__(self, *, owner_keys: OwnerKeys, staff: StaffDirectory) -> None:
        self._owner_keys = owner_keys
        self._staff = staff
        #: What was read lately, by whom: a page that asks again by itself is one reading.
        self._readings: dict[tuple[str | None, ...], datetime] = {}

    def find(self, key: str | None, *, address: str) -> Caller:
        """Return whose key it is. Raises HTTPException with 401 if it is nobody's."""
        if key is not None:
            tenant_id = self._owner_keys.find_tenant(key)
            if tenant_id is not None:
                return Caller(tenant_id=tenant_id, role=Role.OWNER, session=None, address=address)
            session = self._staff.sessions.find(key)
            if session is not None:
                account = session.account
                return Caller(tenant_id=account.tenant_id, role=account.role, session=session, address=address)
        raise _unknown_key()

    def check_key(self, key: str | None) -> None:
        """Raise HTTPException with 401 unless the key is somebody's; routes say what it permits."""
        if key is None or not (self._owner_keys.find_tenant(key) or self._staff.sessions.find(key, is_use=False)):
            raise _unknown_key()

    def find_session(self, token: str | None, *, is_use: bool) -> Session:
        """Return the session of a token. Raises HTTPException with 401, which says so if nobody has an account."""
        session = self._staff.sessions.find(token, is_use=is_use) if token else None
        if session is None:
            remedy = "sign in by POST /v1/sessions and send its token as bearer token"
            if self._staff.accounts.is_empty():
                remedy = "nobody has an account yet; make one by `frontdesk staff add`"
            raise _unauthorized(remedy)
        return session

    def check_permission(self, caller: Caller, permission: Permission, *, request_line: str) -> None:
        """Raise HTTPException with 403 unless the caller has the permission; the trail keeps what was refused."""
        if not may(caller.role, permission):
            self.note(caller, "access.refused", subject=request_line)
            needed = role_needed(permission)
            raise HTTPException(HTTPStatus.FORBIDDEN, f"this needs the role {needed}; {caller.name} is {caller.role}")

    def note(self, caller: Caller, action: str, *, subject: str | None = None) -> None:
        """Keep in the audit trail what a caller is about to do, once it is known to be possible.

        Raises StaffUnavailableError: then it is not to be done.
        """
        self._staff.audit.record(
            action, tenant_id=caller.tenant_id, who=caller.name, subject=subject, address=caller.address
        )

    def note_reading(self, caller: Caller, action: str, *, subject: str | None) -> None:
        """Keep in the audit trail what a caller is about to read; the same again within some minutes is one entry."""
        key = (caller.tenant_id, caller.name, caller.address, action, subject)
        now = self._staff.audit.now()
        noted_at = self._readings.get(key)
        if noted_at is not None and now - noted_at < _SAME_READING:
            return
        self.note(caller, action, subject=subject)
        if len(self._readings) >= _MAX_READINGS:
            self._readings.clear()
        self._readings[key] = now


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


def _unknown_key() -> HTTPException:
    return _unauthorized(
        "send the owner's key as bearer token or X-API-Key header, or a session's token as bearer token"
    )
