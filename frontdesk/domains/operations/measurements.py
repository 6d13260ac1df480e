"""Measures what conditions are checked by, from the log's database, the outbox and the published file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, func, select

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.schema import event_log
from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.core.published.reader import opened
from frontdesk.domains.operations.alert_conditions import Lag, LaneRecord, SourceRecord
from frontdesk.domains.sending.outbox import holds, rows
from frontdesk.domains.sending.outbox.commands import AttemptOutcome, Lane
from frontdesk.domains.sending.outbox.schema import outbox, outbox_attempts

#: Newest calls that tell how providers are doing.
_CALLS_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReadings:
    """What the published file tells at this moment."""

    modelled_sequence: int
    published_at: datetime
    sources: tuple[SourceRecord, ...]


def read_lag(engine: Engine, modelled_sequence: int, *, now: datetime) -> Lag:
    """Return how far a position is behind the log. Raises EventLogUnavailableError."""
    waiting = event_log.c.sequence > modelled_sequence
    newest = select(func.max(event_log.c.sequence))
    oldest = select(event_log.c.received_at).where(waiting).order_by(event_log.c.sequence).limit(1)
    with translated_errors(EventLogUnavailableError, what="the event log"), engine.connect() as connection:
        count = int(connection.execute(newest).scalar() or 0) - modelled_sequence
        received_at = connection.execute(oldest).scalar()
    if received_at is None:
        return Lag(count_events=0, seconds=0.0)
    return Lag(count_events=max(count, 1), seconds=max((now - received_at).total_seconds(), 0.0))


def read_lanes(engine: Engine) -> list[LaneRecord]:
    """Return how the newest calls of each provider of each tenant ended. Raises EventLogUnavailableError.

    A lane that is closed is told however many calls of others were made since.
    """
    attempts, commands = outbox_attempts.c, outbox.c
    query = (
        select(commands.tenant_id, commands.provider, attempts.outcome, attempts.detail, attempts.ended_at)
        .join_from(outbox_attempts, outbox, attempts.command_key == commands.command_key)
        .where(attempts.ended_at.is_not(None))
        .order_by(attempts.attempt_id.desc())
        .limit(_CALLS_LOOKED_AT)
    )
    with translated_errors(EventLogUnavailableError, what="the outbox"), engine.connect() as connection:
        closed_lanes = holds.read_closed_lanes(connection)
        rows = connection.execute(query).all()
    records: dict[Lane, LaneRecord] = {}
    for row in reversed(rows):
        lane = Lane(row.tenant_id, row.provider)
        before = records.get(lane)
        # Refused for good is an answer about that one message: the provider lives.
        is_failure = row.outcome in (AttemptOutcome.RETRY, AttemptOutcome.UNCERTAIN)
        records[lane] = LaneRecord(
            lane=lane,
            count_failures=(before.count_failures if before else 0) + 1 if is_failure else 0,
            last_detail=row.detail or "",
            last_at=row.ended_at,
        )
    for closed in closed_lanes:
        record = records.get(closed.lane)
        if record is None:  # others' calls are so many that its own are not among the newest
            record = LaneRecord(
                lane=closed.lane, count_failures=1, last_detail=closed.reason, last_at=closed.closed_at
            )
        if record.count_failures:
            records[closed.lane] = replace(record, is_closed=True)
    return [records[lane] for lane in sorted(records)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLanes:
    """What is closed, and what something waits for that nobody holds."""

    lanes: tuple[holds.ClosedLane, ...]
    waiting: frozenset[Lane]


def read_closed_lanes(engine: Engine, *, now: datetime) -> ClosedLanes:
    """Return the closed lanes, and those that are waited for. Raises EventLogUnavailableError."""
    with translated_errors(EventLogUnavailableError, what="the outbox"), engine.connect() as connection:
        closed = tuple(holds.read_closed_lanes(connection))
        overdue = rows.read_overdue(connection, now=now) if closed else []
    waiting = frozenset(Lane(each.tenant_id, each.provider) for each in overdue if not each.is_held)
    return ClosedLanes(lanes=closed, waiting=waiting)


def read_published_sequence(path: Path) -> int:
    """Return the newest sequence that the published file knows, read once for each file that is published.

    Raises NothingPublishedError.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise NothingPublishedError.at(path) from error
    return _sequence_of(path, (status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _sequence_of(path: Path, _identity: tuple[int, int, int]) -> int:
    with opened(path) as published:
        return published.modelled_sequence()


def read_published(path: Path) -> PublishedReadings:
    """Read the published file. Raises NothingPublishedError if there is none that can be read."""
    with opened(path) as published:
        freshness = published.freshness()
        return PublishedReadings(
            modelled_sequence=freshness["modelled_sequence"],
            published_at=freshness["published_at"],
            sources=tuple(SourceRecord(**row) for row in published.source_health()),
        )
