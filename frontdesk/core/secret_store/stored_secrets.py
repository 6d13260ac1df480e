"""The stored secrets as a process uses them: read once, and again when they change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database_errors import reason_of
from frontdesk.core.secret_store.master_key import MasterKeys, SecretAddress
from frontdesk.core.secret_store.rows import StoredValue, changed_since, has_store, newest_revision, read_values
from frontdesk.core.secrets import Secrets

_logger = logging.getLogger(__name__)

#: Attribute of a log record that holds its named values.
_FIELDS: Final = "frontdesk_fields"
_NOT_READ_YET: Final = "stored secrets can't be read until the database can be"


class _Read(NamedTuple):
    """A secret as it was read; not shown, since it holds the values."""

    values: Mapping[
        tuple[SecretAddress, datetime], str
    ]  #: by which value it is and when it was set, the newest first
    problem: str  #: why one of them can't be read; empty if all can

    def __repr__(self) -> str:
        return f"_Read({len(self.values)} values, {self.problem!r})"


class StoredSecrets:
    """Those in one database. Safe to use from several threads; a reader sees whole changes."""

    def __init__(self, engine: Engine, *, keys: MasterKeys) -> None:
        self._engine = engine
        self._keys = keys
        self._lock = threading.Lock()
        self._has_store = False
        self._revision: int | None = None  #: None: never read
        self._read: Mapping[tuple[str, str], _Read] = {}
        self._refused: set[str] = set()  #: whose secrets were asked for before they were read

    def values(self, tenant_id: str, name: str) -> tuple[str, ...]:
        """Return all live values, the newest first.

        Raises ConfigurationError if one of them can't be read, or the database was never there to ask.
        """
        if self._revision is None:
            with self._lock:
                if self._revision is None:
                    self._refused.add(tenant_id)
                    raise ConfigurationError(_NOT_READ_YET)
        read = self._read.get((tenant_id, name))
        if read is None:
            return ()
        if read.problem:
            raise ConfigurationError(f"{name} of {tenant_id} can't be read: {read.problem}")
        return tuple(read.values.values())

    @property
    def unreadable(self) -> Mapping[tuple[str, str], str]:
        """Why secrets can't be read, by tenant and name."""
        return MappingProxyType({key: each.problem for key, each in self._read.items() if each.problem})

    def refresh(self) -> frozenset[str]:
        """Take over what changed; return whose secrets did. Raises EventLogUnavailableError."""
        with self._lock:
            try:
                return self._refresh()
            except SQLAlchemyError as error:
                # The driver's own words: SQLAlchemy's hold the rows.
                raise EventLogUnavailableError(f"stored secrets can't be read now: {reason_of(error)}") from None

    def _refresh(self) -> frozenset[str]:
        known = self._revision
        with self._engine.connect() as connection:
            self._has_store = self._has_store or has_store(connection)
            newest = newest_revision(connection) if self._has_store else 0
            if newest == known:
                return frozenset()
            # Of another database than before, such as an older copy that was put in its place, all are read.
            is_anew = known is None or newest < known
            changed = frozenset() if is_anew else changed_since(connection, known or 0)
            found = read_values(connection, tenant_ids=None if is_anew else changed) if self._has_store else []
        if is_anew:
            changed = frozenset({slug for slug, _ in self._read} | {each.address.tenant_id for each in found})
        kept = {key: each for key, each in self._read.items() if key[0] not in changed}
        self._read = kept | {key: self._open(key, rows) for key, rows in groupby(found, _secret_of)}
        self._revision = newest
        changed |= self._refused
        self._refused = set()
        return changed

    def _open(self, key: tuple[str, str], rows: Iterable[StoredValue]) -> _Read:
        before = self._read.get(key)
        values: dict[tuple[SecretAddress, datetime], str] = {}
        problem = ""
        for each in rows:
            known = before.values.get((each.address, each.set_at)) if before else None
            try:
                values[each.address, each.set_at] = self._keys.decrypt(each.sealed, address=each.address)
            except ConfigurationError as error:
                # Encrypted anew under another master key it is the same value: who has read it goes on with it.
                if known is not None and self._keys.find(each.sealed.key_id) is None:
                    values[each.address, each.set_at] = known
                else:
                    problem = error.detail
        if problem and (before is None or before.problem != problem):
            fields = {"tenant": key[0], "name": key[1], "reason": problem}
            _logger.error("a stored secret can't be read", extra={_FIELDS: fields})
        return _Read(values, problem)


def open_secrets(engine: Engine, *, environ: Mapping[str, str]) -> Secrets:
    """Return the secrets of a process: of its environment, and those stored in the database of an engine.

    A database that is away is asked again by Secrets.refresh.
    """
    stored = StoredSecrets(engine, keys=MasterKeys.read(environ))
    try:
        stored.refresh()
    except EventLogUnavailableError as error:
        _logger.warning("%s", error.detail)
    return Secrets(environ, stored)


def _secret_of(value: StoredValue) -> tuple[str, str]:
    return value.address.tenant_id, value.address.name
