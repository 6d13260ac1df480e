"""Changes stored secrets, each time with its entry in the audit trail: who, which name, and never a value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.secret_store import rows
from frontdesk.core.secret_store.master_key import MasterKey, MasterKeys
from frontdesk.domains.staff.audit import AuditTrail


class SecretKeeper:
    """Keeps the secrets of one database, whose tables are there. All methods raise EventLogUnavailableError."""

    def __init__(self, engine: Engine, *, clock: Clock, by: str) -> None:
        """by: who changes them."""
        self._engine = engine
        self._clock = clock
        self._audit = AuditTrail(engine, clock=clock)
        self._by = by

    def set(self, tenant_id: str, name: str, *, value: str, keeps_older: bool, keys: MasterKeys) -> None:
        """Store a value; without keeps_older in place of those that are stored.

        Raises ConfigurationError if no key of these may encrypt it.
        """
        with self._writing() as connection:
            rows.put_value(
                connection,
                tenant_id=tenant_id,
                name=name,
                value=value,
                keeps_older=keeps_older,
                keys=keys,
                now=self._clock.now(),
                by=self._by,
            )
            self._note(connection, "secret.set", tenant_id=tenant_id, subject=name)

    def remove(self, tenant_id: str, name: str | None = None, *, is_newest_kept: bool = False) -> list[str]:
        """Delete a secret of a business, all of them if None; return the name of each value that is gone."""
        with self._writing() as connection:
            gone = rows.delete_values(connection, tenant_id=tenant_id, name=name, is_newest_kept=is_newest_kept)
            for each in dict.fromkeys(gone):
                self._note(connection, "secret.removed", tenant_id=tenant_id, subject=each)
        return gone

    def change_key(self, *, old: MasterKey, new: MasterKey) -> int:
        """Encrypt everything under a new master key, or nothing; return how many values that were.

        Raises ConfigurationError that names what the old key does not open.
        """
        with self._writing() as connection:
            count = rows.encrypt_anew(connection, old=old, new=new)
            self._note(
                connection, "secret.key_changed", tenant_id=None, subject=f"{count} value{'' if count == 1 else 's'}"
            )
        return count

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            translated_errors(EventLogUnavailableError, what="the store of secrets"),
            writing(self._engine) as connection,
        ):
            yield connection

    def _note(self, connection: Connection, action: str, *, tenant_id: str | None, subject: str) -> None:
        self._audit.record(action, tenant_id=tenant_id, who=self._by, subject=subject, connection=connection)
