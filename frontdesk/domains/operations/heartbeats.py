"""Heartbeats that processes leave in the log's database, and how nightly runs ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.domains.operations.schema import heartbeats, pipeline_runs

LIVE_PATH: Final = "live_path"
DISPATCHER: Final = "dispatcher"
MONITOR: Final = "monitor"
_LONGEST_TEXT = 2_000


class LiveState(StrEnum):
    """What the live path is doing."""

    FOLLOWING = "following"
    OPENING = "opening"  #: the warehouse, which is built first where it has to be
    WAITING = "waiting"  #: a build holds the warehouse
    FAILING = "failing"  #: its last try ended with an error
    ENDED = "ended"  #: it was asked to follow the log once, and did


class RunKind(StrEnum):
    """What runs by night."""

    BUILD = "build"
    VERIFICATION = "verification"


class RunOutcome(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DIFFERENT = "different"  #: of a verification: the live path's rows are not those of a build
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """When something last said that it lives, and what it was doing. Aware UTC."""

    beat_at: datetime
    state: str
    modelled_sequence: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a kind. Aware UTC."""

    kind: RunKind
    started_at: datetime
    ended_at: datetime | None
    outcome: RunOutcome
    detail: str

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


@dataclass(slots=True)
class RunResult:
    """What a run says of itself before it ends."""

    outcome: RunOutcome = RunOutcome.SUCCEEDED
    detail: str = ""


class Heartbeats:
    """Heartbeats and runs in one database. Safe to use from several threads; raises EventLogUnavailableError."""

    def __init__(self, engine: Engine, *, clock: Clock, ids: IdFactory) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids

    def beat(self, name: str, *, state: str, modelled_sequence: int | None = None, error: str | None = None) -> None:
        """Say that something lives."""
        row = {
            "beat_at": self._clock.now(),
            "state": state,
            "modelled_sequence": modelled_sequence,
            "error": error and error[:_LONGEST_TEXT],
        }
        dialect_insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[self._engine.dialect.name]
        statement = dialect_insert(heartbeats).values(name=name, **row)
        with self._writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))

    def heartbeat(self, name: str) -> Heartbeat | None:
        """Return the newest heartbeat of something, None if it never gave one."""
        with self._reading() as connection:
            row = connection.execute(select(heartbeats).where(heartbeats.c.name == name)).first()
        if row is None:
            return None
        return Heartbeat(
            beat_at=row.beat_at, state=row.state, modelled_sequence=row.modelled_sequence, error=row.error
        )

    @contextmanager
    def recorded(self, kind: RunKind) -> Iterator[RunResult]:
        """Record the run that the block is: succeeded, what it says of itself, or failed by what it raises."""
        run_id = self._ids.new_event_id()
        started = {"run_id": run_id, "kind": kind.value, "started_at": self._clock.now()}
        with self._writing() as connection:
            connection.execute(insert(pipeline_runs).values(**started, outcome=RunOutcome.RUNNING.value, detail=""))
        result = RunResult()
        try:
            yield result
        except BaseException as error:
            self._end(run_id, RunResult(RunOutcome.FAILED, f"{type(error).__name__}: {error}"))
            raise
        self._end(run_id, result)

    def newest_runs(self) -> dict[RunKind, Run]:
        """Return the newest run of each kind that has ended."""
        runs = pipeline_runs.c
        newest: dict[RunKind, Run] = {}
        with self._reading() as connection:
            for kind in RunKind:
                query = (
                    select(pipeline_runs)
                    .where(runs.kind == kind.value, runs.ended_at.is_not(None))
                    .order_by(runs.started_at.desc())
                    .limit(1)
                )
                row = connection.execute(query).first()
                if row is not None:
                    newest[kind] = Run(
                        kind=kind,
                        started_at=row.started_at,
                        ended_at=row.ended_at,
                        outcome=RunOutcome(row.outcome),
                        detail=row.detail,
                    )
        return newest

    def _end(self, run_id: str, result: RunResult) -> None:
        ended = {
            "ended_at": self._clock.now(),
            "outcome": result.outcome.value,
            "detail": result.detail[:_LONGEST_TEXT],
        }
        with self._writing() as connection:
            connection.execute(update(pipeline_runs).where(pipeline_runs.c.run_id == run_id).values(**ended))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            translated_errors(EventLogUnavailableError, what="the signs of life"),
            writing(self._engine) as connection,
        ):
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with (
            translated_errors(EventLogUnavailableError, what="the signs of life"),
            self._engine.connect() as connection,
        ):
            yield connection
