"""Accounts of staff: made, listed, disabled, and their passwords set; each is of one business."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import writing
from frontdesk.domains.staff.audit import AuditTrail
from frontdesk.domains.staff.errors import AccountError, StaffUnavailableError, UnknownAccountError
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.staff.roles import Role
from frontdesk.domains.staff.schema import staff_accounts, staff_sessions

_EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00.]+")
_MAX_EMAIL = 254
_MAX_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person's account with one business, without its password."""

    staff_id: str
    tenant_id: str
    email: str  #: normalised: in small letters
    name: str
    role: Role
    is_disabled: bool
    created_at: datetime  #: aware, UTC

    def is_meant_by(self, text: str) -> bool:
        """Return whether a task's or booking's text names this person: by id, e-mail address or name."""
        return text.strip().casefold() in {self.staff_id, self.email, self.name.casefold()}


class StaffAccounts:
    """The accounts of one database. Safe to use from several threads and processes."""

    def __init__(
        self, engine: Engine, *, clock: Clock, ids: IdFactory, audit: AuditTrail, passwords: Passwords
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._passwords = passwords

    def add(self, *, tenant_id: str, email: str, name: str, role: Role, password: str, by: str) -> Account:
        """Make an account. Raises AccountError if e-mail, name or password can't be used, or it is there."""
        account = Account(
            staff_id=self._ids.new_event_id(),
            tenant_id=tenant_id,
            email=normalise_email(email),
            name=_checked_name(name),
            role=role,
            is_disabled=False,
            created_at=self._clock.now(),
        )
        row = {field: getattr(account, field) for field in Account.__slots__}
        row |= {"role": role.value, "password_hash": self._passwords.hash(password)}
        try:
            with writing(self._engine) as connection:
                if _find(connection, tenant_id=tenant_id, email=account.email) is not None:
                    raise AccountError(f"{account.email} has an account with {tenant_id} already")
                connection.execute(insert(staff_accounts), row)
                self._record(connection, "account.added", account, by=by)
        except IntegrityError as error:
            # Somebody else added it at the same instant.
            raise AccountError(f"{account.email} has an account with {tenant_id} already") from error
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        return account

    def find(self, *, tenant_id: str, email: str) -> Account:
        """Return an account. Raises UnknownAccountError."""
        try:
            with self._engine.connect() as connection:
                found = _find(connection, tenant_id=tenant_id, email=normalise_email(email))
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        if found is None:
            raise UnknownAccountError(f"{email} has no account with {tenant_id}; `frontdesk staff list` shows all")
        return found

    def list_all(self, *, tenant_id: str | None = None) -> list[Account]:
        """Return accounts by business and e-mail address, of one business or of all."""
        query = select(staff_accounts).order_by(staff_accounts.c.tenant_id, staff_accounts.c.email)
        if tenant_id is not None:
            query = query.where(staff_accounts.c.tenant_id == tenant_id)
        try:
            with self._engine.connect() as connection:
                return [to_account(row) for row in connection.execute(query).mappings()]
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def is_empty(self) -> bool:
        """Return whether nobody has an account yet."""
        try:
            with self._engine.connect() as connection:
                return not connection.execute(select(func.count()).select_from(staff_accounts)).scalar()
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def set_disabled(self, account: Account, *, is_disabled: bool, by: str) -> None:
        """Disable an account, which ends its sessions at once, or let it sign in again."""
        action = "account.disabled" if is_disabled else "account.enabled"
        with self._changing(account, action, by=by) as connection:
            connection.execute(
                update(staff_accounts)
                .where(staff_accounts.c.staff_id == account.staff_id)
                .values(is_disabled=is_disabled)
            )
            if is_disabled:
                _end_sessions(connection, account, keep=None)

    def set_role(self, account: Account, *, role: Role, by: str) -> None:
        """Give an account another role; open sessions have it from their next request on."""
        with self._changing(account, f"account.made_{role}", by=by) as connection:
            connection.execute(
                update(staff_accounts).where(staff_accounts.c.staff_id == account.staff_id).values(role=role)
            )

    def set_password(self, account: Account, *, password: str, by: str, keep_session: str | None = None) -> None:
        """Set a password and end the account's other sessions; `keep_session` is the hash of the one that stays.

        Raises AccountError for a password that is too short or too long.
        """
        password_hash = self._passwords.hash(password)
        with self._changing(account, "account.password_changed", by=by) as connection:
            connection.execute(
                update(staff_accounts)
                .where(staff_accounts.c.staff_id == account.staff_id)
                .values(password_hash=password_hash)
            )
            _end_sessions(connection, account, keep=keep_session)

    @contextmanager
    def _changing(self, account: Account, action: str, *, by: str) -> Iterator[Connection]:
        """Open the transaction of one change, with its line of the audit trail in it."""
        try:
            with writing(self._engine) as connection:
                self._record(connection, action, account, by=by)
                yield connection
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def _record(self, connection: Connection, action: str, account: Account, *, by: str) -> None:
        self._audit.record(action, tenant_id=account.tenant_id, who=by, subject=account.email, connection=connection)


def normalise_email(email: str) -> str:
    """Return an address as accounts keep it. Raises AccountError for what is none.

    >>> normalise_email(" Ana@Example.COM ")
    'ana@example.com'
    """
    normalised = email.strip().lower()
    if len(normalised) > _MAX_EMAIL or not _EMAIL.fullmatch(normalised):
        raise AccountError("that is no e-mail address; write one such as ana@example.com")
    return normalised


def to_account(row: RowMapping) -> Account:
    """Return a row of staff_accounts without its password."""
    fields = {field: row[field] for field in Account.__slots__}
    return Account(**(fields | {"role": Role(row["role"])}))


def _find(connection: Connection, *, tenant_id: str, email: str) -> Account | None:
    columns = staff_accounts.c
    query = select(staff_accounts).where(columns.tenant_id == tenant_id, columns.email == email)
    row = connection.execute(query).mappings().first()
    return None if row is None else to_account(row)


def _end_sessions(connection: Connection, account: Account, *, keep: str | None) -> None:
    others = staff_sessions.c.staff_id == account.staff_id
    if keep is not None:
        others &= staff_sessions.c.token_sha256 != keep
    connection.execute(delete(staff_sessions).where(others))


def _checked_name(name: str) -> str:
    stripped = " ".join(name.split())
    if not stripped or len(stripped) > _MAX_NAME or "\x00" in stripped:
        raise AccountError(f"a name needs 1 to {_MAX_NAME} characters")
    return stripped


def _unavailable(error: SQLAlchemyError) -> StaffUnavailableError:
    return StaffUnavailableError(f"accounts can't be used now: {getattr(error, 'orig', None) or error}")
