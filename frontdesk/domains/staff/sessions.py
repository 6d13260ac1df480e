"""Sessions of staff: signed in by password, found by a token of which only the hash is kept, and ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from frontdesk.core.clock import Clock
from frontdesk.core.ids import new_session_token
from frontdesk.core.log.database import writing
from frontdesk.domains.staff.accounts import Account, normalise_email, to_account
from frontdesk.domains.staff.audit import AuditTrail
from frontdesk.domains.staff.errors import AccountError, SignInLockedError, SignInRefusedError, StaffUnavailableError
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.staff.schema import known_devices, staff_accounts, staff_sessions
from frontdesk.domains.staff.throttle import Attempt, count_attempt, forget_attempt

#: Name of the browser's cookie; the dashboard on another port of the same host gets it too.
SESSION_COOKIE = "frontdesk_session"
#: Between the tokens of one cookie: who has accounts with several businesses has a session with each.
COOKIE_SEPARATOR = "."
#: Name of the cookie by which a browser is known to have signed in before; it opens nothing.
DEVICE_COOKIE = "frontdesk_device"
#: A browser that did not sign in for so long is a stranger again.
KNOWN_FOR = timedelta(days=180)
#: A person has accounts with so many businesses at most; a cookie of more is nobody's.
MAX_TOKENS = 32
#: As new_session_token makes them.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
#: A use is noted this often at most, so that reading pages doesn't write all the time.
_NOTE_USE_AFTER = timedelta(seconds=60)
_REFUSED = "e-mail and password don't belong to an account that may sign in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session and whose it is. It ends at `expires_at`, or when it was not used for the idle time."""

    account: Account
    token_sha256: str  #: lower-case hex
    created_at: datetime  #: aware, UTC, as all of these
    last_used_at: datetime
    expires_at: datetime
    address: str  #: the client's network address when it was opened


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """A new session with its token, which is shown this once."""

    session: Session
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How long sessions last."""

    idle: timedelta
    absolute: timedelta


class StaffSessions:
    """The sessions of one database. Safe to use from several threads and processes."""

    def __init__(
        self, engine: Engine, *, clock: Clock, audit: AuditTrail, passwords: Passwords, limits: SessionLimits
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._audit = audit
        self._passwords = passwords
        self._limits = limits

    def sign_in(
        self, *, email: str, password: str, address: str, tenant_id: str | None = None, device: str | None = None
    ) -> list[OpenedSession]:
        """Open a session with the business, or with every one in which e-mail and password are an account's.

        `device` is the token of the browser, which is known from then on. Raises SignInRefusedError, the same for an
        unknown address, a wrong password and a disabled account, and SignInLockedError after too many failures.
        """
        try:
            email = normalise_email(email)
        except AccountError as error:
            raise SignInRefusedError(error.detail) from error
        with self._counted(email, address=address, tenant_id=tenant_id, device=device) as attempt:
            matching = self._verify(email=email, password=password, tenant_id=tenant_id)
            if not matching:
                self._audit.record("session.refused", tenant_id=tenant_id, who=email, address=address)
                raise SignInRefusedError(_REFUSED)
            return self._open(matching, password=password, attempt=attempt, device=device)

    def find(self, token: str, *, is_use: bool = True) -> Session | None:
        """Return the session of a token, None if it is nobody's, over, or of a disabled account.

        `is_use=False` looks only: a page that asks again by itself doesn't keep a session open.
        """
        now = self._clock.now()
        hashed = hash_token(token)
        query = _SESSIONS.where(staff_sessions.c.token_sha256 == hashed)
        try:
            with self._engine.connect() as connection:
                row = connection.execute(query).mappings().first()
            if row is None or row["is_disabled"] or self._is_over(row, now=now):
                return None
            if is_use and now - row["last_used_at"] >= _NOTE_USE_AFTER:
                with writing(self._engine) as connection:
                    connection.execute(
                        update(staff_sessions).where(staff_sessions.c.token_sha256 == hashed).values(last_used_at=now)
                    )
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        return _to_session(row)

    def check_password(self, session: Session, *, password: str, address: str) -> None:
        """Raise AccountError unless it is the password of the session's account.

        Raises SignInLockedError after too many failures.
        """
        account = session.account
        with self._counted(account.email, address=address, tenant_id=account.tenant_id) as attempt:
            if not self._verify(email=account.email, password=password, tenant_id=account.tenant_id):
                raise AccountError("the current password is another one")
            with writing(self._engine) as connection:
                forget_attempt(connection, attempt, now=self._clock.now())

    def end(self, session: Session) -> None:
        """Sign out. Ending it twice is one end."""
        try:
            with writing(self._engine) as connection:
                ended = connection.execute(
                    delete(staff_sessions).where(staff_sessions.c.token_sha256 == session.token_sha256)
                )
                if ended.rowcount:
                    account = session.account
                    self._audit.record(
                        "session.ended", tenant_id=account.tenant_id, who=account.email, connection=connection
                    )
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def list_open(self, *, tenant_id: str | None = None) -> list[Session]:
        """Return the sessions that are open, newest first, of one business or of all."""
        now = self._clock.now()
        query = _SESSIONS.order_by(staff_sessions.c.created_at.desc())
        if tenant_id is not None:
            query = query.where(staff_accounts.c.tenant_id == tenant_id)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).mappings().all()
        except SQLAlchemyError as error:
            raise _unavailable(error) from error
        return [_to_session(row) for row in rows if not row["is_disabled"] and not self._is_over(row, now=now)]

    @contextmanager
    def _counted(
        self, email: str, *, address: str, tenant_id: str | None, device: str | None = None
    ) -> Iterator[Attempt]:
        """Count an attempt, then let it be looked at in the block. Raises SignInLockedError."""
        now = self._clock.now()
        try:
            with writing(self._engine) as connection:
                attempt = self._to_attempt(connection, email=email, address=address, device=device, now=now)
                wait_s = count_attempt(connection, attempt, now=now)
            if wait_s:
                self._audit.record("session.locked", tenant_id=tenant_id, who=email, address=address)
                raise SignInLockedError(wait_s)
            yield attempt
        except IntegrityError as error:
            # The first two attempts of an address came at the same instant.
            raise SignInLockedError(1) from error
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def _to_attempt(
        self, connection: Connection, *, email: str, address: str, device: str | None, now: datetime
    ) -> Attempt:
        """Return an attempt with what is known of who makes it."""
        hashed = None if device is None else hash_token(device)
        of_device = select(known_devices).where(
            known_devices.c.device_sha256 == hashed,
            known_devices.c.email == email,
            known_devices.c.last_signed_in_at > now - KNOWN_FOR,
        )
        of_address = _SESSIONS.where(
            staff_accounts.c.email == email,
            staff_sessions.c.address == address,
            staff_sessions.c.expires_at > now,
            staff_sessions.c.last_used_at > now - self._limits.idle,
        )
        is_known = hashed is not None and connection.execute(of_device).first() is not None
        return Attempt(
            email=email,
            address=address,
            device_sha256=hashed if is_known else None,
            has_session=connection.execute(of_address).first() is not None,
        )

    def _verify(self, *, email: str, password: str, tenant_id: str | None) -> list[RowMapping]:
        query = select(staff_accounts).where(staff_accounts.c.email == email)
        if tenant_id is not None:
            query = query.where(staff_accounts.c.tenant_id == tenant_id)
        with self._engine.connect() as connection:
            accounts = connection.execute(query).mappings().all()
        if not accounts:
            self._passwords.verify(password, None)
        # Disabled ones are verified too: how long it takes must not tell them apart.
        verified = [row for row in accounts if self._passwords.verify(password, row["password_hash"])]
        return [row for row in verified if not row["is_disabled"]]

    def _open(
        self, accounts: list[RowMapping], *, password: str, attempt: Attempt, device: str | None
    ) -> list[OpenedSession]:
        now, address = self._clock.now(), attempt.address
        renewed = {
            row["staff_id"]: self._passwords.hash(password)
            for row in accounts
            if self._passwords.needs_rehash(row["password_hash"])
        }
        with writing(self._engine) as connection:
            forget_attempt(connection, attempt, now=now)
            self._delete_expired(connection, now=now)
            if device is not None:
                _remember(connection, device, email=attempt.email, now=now)
            for staff_id, password_hash in renewed.items():
                connection.execute(
                    update(staff_accounts)
                    .where(staff_accounts.c.staff_id == staff_id)
                    .values(password_hash=password_hash)
                )
            return [self._open_one(connection, to_account(row), address=address, now=now) for row in accounts]

    def _open_one(self, connection: Connection, account: Account, *, address: str, now: datetime) -> OpenedSession:
        token = new_session_token()
        session = Session(
            account=account,
            token_sha256=hash_token(token),
            created_at=now,
            last_used_at=now,
            expires_at=now + self._limits.absolute,
            address=address,
        )
        row = {field: getattr(session, field) for field in Session.__slots__ if field != "account"}
        connection.execute(insert(staff_sessions), row | {"staff_id": account.staff_id})
        self._audit.record(
            "session.opened", tenant_id=account.tenant_id, who=account.email, address=address, connection=connection
        )
        return OpenedSession(session=session, token=token)

    def _delete_expired(self, connection: Connection, *, now: datetime) -> None:
        columns = staff_sessions.c
        is_over = (columns.expires_at <= now) | (columns.last_used_at <= now - self._limits.idle)
        connection.execute(delete(staff_sessions).where(is_over))
        connection.execute(delete(known_devices).where(known_devices.c.last_signed_in_at <= now - KNOWN_FOR))

    def _is_over(self, row: RowMapping, *, now: datetime) -> bool:
        return bool(row["expires_at"] <= now or row["last_used_at"] <= now - self._limits.idle)


def _remember(connection: Connection, device: str, *, email: str, now: datetime) -> None:
    """Note that a browser signed in to an account."""
    known = {"device_sha256": hash_token(device), "email": email}
    is_it = (known_devices.c.device_sha256 == known["device_sha256"]) & (known_devices.c.email == email)
    connection.execute(delete(known_devices).where(is_it))
    connection.execute(insert(known_devices), known | {"last_signed_in_at": now})


_SESSIONS = select(
    staff_sessions.c.token_sha256,
    staff_sessions.c.created_at.label("opened_at"),
    staff_sessions.c.last_used_at,
    staff_sessions.c.expires_at,
    staff_sessions.c.address,
    staff_accounts,
).join(staff_accounts, staff_accounts.c.staff_id == staff_sessions.c.staff_id)


def tokens_of(cookie: str) -> list[str]:
    """Return the tokens in a session cookie, each once: MAX_TOKENS at most, and none that can't be one."""
    parts = cookie.split(COOKIE_SEPARATOR, maxsplit=4 * MAX_TOKENS)
    return list(dict.fromkeys(part for part in parts if _TOKEN.fullmatch(part)))[:MAX_TOKENS]


def hash_token(token: str) -> str:
    """Return what is kept of a token: its SHA-256 in lower-case hex. 256 random bits need no slower hash."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def _to_session(row: RowMapping) -> Session:
    return Session(
        account=to_account(row),
        token_sha256=row["token_sha256"],
        created_at=row["opened_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
        address=row["address"],
    )


def _unavailable(error: SQLAlchemyError) -> StaffUnavailableError:
    return StaffUnavailableError(f"sessions can't be used now: {getattr(error, 'orig', None) or error}")
