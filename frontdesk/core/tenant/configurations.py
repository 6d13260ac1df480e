"""Versions of businesses' documents in the log: `tenant.configured` and `tenant.removed`.

The newest event of a business is its configuration in force. Files, sign-up and settings pages write such events;
whoever acts for a business reads them. So one log holds what was decided and by which rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import Engine, RowMapping, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.clock import Clock
from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database_errors import reason_of
from frontdesk.core.log.envelope import Appended, NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.log.schema import IS_CONFIGURATION, event_log

CONFIGURED: Final = "tenant.configured"
REMOVED: Final = "tenant.removed"
SOURCE: Final = "frontdesk"


def is_configuration(event: NewEvent) -> bool:
    """Tell whether an event is a version of a business's configuration."""
    return event.source == SOURCE and event.type in (CONFIGURED, REMOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One version of a business's configuration."""

    tenant_id: str
    sequence: int
    event_id: str
    document: Mapping[str, object] | None  #: None: the business has left
    digest: str  #: SHA-256 of the document; empty where there is none
    written_by: str  #: such as "the file noizylab.yaml", or who signed in
    written_at: datetime


class Configurations:
    """The versions in one database."""

    def __init__(self, engine: Engine, *, log: EventLog, clock: Clock) -> None:
        self._engine = engine
        self._log = log
        self._clock = clock

    def newest(self, *, until: int | None = None) -> dict[str, Configuration]:
        """Return the version in force of each business by slug, those that have left too; as of a sequence.

        Raises EventLogUnavailableError.
        """
        return read_newest(self._engine, until=until)

    def since(self, sequence: int) -> list[Configuration]:
        """Return the versions after a sequence, ascending. Raises EventLogUnavailableError."""
        # This is asked all the time. Added to, so that the index of configurations is read and not every event since.
        number = event_log.c.sequence + 0
        newest = select(func.max(number)).where(IS_CONFIGURATION).having(func.max(number) > sequence)
        if not _rows(self._engine, newest):
            return []
        return sorted(_read(self._engine, _QUERY.where(number > sequence)), key=lambda each: each.sequence)

    def documents(self, *, until: int | None = None) -> dict[str, Mapping[str, object]]:
        """Return the documents in force by slug; as of a sequence. Raises EventLogUnavailableError."""
        newest = self.newest(until=until).values()
        return {each.tenant_id: each.document for each in newest if each.document is not None}

    def write(self, slug: str, document: Mapping[str, object], *, by: str) -> Appended | None:
        """Append a version of a document that was found valid; None if it is the one in force.

        Raises ConfigurationError for what JSON can't hold, and EventLogUnavailableError.
        """
        content = _as_json(document, slug=slug)
        digest = sha256(content).hexdigest()
        before = self._in_force(slug)
        if before is not None and before.digest == digest:
            return None
        payload = b'{"document":' + content + b',"sha256":"' + digest.encode() + b'","by":' + orjson.dumps(by) + b"}"
        return self._append(slug, CONFIGURED, payload, name=digest, before=before)

    def wrote_last(self, slug: str, document: Mapping[str, object], *, by: str) -> bool:
        """Tell whether the newest version that one writer wrote of a business is this document.

        What others wrote since stands then. Raises as write does.
        """
        digest = digest_of(document, slug=slug)
        of_tenant = _QUERY.where(event_log.c.tenant_id == slug).order_by(event_log.c.sequence.desc())
        newest = next((each for each in _read(self._engine, of_tenant) if each.written_by == by), None)
        return newest is not None and newest.digest == digest

    def remove(self, slug: str, *, by: str) -> Appended | None:
        """Append that a business has left; None if it is not there. Raises EventLogUnavailableError."""
        before = self._in_force(slug)
        if before is None or before.document is None:
            return None
        return self._append(slug, REMOVED, orjson.dumps({"by": by}), name="removed", before=before)

    def _in_force(self, slug: str) -> Configuration | None:
        of_tenant = _QUERY.where(event_log.c.tenant_id == slug).order_by(event_log.c.sequence.desc()).limit(1)
        return next(iter(_read(self._engine, of_tenant)), None)

    def _append(self, slug: str, type_: str, payload: bytes, *, name: str, before: Configuration | None) -> Appended:
        now = self._clock.now()
        event = own_event(
            type_,
            payload,
            tenant_id=slug,
            # Two processes that find the same change write it once.
            source_event_id=f"{type_}:{name}:after-{before.sequence if before else 0}",
            subject_id=None,
            now=now,
        )
        return self._log.append([event])[0]


_QUERY = select(
    event_log.c.tenant_id,
    event_log.c.sequence,
    event_log.c.event_id,
    event_log.c.type,
    event_log.c.payload,
    event_log.c.received_at,
).where(IS_CONFIGURATION)


def digest_of(document: Mapping[str, object], *, slug: str) -> str:
    """Return what versions that say the same have in common. Raises ConfigurationError for what JSON can't hold."""
    return sha256(_as_json(document, slug=slug)).hexdigest()


def read_newest(engine: Engine, *, until: int | None = None) -> dict[str, Configuration]:
    """Return the version in force of each business by slug; see Configurations.newest."""
    last = select(func.max(event_log.c.sequence)).where(IS_CONFIGURATION).group_by(event_log.c.tenant_id)
    if until is not None:
        last = last.where(event_log.c.sequence <= until)
    return {each.tenant_id: each for each in _read(engine, _QUERY.where(event_log.c.sequence.in_(last)))}


def _read(engine: Engine, query: Select[Any]) -> list[Configuration]:
    return [_configuration(row) for row in _rows(engine, query)]


def _rows(engine: Engine, query: Select[Any]) -> Sequence[RowMapping]:
    try:
        with engine.connect() as connection:
            return connection.execute(query).mappings().all()
    except SQLAlchemyError as error:
        raise EventLogUnavailableError(f"the event log can't be used now: {reason_of(error)}") from error


def _configuration(row: RowMapping) -> Configuration:
    payload = orjson.loads(row["payload"])
    is_configured = row["type"] == CONFIGURED
    return Configuration(
        tenant_id=row["tenant_id"],
        sequence=row["sequence"],
        event_id=row["event_id"],
        document=payload["document"] if is_configured else None,
        digest=payload["sha256"] if is_configured else "",
        written_by=payload["by"],
        written_at=row["received_at"],
    )


def _as_json(document: Mapping[str, object], *, slug: str) -> bytes:
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise ConfigurationError(
            f"configuration of {slug}: a value is not readable: {error}; put it in quotes"
        ) from error
