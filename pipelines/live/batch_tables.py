"""The temporary tables of one batch: what each live model makes of it, by statements that are planned once.

For a batch of a few events, more than half of what its statements cost is planning (DuckDB 1.5.6: 14 of 25 ms for the
decisions). So a small batch runs prepared statements. Their plans stand as long as no table comes or goes: the tables
are therefore emptied after a batch, not made anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from frontdesk.core.log.envelope import Event
from pipelines.build.dbt_runner import LiveModel
from pipelines.ingest.log_copy import PARSED_EVENTS, events_table
from pipelines.live.batch_sql import IDENTIFIERS, NEW_EVENTS, NEW_FACTS, BatchModel, in_scope

#: Up to so many events are a small batch. One thread is faster for it than several, which wait for one another.
_FEW_EVENTS = 50
#: A batch that is large whatever its events are.
LARGE = _FEW_EVENTS + 1
#: What is deleted from a table in memory is never given back: after so many small batches the tables are made anew.
_BATCHES_BETWEEN_RENEWALS = 500
#: Optimizers that rely on the values that tables have while a statement is planned. A prepared plan outlives these:
#: with them, DuckDB gives no rows where a table was empty then, or its values were all on one side of a filter.
_PLANS_BY_VALUES = "statistics_propagation,compressed_materialization"


class BatchTables:
    """One temporary table per live model. The caller owns the connection and its transactions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, models: Sequence[BatchModel]) -> None:
        self._connection = connection
        self._names: list[str] = []
        self.columns: dict[str, frozenset[str]] = {}  #: of each table
        self._prepared: set[str] = set()
        self._filled: set[str] = set()
        self._is_small = True
        self._count_batches = 0
        self._create(NEW_EVENTS, "from raw.event_log")
        self._create(NEW_FACTS, "from intermediate.int_facts_unioned")
        self._create(IDENTIFIERS, "select identifier_key from intermediate.int_identifiers_observed")
        for each in models:
            if each.model.mode == "inline":
                # A step that one model reads: planned with it, where a table of its own costs 5 ms a batch.
                connection.execute(f"create or replace temp view {each.name} as {each.sql}")
                continue
            self._create(each.name, each.sql if each.model.mode == "scratch" else f"from {each.model.relation}")
            if each.model.mode == "append" and each.model.scope:
                self._create(in_scope(each.model), f"from {each.model.relation}")

    def _create(self, name: str, shape: str) -> None:
        self._connection.execute(f"create or replace temp table {name} as select * from ({shape}) limit 0")
        described = self._connection.execute(f"from temp.main.{name}").description
        self.columns[name] = frozenset(column[0] for column in described)
        self._names.append(name)

    def begin(self, *, count_events: int) -> None:
        """Make ready for a batch of so many events. Called outside a transaction, with the tables empty."""
        was_small, self._is_small = self._is_small, count_events <= _FEW_EVENTS
        self._count_batches += 1
        self._filled.clear()
        if not was_small or self._count_batches % _BATCHES_BETWEEN_RENEWALS == 0:
            for name in self._names:
                self._connection.execute(f"create or replace temp table {name} as from temp.main.{name} limit 0")
        if self._is_small:
            self._connection.execute("set threads = 1")
            self._connection.execute(f"set disabled_optimizers = '{_PLANS_BY_VALUES}'")
        else:
            self._connection.execute("reset threads")
            self._connection.execute("reset disabled_optimizers")

    def fill_events(self, events: Sequence[Event]) -> None:
        """Hold the batch's events."""
        self._filled.add(NEW_EVENTS)
        # By a relation and not by a registered view: that would be one more change of the catalog.
        parsed = self._connection.from_arrow(events_table(events)).project(PARSED_EVENTS)
        parsed.insert_into(f"temp.main.{NEW_EVENTS}")

    def fill(self, each: BatchModel) -> None:
        """Hold what a model makes of the batch."""
        insert = f"insert into temp.main.{each.name} by name {each.sql}"
        self._filled.add(each.name)
        # A large batch, and what reads a whole table, is planned each time: for many rows there is another plan.
        if not self._is_small or each.model.mode == "replace_all" or not each.is_kept:
            self._connection.execute(insert)
            return
        statement = f"fill_{each.name}"
        if statement not in self._prepared:
            self._connection.execute(f"prepare {statement} as {insert}")
            self._prepared.add(statement)
        self._connection.execute(f"execute {statement}")

    def copy(self, model: LiveModel, *, rows: str, table: str) -> None:
        """Hold rows that the warehouse has of a model. They are named by constants: for these there is an index."""
        self.insert(table, f"from {model.relation} where {rows}")

    def insert(self, table: str, query: str) -> None:
        """Hold the rows of a query."""
        self._filled.add(table)
        self._connection.execute(f"insert into temp.main.{table} by name {query}")

    def add_facts(self, model: LiveModel) -> None:
        """Collect a staging model's rows: planning the union of all staging tables would cost more than a batch."""
        self._filled.add(NEW_FACTS)
        self._connection.execute(f"insert into temp.main.{NEW_FACTS} by name from temp.main.{model.name}")

    def empty(self) -> None:
        """Empty what the batch has filled. Called after its commit; a rollback does the same."""
        for name in self._filled:
            self._connection.execute(f"delete from temp.main.{name}")
