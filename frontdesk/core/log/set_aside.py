"""What was set aside so that the rest could go on: one event, command, rule, file or table, with its reason.

Whatever one of them raises, in any step, is noted here and told at error level; what is let in again is noted too.
Alerts, the mart fct_set_aside and the Systems page read this table.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.schema import set_aside

_logger = logging.getLogger(__name__)

#: Attribute of a log record that holds its named values.
_FIELDS = "frontdesk_fields"
#: PostgreSQL's index of the primary key takes at most 2,704 bytes a row.
_MAX_SUBJECT = 512
_MAX_REASON = 2_000


class Kind(StrEnum):
    """What can be set aside by itself."""

    EVENT = "event"  #: subject: its event_id
    COMMAND = "command"  #: subject: its command_key
    RULE = "rule"  #: subject: its id
    BUSINESS = "business"  #: a business's file; subject: its slug
    TABLE = "table"  #: a published table or view; subject: its name
    REPORT = "report"  #: a part of a report; subject: the report's id and the part


class Step(StrEnum):
    """Where it was set aside."""

    MODELS = "models"
    DECISIONS = "decisions"
    FILLING = "filling"
    COMPOSING = "composing"
    PUBLISHING = "publishing"
    REPORTING = "reporting"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One thing that is, or was, set aside. All times are aware UTC datetimes."""

    kind: Kind
    subject: str
    step: Step
    reason: str
    set_aside_at: datetime
    last_seen_at: datetime
    tenant_id: str = ""  #: empty: no business's
    sequence: int | None = None  #: of an event
    count_times: int = 1
    let_in_at: datetime | None = None  #: None: it is set aside now

    def blames(self, blamed: str) -> bool:
        """Tell whether this was noted as at fault, too."""
        return self.reason.endswith(_mark(blamed))


class SetAside:
    """What is set aside in one home. Safe to use from several threads and processes.

    All methods raise EventLogUnavailableError if the database can't be used.
    """

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def note(
        self,
        kind: Kind,
        subject: str,
        *,
        step: Step,
        reason: str,
        blamed: str = "",
        tenant_id: str = "",
        sequence: int | None = None,
    ) -> None:
        """Set one aside, or note that it is again. blamed: what is at fault, too; kept however long the reason is."""
        subject = subject_of(subject)
        mark = _mark(blamed) if blamed else ""
        reason = (_storable(reason)[: _MAX_REASON - len(mark)] or "no reason was told") + mark
        _logger.error(
            "set aside",
            extra={
                _FIELDS: {
                    "kind": kind.value,
                    "tenant": tenant_id,
                    "subject": subject,
                    "step": step.value,
                    "reason": reason,
                }
            },
        )
        now = self._clock.now()
        key = {"kind": kind.value, "tenant_id": tenant_id, "subject": subject}
        occurrence = {"step": step.value, "reason": reason, "sequence": sequence, "last_seen_at": now}

        def write(connection: Connection) -> None:
            columns = set_aside.c
            is_it = (columns.kind == kind.value, columns.tenant_id == tenant_id, columns.subject == subject)
            known = connection.execute(select(columns.let_in_at).where(*is_it)).first()
            if known is None:
                connection.execute(insert(set_aside).values(**key, **occurrence, count_times=1, set_aside_at=now))
                return
            again = {"set_aside_at": now} if known.let_in_at is not None else {}
            connection.execute(
                update(set_aside)
                .where(*is_it)
                .values(**occurrence, **again, count_times=columns.count_times + 1, let_in_at=None)
            )

        self._write(write)

    def let_in(self, kind: Kind, subjects: Iterable[str], *, tenant_id: str | None = None) -> None:
        """Note that these are let in again; of those that are not set aside nothing is noted."""
        stored_subjects = {subject_of(subject) for subject in subjects}
        found = sorted({each.subject for each in self.read(kind)} & stored_subjects)
        if not found:
            return
        now = self._clock.now()

        def write(connection: Connection) -> None:
            columns = set_aside.c
            is_it = [columns.kind == kind.value, columns.let_in_at.is_(None)]
            if tenant_id is not None:
                is_it.append(columns.tenant_id == tenant_id)
            for subject in found:
                connection.execute(update(set_aside).where(*is_it, columns.subject == subject).values(let_in_at=now))

        self._write(write)
        _logger.info("let in again", extra={_FIELDS: {"kind": kind.value, "subjects": found}})

    def read(self, kind: Kind | None = None, *, with_past: bool = False) -> list[Aside]:
        """Return what is set aside, the oldest first; with_past: what was let in again, too."""
        columns = set_aside.c
        query = select(set_aside).order_by(columns.set_aside_at, columns.kind, columns.tenant_id, columns.subject)
        if kind is not None:
            query = query.where(columns.kind == kind.value)
        if not with_past:
            query = query.where(columns.let_in_at.is_(None))
        with (
            translated_errors(EventLogUnavailableError, what="what is set aside"),
            self._engine.connect() as connection,
        ):
            return [_to_aside(row) for row in connection.execute(query).mappings()]

    def subjects(self, kind: Kind) -> frozenset[str]:
        """Return what of a kind is set aside."""
        return frozenset(each.subject for each in self.read(kind))

    def _write(self, write: Callable[[Connection], None]) -> None:
        try:
            with writing(self._engine) as connection:
                write(connection)
        except SQLAlchemyError as error:  # an IntegrityError too: another process noted the same at the same instant
            raise EventLogUnavailableError(f"what is set aside can't be noted now: {error}") from error


def subject_of(text: str) -> str:
    """Return the text as the table keeps it: a digest if no index holds it."""
    text = _storable(text)
    return text if len(text) <= _MAX_SUBJECT else f"sha256:{sha256(text.encode()).hexdigest()}"


def _mark(blamed: str) -> str:
    return f" ({_storable(blamed)})"


def reason_of(error: BaseException) -> str:
    """Return what an error says, with its kind."""
    return f"{type(error).__name__}: {error}"


def _storable(text: str) -> str:
    """Return text that both databases keep: no NUL, no lone surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _to_aside(row: RowMapping) -> Aside:
    values = dict(row)
    return Aside(**{**values, "kind": Kind(values["kind"]), "step": Step(values["step"])})
