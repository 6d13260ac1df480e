"""The live path: one batch of new events through the models, in one transaction, on one warm connection.

dbt is where the models are written, compiled and tested; what runs each batch is the SQL that dbt compiled in its
live form. Rows of the contacts that the batch touches replace the old ones, so the cost depends on the batch and
not on the history, and the result is what a build from the whole log would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import duckdb
import pyarrow as pa
from sqlalchemy import Engine

from core.envelope import Event
from pipelines.lib.dbt_runner import DECISIONS, LiveModel, Manifest
from pipelines.lib.log_copy import copy_events, replace_rejection_counts, set_log_position

#: What a batch touches, each a list of values that the next ones and the models build on: analyses/live_<name>.sql.
_SCOPES = ("new_identifiers", "scope_components", "scope_identifiers", "scope_contacts")
#: The first model that changes what the scopes are read from.
_SCOPES_BEFORE = "int_identity_components"
#: Up to so many events one thread is faster than several (measured with 100,000 events of history on two cores that
#: others used too: 360 ms instead of 490 ms for one event): what costs is planning, and threads wait for one another.
_FEW_EVENTS = 50
#: The facts in scope, each with the contact it belongs to now.
_FACTS = "int_facts_attributed"
#: The contacts of these facts: what the models read of other marts.
_TOUCHED = "touched_contacts"


class BatchGivenUp(Exception):  # noqa: N818 - nothing is wrong
    """The batch was rolled back, as asked: something more urgent waits."""


class DecisionSink(Protocol):
    """Who acts on what is decided. Both tables have the columns of fct_decisions, of the contacts in scope."""

    def apply(self, before: pa.Table, after: pa.Table) -> None:
        """Act on the difference. Called within the batch: what is only looked at comes after it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one batch changed in one published table."""

    model: LiveModel
    keys: frozenset[str] | None  #: values of the model's column whose rows are others now; None: any row


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One batch that is committed in the warehouse."""

    count_events: int
    last_sequence: int
    changes: tuple[Change, ...]


class LivePath:
    """Runs batches. The caller holds the writer lock and owns the connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, manifest: Manifest, *, engine: Engine, sink: DecisionSink
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._sink = sink
        self._models = manifest.live_models
        self._queries = {name: manifest.query(f"live_{name}") for name in _SCOPES}
        self._scopes: dict[str, frozenset[str]] = {}
        connection.execute(f"create or replace temp table new_facts as {manifest.query('live_new_facts')}")

    def run_batch(
        self,
        events: Sequence[Event],
        *,
        modelled_sequence: int,
        log_sequence: int,
        now: datetime,
        gives_up: Callable[[], bool] = lambda: False,
    ) -> BatchResult:
        """Model events that follow `modelled_sequence`. Raises duckdb.Error or BatchGivenUp with nothing changed.

        `log_sequence` is the newest sequence known, `now` the time it was read (UTC). `gives_up` is asked before each
        model.
        """
        self._connection.execute("set threads = 1" if len(events) <= _FEW_EVENTS else "reset threads")
        self._connection.execute("begin")
        try:
            copy_events(self._connection, events)
            set_log_position(self._connection, log_sequence=log_sequence, copied_at=now)
            replace_rejection_counts(self._connection, self._engine)
            self._connection.execute(f"set variable modelled_sequence = {modelled_sequence}::bigint")
            # Made anew, not emptied: what is deleted from a table in memory is never given back.
            self._connection.execute("create or replace temp table new_facts as from temp.main.new_facts limit 0")
            types = {event.type for event in events}
            models = (model for model in self._models if _concerns(model, types))
            changes = [change for model in _unless(gives_up, models) if (change := self._run_model(model))]
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")
        return BatchResult(
            count_events=len(events),
            last_sequence=events[-1].sequence if events else modelled_sequence,
            changes=tuple(changes),
        )

    def _run_model(self, model: LiveModel) -> Change | None:
        if model.mode == "append":
            self._append(model)
            return None
        if model.name == _SCOPES_BEFORE:
            self._read_scopes()
        if model.mode == "scratch":
            self._connection.execute(f"create or replace temp table {model.name} as {self._in_scope(model.sql)}")
            if model.name == _FACTS:
                self._read_scope(_TOUCHED, f"select distinct contact_id from temp.main.{_FACTS}")
            return None
        if model.fact_families and not self._facts_in_scope(model.fact_families):
            return None
        self._connection.execute(f"create or replace temp table new_rows as {self._in_scope(model.sql)}")
        keys = self._changed_keys(model)
        rows = rows_with(model.column, keys)
        if model.is_public:
            before, after = self._compared(model, rows)
            # A published table that is left alone saves its part of the publish, three times what looking costs.
            if before.equals(after):
                return None
            if model.name == DECISIONS:
                self._sink.apply(before, after)
        self._connection.execute(f"delete from {model.relation} where {rows}")
        self._connection.execute(f"insert into {model.relation} by name select * from temp.main.new_rows")
        return Change(model, keys) if model.is_public else None

    def _read_scopes(self) -> None:
        self._scopes = {}
        for name in _SCOPES:
            self._read_scope(name, self._in_scope(self._queries[name]))

    def _read_scope(self, name: str, query: str) -> None:
        self._scopes[name] = frozenset(str(row[0]) for row in self._connection.execute(query).fetchall())

    def _in_scope(self, query: str) -> str:
        """Write out the values of the scopes that a query names (macros/live.sql)."""
        for name, values in self._scopes.items():
            query = query.replace(f"'{{{name}}}'", _constants(values))
        return query

    def _facts_in_scope(self, families: tuple[str, ...]) -> bool:
        # Facts are never deleted: where the scope has none of a family, its mart has no rows of these contacts.
        listed = ", ".join(f"'{family}'" for family in families)
        return self._count(f"select count(*) from temp.main.{_FACTS} where fact_family in ({listed})") > 0

    def _compared(self, model: LiveModel, rows: str) -> tuple[pa.Table, pa.Table]:
        """Return the rows that go and those that come, in the same order."""
        # Compared here and not by EXCEPT: for a few rows DuckDB's planning is what costs (6 ms a table, this 2 ms).
        going = self._read(f"select * from {model.relation} where {rows} order by all")
        # Columns by name, as they are inserted: a contract may order them otherwise than the query.
        columns = ", ".join(going.column_names)
        return going, self._read(f"select {columns} from temp.main.new_rows order by all")

    def _read(self, query: str) -> pa.Table:
        return self._connection.execute(query).arrow().read_all()

    def _count(self, statement: str) -> int:
        row = self._connection.execute(statement).fetchone()
        return int(row[0]) if row else 0

    def _append(self, model: LiveModel) -> None:
        if model.schema != "staging":
            self._connection.execute(f"insert into {model.relation} by name {model.sql}")
            return
        # Planning the union of all staging tables costs more than a batch: its facts are collected as they come.
        self._connection.execute(f"create or replace temp table staged as {model.sql}")
        self._connection.execute(f"insert into {model.relation} by name select * from temp.main.staged")
        self._connection.execute("insert into temp.main.new_facts by name select * from temp.main.staged")

    def _changed_keys(self, model: LiveModel) -> frozenset[str] | None:
        """Return the values whose rows this batch replaces: those that go, and those that come."""
        if model.mode == "replace_all":
            return None
        coming = self._connection.execute(f"select distinct {model.column} from temp.main.new_rows").fetchall()
        return frozenset(str(row[0]) for row in coming) | self._scopes.get(model.scope or "", frozenset())


def _unless(gives_up: Callable[[], bool], models: Iterable[LiveModel]) -> Iterator[LiveModel]:
    for model in models:
        if gives_up():
            raise BatchGivenUp
        yield model


def rows_with(column: str | None, keys: frozenset[str] | None) -> str:
    """Return the SQL condition on the rows of these keys; every row for None."""
    return "true" if keys is None else f"{column} in ({_constants(keys)})"


def _constants(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values)) or "null"


def _concerns(model: LiveModel, types: set[str]) -> bool:
    return not model.event_types or any(event_type.startswith(model.event_types) for event_type in types)
