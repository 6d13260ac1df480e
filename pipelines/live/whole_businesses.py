"""Makes the rows of whole businesses anew, by the models that a change of their configuration concerns.

A batch whose scope is not contacts but businesses: the same SQL over the same tables. What no change concerns is held
as it stands where another model reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from pipelines.build.dbt_runner import DECISIONS, LiveModel
from pipelines.live.batch_result import Change
from pipelines.live.batch_sql import IDENTIFIERS, NEW_EVENTS, NEW_FACTS, BatchModel, in_scope
from pipelines.live.batch_tables import BatchTables
from pipelines.live.decision_sink import DecisionSink
from pipelines.live.scopes import rows_with

_OF_LOG, _OF_STAGING = "stg_event_log__events", "int_facts_unioned"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which models are made, and which are held as they stand because one that is made reads them."""

    made: frozenset[str]
    held: frozenset[str]


class WholeBusinesses:
    """Makes models anew for some businesses. The caller owns connection and transaction."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Sequence[BatchModel],
        *,
        tables: BatchTables,
        slugs: frozenset[str],
        concerned: frozenset[str],
        has_history: bool,
    ) -> None:
        """models: those that are run, in their order; concerned: names of those that the change concerns.

        has_history: whether the businesses have events that models read.
        """
        self._connection = connection
        self._tables = tables
        self._slugs = slugs
        self._of_businesses = rows_with("tenant_id", slugs)
        self._has_history = has_history
        self._models = models
        self._plan = _plan(models, concerned if has_history else _whole_tables(models, concerned))

    def make(self, sink: DecisionSink, *, now: datetime) -> list[Change]:
        """Make the models anew; return what readers see otherwise. What is over at `now` (UTC) is not acted upon."""
        if self._has_history:
            self._note_identifiers()
        if any(_OF_LOG in each.reads for each in self._models if each.name in self._plan.made):
            undone = "select sequence from raw.undone_events"
            events = f"from raw.event_log where {self._of_businesses} and sequence not in ({undone})"
            self._tables.insert(NEW_EVENTS, events)
        changes: list[Change] = []
        for each in self._models:
            if each.name in self._plan.held:
                self._hold(each.model)
            elif each.name in self._plan.made:
                changes += self._make(each, sink, now=now)
        return changes

    def _note_identifiers(self) -> None:
        """Hold whose identifiers these are: what knows no business is found by them."""
        of_decisions = (
            "select unnest([identifier_key_a, identifier_key_b]) as identifier_key "
            f"from staging.stg_frontdesk__identity_decisions where {self._of_businesses}"
        )
        of_facts = f"select identifier_key from intermediate.int_identifiers_observed where {self._of_businesses}"
        self._tables.insert(IDENTIFIERS, f"from ({of_facts} union {of_decisions}) where identifier_key is not null")

    def _hold(self, model: LiveModel) -> None:
        if model.mode == "append" and model.scope:
            self._tables.copy(model, rows=self._rows(model), table=in_scope(model))
        else:
            self._tables.copy(model, rows=self._rows(model), table=model.name)

    def _make(self, each: BatchModel, sink: DecisionSink, *, now: datetime) -> list[Change]:
        model = each.model
        if _OF_STAGING in each.reads:
            self._tables.insert(NEW_FACTS, f"from intermediate.int_facts_unioned where {self._of_businesses}")
        self._tables.fill(each)
        if model.mode == "append" and model.scope:
            self._tables.insert(in_scope(model), f"from temp.main.{model.name}")
        if model.mode == "scratch":
            return []
        rows = "true" if model.mode == "replace_all" else self._rows(model)
        if model.name == DECISIONS:
            self._act(model, sink, rows=rows, now=now)
        self._connection.execute(f"delete from {model.relation} where {rows}")
        self._connection.execute(f"insert into {model.relation} by name from temp.main.{model.name}")
        if not model.is_public:
            return []
        return [Change(model, None if model.mode == "replace_all" else {"tenant_id": self._slugs})]

    def _act(self, model: LiveModel, sink: DecisionSink, *, rows: str, now: datetime) -> None:
        """Hand over what is decided otherwise, of what is not over yet."""
        columns = ", ".join(sorted(self._tables.columns[model.name]))
        before = f"select {columns} from {model.relation} where ({rows}) and expires_at > $now"
        after = f"select {columns} from temp.main.{model.name} where expires_at > $now"
        sink.apply(
            self._read(f"{before} except all {after}", now=now), self._read(f"{after} except all {before}", now=now)
        )

    def _rows(self, model: LiveModel) -> str:
        """Return the SQL condition on the rows of these businesses."""
        if "tenant_id" in self._tables.columns[model.name]:
            return self._of_businesses
        return f"{model.column} in (select identifier_key from temp.main.{IDENTIFIERS})"

    def _read(self, query: str, *, now: datetime) -> pa.Table:
        return self._connection.execute(query, {"now": now}).arrow().read_all()


def _plan(models: Sequence[BatchModel], concerned: frozenset[str]) -> _Plan:
    """Return what is made and held, by who reads what."""
    by_name = {each.name: each for each in models}
    made, held = set(concerned), set[str]()
    for each in reversed(models):
        if each.name not in made:
            continue
        for name in each.reads & by_name.keys():
            # What is not stored is made for whoever reads it.
            is_stored = by_name[name].model.mode != "scratch"
            (held if is_stored else made).add(name)
    return _Plan(frozenset(made), frozenset(held - made))


def _whole_tables(models: Sequence[BatchModel], concerned: frozenset[str]) -> frozenset[str]:
    """Return the concerned models that are made as a whole: of a business without history there is nothing else."""
    return frozenset(each.name for each in models if each.model.mode == "replace_all") & concerned
