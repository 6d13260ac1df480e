"""The SQL of the live models for one batch: what dbt compiled for the whole log, reading tables of the batch instead.

Only the names of relations are replaced. What dbt builds and what the live path runs is one text, and an analyst who
reads a model reads what decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.build.dbt_runner import LiveModel

#: The batch's events, in the columns of raw.event_log, and the facts that staging makes of them.
NEW_EVENTS, NEW_FACTS = "new_events", "new_facts"
#: Identifiers that events named as they were modelled before, where they are modelled anew.
IDENTIFIERS = "identifiers_before"
#: What models read of the log itself, and of all staging at once: by the table that holds the batch's part of it.
OF_STAGING = "int_facts_unioned"
_OF_BATCH = {"stg_event_log__events": NEW_EVENTS, OF_STAGING: NEW_FACTS}

#: A plan with such a join is not run twice. After a thousand businesses had joined, 100,000 events behind them, each
#: second run failed ("Attempted to dereference unique_ptr that is NULL", in HashedSort of DuckDB 1.5.6), and the
#: warehouse was opened anew: 5 s a batch. `python -m tests.benchmarks --only configuration --events 100000` shows it;
#: no smaller case was found. Planning costs 45 of 411 ms of processor time a batch.
_AS_OF = re.compile(r"\basof\b", re.IGNORECASE)
#: Modes of the models to which a batch's events are enough.
_OF_NEW_EVENTS = ("append", "merge")


class HistoryUnreachableError(Exception):
    """A model reads rows of a batch where it needs those of the past too."""


@dataclass(frozen=True, slots=True)
class BatchModel:
    """A live model as a batch runs it."""

    model: LiveModel
    sql: str
    reads: frozenset[str]  #: names of the models whose rows of the batch it reads, through inline ones too
    is_kept: bool = True  #: whether its plan can be run again

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name


@dataclass(frozen=True, slots=True)
class Needed:
    """Which models are made anew, and which are held as they stand because one that is made reads them."""

    made: frozenset[str]
    held: frozenset[str]


def models_of_batch(models: Sequence[LiveModel]) -> tuple[BatchModel, ...]:
    """Return the models as a batch runs them, in the same order. Raises HistoryUnreachableError."""
    live = {model.name: model for model in models}
    inline: dict[str, frozenset[str]] = {}
    planned_anew: set[str] = set()
    found = []
    for model in models:
        sql, reads = model.sql, set[str]()
        for parent, relation in model.parents.items():
            table = _table(model, parent, live)
            if table is not None:
                sql = sql.replace(relation, f"temp.main.{table}")
                reads |= {parent} | inline.get(parent, frozenset())
        if _AS_OF.search(sql) or reads & inline.keys() & planned_anew:
            planned_anew.add(model.name)
        found.append(BatchModel(model, sql, frozenset(reads), is_kept=model.name not in planned_anew))
        if model.mode == "inline":
            inline[model.name] = frozenset(reads)
    return tuple(found)


def in_scope(model: LiveModel) -> str:
    """Return the name of the table that holds a model's rows of the scope, those of earlier events too."""
    return f"{model.name}_in_scope"


def needed_for(models: Sequence[BatchModel], concerned: frozenset[str]) -> Needed:
    """Return what has to be made and held so that some models can be made."""
    by_name = {each.name: each for each in models}
    made, held = set(concerned & by_name.keys()), set[str]()
    for each in reversed(models):
        if each.name not in made:
            continue
        for name in each.reads & by_name.keys():
            mode = by_name[name].model.mode
            if mode == "scratch":  # it is not stored: whoever reads it makes it
                made.add(name)
            elif mode != "append" or each.model.mode == "append":  # else its rows of the scope are read
                held.add(name)
    return Needed(frozenset(made), frozenset(held - made))


def _table(model: LiveModel, parent: str, live: Mapping[str, LiveModel]) -> str | None:
    """Return the temporary table that a model reads in the place of a relation; None if it reads the relation.

    What is made anew as a whole reads the warehouse. What appends reads the batch alone; what replaces the rows of a
    scope reads all of that scope.
    """
    if model.mode == "replace_all":
        return None
    if parent in _OF_BATCH:
        if model.mode not in _OF_NEW_EVENTS:
            raise HistoryUnreachableError(f"{model.name} reads {parent}, of which a batch has only what is new")
        return _OF_BATCH[parent]
    read = live.get(parent)
    if read is None or read.mode == "replace_all":
        return None
    if read.mode != "append" or model.mode == "append":
        return read.name
    if read.scope is None:
        raise HistoryUnreachableError(f"{model.name} reads {parent}, which is appended to, and has no scope")
    return in_scope(read)
