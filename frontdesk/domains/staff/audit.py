"""The audit trail: who signed in, read, exported and decided what; rows are appended and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from frontdesk.core.clock import Clock
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.domains.staff.errors import StaffUnavailableError
from frontdesk.domains.staff.schema import audit_entries

MAX_ENTRIES_PER_PAGE = 1_000
#: Longer names and subjects are cut: a stranger may write here by trying to sign in.
_MAX_TEXT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the trail; `at` is aware UTC, `audit_id` ascends and is None until it is stored."""

    tenant_id: str | None  #: None: nobody knows which business was meant
    who: str  #: an account's e-mail address, "owner's key", or who was at the command line
    action: str  #: thing.done, such as session.opened or contact.read
    subject: str | None = None  #: what it was about, such as a contact's id
    address: str | None = None  #: the client's network address
    at: datetime
    audit_id: int | None = None


class AuditTrail:
    """Appends to and reads the trail of one database. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def now(self) -> datetime:
        """Return the time by which entries are written."""
        return self._clock.now()

    def record(
        self,
        action: str,
        *,
        tenant_id: str | None,
        who: str,
        subject: str | None = None,
        address: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Append an entry, in the caller's transaction if one is given. Raises StaffUnavailableError."""
        row = {
            "tenant_id": tenant_id,
            "at": self._clock.now(),
            "who": _storable(who),
            "action": action,
            "subject": subject and _storable(subject),
            "address": address and _storable(address),
        }
        if connection is not None:
            connection.execute(insert(audit_entries), row)
            return
        with translated_errors(StaffUnavailableError, what="the audit trail"), writing(self._engine) as own:
            own.execute(insert(audit_entries), row)

    def read(
        self, *, tenant_id: str | None = None, before: int | None = None, limit: int = MAX_ENTRIES_PER_PAGE
    ) -> list[AuditEntry]:
        """Return entries, newest first, of one business or of all, older than the one with the id `before`.

        Raises StaffUnavailableError.
        """
        query = select(audit_entries).order_by(audit_entries.c.audit_id.desc()).limit(limit)
        if tenant_id is not None:
            query = query.where(audit_entries.c.tenant_id == tenant_id)
        if before is not None:
            query = query.where(audit_entries.c.audit_id < before)
        with translated_errors(StaffUnavailableError, what="the audit trail"), self._engine.connect() as connection:
            return [AuditEntry(**row) for row in connection.execute(query).mappings()]


def _storable(text: str) -> str:
    # PostgreSQL's texts hold no NUL, and neither database a lone surrogate.
    return text.encode(errors="replace").decode().replace("\x00", "\ufffd")[:_MAX_TEXT]
