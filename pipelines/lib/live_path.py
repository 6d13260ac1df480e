"""The live path: one batch of new events through the models, in one transaction, on one warm connection.

dbt is where the models are written, compiled and tested; what runs each batch is the SQL that dbt compiled in its
live form. Rows of the contacts that the batch touches replace the old ones, so the cost depends on the batch and
not on the history, and the result is what a build from the whole log would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
from sqlalchemy import Engine

from core.envelope import Event
from pipelines.lib.dbt_runner import LiveModel, Manifest
from pipelines.lib.log_copy import copy_events, replace_rejection_counts, set_log_position


@dataclass(frozen=True, slots=True)
class _WorkTable:
    """A temporary table of one batch, made by a compiled query at one point of the models' order."""

    name: str
    query: str  #: an analysis, or a view in its live form
    before: str


#: The scopes are read before identity moves on; the facts after it, when each has its new contact.
_WORK_TABLES = (
    _WorkTable("scope_identifiers", "live_scope_identifiers", before="int_identity_components"),
    _WorkTable("scope_contacts", "live_scope_contacts", before="int_identity_components"),
    _WorkTable("facts", "int_facts_attributed", before="first mart"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What one batch changed in one published table: which rows went, and where the new ones are."""

    model: LiveModel
    new_rows: str  #: temporary table of the rows that came
    gone: str  #: condition on the table's rows that went


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One batch that is committed in the warehouse."""

    count_events: int
    last_sequence: int
    changes: tuple[Change, ...]


class LivePath:
    """Runs batches. The caller holds the writer lock and owns the connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, manifest: Manifest, *, engine: Engine) -> None:
        self._connection = connection
        self._engine = engine
        self._models = manifest.live_models
        self._queries = {table.name: manifest.query(table.query) for table in _WORK_TABLES}
        self._first_mart = next(model.name for model in self._models if model.schema == "marts" and model.scope)
        self._batch = 0
        connection.execute(f"create or replace temp table new_facts as {manifest.query('live_new_facts')}")

    def run_batch(
        self, events: Sequence[Event], *, modelled_sequence: int, log_sequence: int, now: datetime
    ) -> BatchResult:
        """Model events that follow `modelled_sequence`. Raises duckdb.Error with nothing changed.

        `log_sequence` is the newest sequence known, `now` the time it was read (UTC).
        """
        self._batch += 1
        self._connection.execute("begin")
        try:
            copy_events(self._connection, events)
            set_log_position(self._connection, log_sequence=log_sequence, copied_at=now)
            replace_rejection_counts(self._connection, self._engine)
            self._connection.execute(f"set variable modelled_sequence = {modelled_sequence}::bigint")
            self._connection.execute("delete from temp.main.new_facts")
            types = {event.type for event in events}
            models = (model for model in self._models if _concerns(model, types))
            changes = [change for model in models if (change := self._run_model(model))]
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
        for table in _WORK_TABLES:
            if table.before == model.name or (table.before == "first mart" and model.name == self._first_mart):
                self._connection.execute(f"create or replace temp table {table.name} as {self._queries[table.name]}")
        if model.mode == "append":
            self._append(model)
            return None
        if model.fact_families and not self._facts_in_scope(model.fact_families):
            return None
        new_rows = f"changed_{model.name}_{self._batch}"
        self._connection.execute(f"create or replace temp table {new_rows} as {model.sql}")
        gone = self._gone(model, new_rows)
        if model.mode == "replace_all" and self._is_unchanged(model, new_rows):
            count = 0
        else:
            count = self._count(f"delete from {model.relation} where {gone}")
            count += self._count(f"insert into {model.relation} by name select * from {new_rows}")
        if model.is_public and count:
            return Change(model, new_rows=f"temp.main.{new_rows}", gone=gone)
        self._connection.execute(f"drop table {new_rows}")
        return None

    def _facts_in_scope(self, families: tuple[str, ...]) -> bool:
        # Facts are never deleted: where the scope has none of a family, its mart has no rows of these contacts.
        listed = ", ".join(f"'{family}'" for family in families)
        return self._count(f"select count(*) from temp.main.facts where fact_family in ({listed})") > 0

    def _is_unchanged(self, model: LiveModel, new_rows: str) -> bool:
        both_ways = (
            f"(from {new_rows} except from {model.relation}) union all (from {model.relation} except from {new_rows})"
        )
        return self._count(f"select count(*) from ({both_ways})") == 0

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

    def _gone(self, model: LiveModel, new_rows: str) -> str:
        """Return the condition that names the rows of `model` which this batch replaces."""
        match model.mode:
            case "replace_all":
                return "true"
            case "upsert":
                return self._one_of(model.column, f"select {model.column} from {new_rows}")
            case "replace":
                return self._one_of(model.column, f"select * from {model.scope}")
            case _:
                raise ValueError(f"{model.name}: meta.live.mode is {model.mode!r}")

    def _one_of(self, column: str | None, query: str) -> str:
        # Written out as constants: DuckDB then prunes by zone map and index, and the condition outlives the batch.
        values = ", ".join(f"'{row[0]}'" for row in self._connection.execute(query).fetchall())
        return f"{column} in ({values})" if values else "false"


def _concerns(model: LiveModel, types: set[str]) -> bool:
    return not model.event_types or any(event_type.startswith(model.event_types) for event_type in types)
