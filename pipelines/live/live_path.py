"""The live path: one batch of new events through the models, in one transaction, on one warm connection.

dbt is where the models are written, compiled and tested; what runs each batch is the SQL that dbt compiled, reading
the batch's tables (batch_sql.py). Rows of the contacts that the batch touches replace the old ones, so the cost
depends on the batch and not on the history, and the result is what a build from the whole log would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import NoReturn

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from frontdesk.core.faults import breaks_connection, is_of_machine
from frontdesk.core.log.envelope import Event
from pipelines.build.dbt_runner import DECISIONS, LiveModel, Manifest
from pipelines.ingest.log_copy import replace_rejection_counts, replace_set_aside, set_aside_state, set_log_position
from pipelines.live.batch_result import BatchResult, Change
from pipelines.live.batch_sql import (
    IDENTIFIERS,
    NEW_EVENTS,
    NEW_FACTS,
    OF_STAGING,
    BatchModel,
    in_scope,
    models_of_batch,
    needed_for,
)
from pipelines.live.batch_tables import LARGE, BatchTables
from pipelines.live.decision_sink import DecisionSink, Nobody
from pipelines.live.renewals import Part, Renewals
from pipelines.live.scopes import Scopes, read_scopes, rows_with

#: Which contact each identifier in scope belongs to now, and with that each fact.
_OWNERS = "int_contact_identifiers"
_FACTS = "int_facts_attributed"
#: The rows that are of the batch's events.
_OF_EVENTS = f"event_id in (select event_id from temp.main.{NEW_EVENTS})"
#: Tables of the raw schema that change though no event comes.
_BESIDE_LOG = ("log_position", "rejection_counts", "set_aside", "quarantined_events")
#: Modes of the models of which a business's past is renewed part by part.
_IN_PARTS = ("append", "replace")


class BatchGivenUp(Exception):  # noqa: N818 - nothing is wrong
    """The batch was rolled back, as asked: something more urgent waits."""


class LivePath:
    """Runs batches. The caller holds the writer lock and owns the connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, manifest: Manifest, *, engine: Engine, sink: DecisionSink
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._sink = sink
        self._manifest = manifest
        models = models_of_batch(manifest.live_models)
        self._stored_late = _stored_after_decisions(models)
        self._models = [each for each in models if each.model.mode != "inline"]
        self._in_scope = [each.model for each in models if each.model.mode == "append" and each.model.scope]
        #: Types of the facts that a model reads, where the tenants' files name them.
        self._fact_types = _read_fact_types(connection, manifest.query("live_fact_types"))
        self._beside_log = manifest.live_models_below(_BESIDE_LOG)
        self._scopes = Scopes()
        #: Before this one runs, the scopes are read.
        tables = [in_scope(model) for model in self._in_scope]
        self._first_in_scope = next(each.name for each in models if any(table in each.sql for table in tables))
        self._has_moved = False  #: whether an identifier that was known belongs to another contact now
        #: Families and types of the facts in scope, and of those of them that their contact did not have before.
        self._facts: frozenset[str] = frozenset()
        self._new_facts: frozenset[str] = frozenset()
        self._unchanged: dict[str, BatchModel] = {}  #: not run in this batch: what there is of them stands
        #: Of what was set aside when it was copied last; None: it is copied with the next batch.
        self._set_aside_state: tuple[object, ...] | None = None
        self._tables = BatchTables(connection, models)
        self._renewals = Renewals(connection)
        self.is_renewing = False  #: whether a business's past is not made anew yet by how it is configured
        self._tell_renewing()

    def run_batch(
        self,
        events: Sequence[Event],
        *,
        modelled_sequence: int,
        log_sequence: int,
        now: datetime,
        postponed: Sequence[int] = (),
        gives_up: Callable[[], bool] = lambda: False,
    ) -> BatchResult:
        """Model events, ascending by sequence. Whatever it raises, such as BatchGivenUp, nothing is changed.

        `modelled_sequence` is the newest one modelled before, `log_sequence` the newest one known at `now` (UTC);
        `postponed` are those before the newest one modelled that are not. `gives_up` is asked before each model.
        """
        last_sequence = max(modelled_sequence, *(event.sequence for event in events), 0)
        with self._transaction(count_events=len(events)):
            note = partial(
                self._note_events,
                log_sequence=log_sequence,
                copied_at=now,
                postponed=[sequence for sequence in postponed if sequence < last_sequence],
            )
            changes = self._model(
                events, gives_up=gives_up, note=note, decided=partial(self._sink.decided, last_sequence)
            )
        self._tables.empty()
        return BatchResult(
            count_events=len(events),
            last_sequence=last_sequence,
            changes=tuple(changes),
        )

    def refresh(self, *, log_sequence: int, now: datetime, postponed: Sequence[int] = ()) -> tuple[Change, ...]:
        """Bring up to date what readers see of what changes beside the log, as a batch without events would.

        Less than half its cost (128 of 282 ms of processor time): what is modelled of events is not looked at.
        """
        with self._transaction(count_events=0):
            self._note_events(log_sequence=log_sequence, copied_at=now, postponed=postponed)
            changes = self._remake_whole(self._beside_log)
        self._tables.empty()
        return tuple(changes)

    def passes_without(self, event: Event, *, tenant_id: str, rule_ids: Sequence[str]) -> bool:
        """Tell whether an event can be modelled without these rules of a business; nothing is changed.

        What the machine is at fault for is raised.
        """
        sink, self._sink = self._sink, Nobody()
        try:
            with self._transaction(count_events=1):
                self._connection.execute(
                    "delete from raw.rules where tenant_id = ? and list_contains(?, rule_id)",
                    [tenant_id, list(rule_ids)],
                )
                self._model([event], gives_up=lambda: False, note=lambda: None, decided=lambda: None)
                _give_up()
        except BatchGivenUp:
            return True
        except Exception as error:
            if is_of_machine(error) or breaks_connection(error):
                raise
            return False
        finally:
            self._sink = sink

    def configure(
        self,
        replace: Callable[[duckdb.DuckDBPyConnection], frozenset[str]],
        *,
        versions: Mapping[str, int | None],
    ) -> tuple[Change, ...]:
        """Take over other configurations of businesses; what they concern of their past is renewed part by part.

        `replace` writes them into the raw schema and returns the tables that changed; nothing is changed if anything
        raises. versions: by slug, the sequence of what configures it, None where that is not in the log. The events
        that brought them are a batch of their own, after this.
        """
        with self._transaction(count_events=LARGE):
            concerned = self._manifest.live_models_below(replace(self._connection))
            changes = [*self._remake_whole(concerned), *self._remake_merged(concerned, frozenset(versions))]
            parted = {each.name for each in self._models if each.name in concerned and each.model.mode in _IN_PARTS}
            has_staging = any(each.model.mode == "append" for each in self._models if each.name in parted)
            self._renewals.begin(versions, models=parted, has_staging=has_staging)
        self._tables.empty()
        self._fact_types = _read_fact_types(self._connection, self._manifest.query("live_fact_types"))
        self._tell_renewing()
        return tuple(changes)

    def next_part(self) -> Part | None:
        """Return what is to be renewed next of businesses that are configured otherwise."""
        return self._renewals.next_part() if self.is_renewing else None

    def renew(self, part: Part, *, now: datetime) -> tuple[Change, ...]:
        """Model a part anew; what is over at `now` (UTC) is not acted upon.

        Whatever it raises, nothing is changed.
        """
        with self._transaction(count_events=part.count_events):
            changes = self._renew(part, now=now)
            if self._renewals.end(part):
                changes += self._remake_whole(part.models)
        self._tables.empty()
        self._tell_renewing()
        return tuple(changes)

    def stop_renewing(self, tenant_id: str) -> None:
        """Leave what is not renewed yet of a business's past as it is."""
        self._renewals.forget([tenant_id])
        self._tell_renewing()

    def _tell_renewing(self) -> None:
        tenant_ids = self._renewals.tenants()
        self.is_renewing = bool(tenant_ids)
        self._sink.renewing(tenant_ids)

    def _remake_whole(self, concerned: frozenset[str]) -> list[Change]:
        """Make the models anew that are small, and made as a whole."""
        changes = []
        for each in self._models:
            if each.name in concerned and each.model.mode == "replace_all":
                self._tables.fill(each)
                changes.append(self._replace(each.model))
        return [change for change in changes if change]

    def _remake_merged(self, concerned: frozenset[str], slugs: frozenset[str]) -> list[Change]:
        """Make the rows of businesses anew to which batches only add."""
        changes = []
        for each in self._models:
            if each.name in concerned and each.model.mode == "merge":
                model, rows = each.model, rows_with("tenant_id", slugs)
                self._connection.execute(f"delete from {model.relation} where {rows}")
                self._connection.execute(
                    f"insert into {model.relation} by name select * from ({model.sql}) where {rows}"
                )
                changes.append(Change(model, {"tenant_id": slugs}))
        return changes

    def _renew(self, part: Part, *, now: datetime) -> list[Change]:
        needed = needed_for(self._models, part.models)
        undone = "select sequence from raw.undone_events"
        events = f"from raw.event_log where sequence in ({part.sequences}) and sequence not in ({undone})"
        self._tables.insert(NEW_EVENTS, events)
        before = f"select distinct identifier_key from intermediate.int_identifiers_observed where {_OF_EVENTS}"
        self._tables.insert(IDENTIFIERS, before)
        changes = []
        for each in self._models:
            if each.name == self._first_in_scope:
                self._enter_scope()
            if each.name in needed.held:
                self._hold(each.model)
            elif each.name in needed.made:
                changes.append(self._make_anew(each, now=now))
        return [change for change in changes if change]

    def _hold(self, model: LiveModel) -> None:
        """Hold what stands of a model that is not made anew."""
        if model.mode == "append":
            self._tables.copy(model, rows=_OF_EVENTS, table=model.name)
        else:
            self._copy_scope(model, table=model.name)

    def _make_anew(self, each: BatchModel, *, now: datetime) -> Change | None:
        model = each.model
        if OF_STAGING in each.reads:
            self._tables.insert(NEW_FACTS, f"from intermediate.{OF_STAGING} where {_OF_EVENTS}")
        self._tables.fill(each)
        if model.mode == "scratch":
            return None
        if model.mode == "append":
            self._connection.execute(f"delete from {model.relation} where {_OF_EVENTS}")
            self._insert(model)
            return None
        return self._replace(model, over_at=now)

    @contextmanager
    def _transaction(self, *, count_events: int) -> Iterator[None]:
        """Begin a batch, and end it for all or nothing."""
        self._tables.begin(count_events=count_events)
        self._has_moved = False
        self._unchanged.clear()
        self._connection.execute("begin")
        try:
            yield
        except BaseException as error:
            self._set_aside_state = None
            if not breaks_connection(error):
                self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def _model(
        self,
        events: Sequence[Event],
        *,
        gives_up: Callable[[], bool],
        note: Callable[[], None],
        decided: Callable[[], None],
    ) -> list[Change]:
        self._tables.fill_events(events)
        types = {event.type for event in events}
        models = (each for each in self._models if _concerns(each.model, types))
        return self._run_models(_unless(gives_up, models), note=note, decided=decided)

    def _run_models(
        self, models: Iterable[BatchModel], *, note: Callable[[], None], decided: Callable[[], None]
    ) -> list[Change]:
        """Run models in their order; what decisions do not need is written after them."""
        changes: list[Change | None] = []
        waiting: list[LiveModel] = []
        for each in models:
            if self._make(each):
                if each.name in self._stored_late:
                    waiting.append(each.model)
                else:
                    changes.append(self._store(each.model))
            if each.name == DECISIONS:
                decided()
                note()
                changes += [self._store(model) for model in waiting]
        return [change for change in changes if change]

    def _note_events(self, *, log_sequence: int, copied_at: datetime, postponed: Sequence[int]) -> None:
        self._connection.execute(f"insert into raw.event_log by name from temp.main.{NEW_EVENTS}")
        # One that was set aside is let in again.
        self._connection.execute(
            f"delete from raw.quarantined_events where sequence in (select sequence from temp.main.{NEW_EVENTS})"
        )
        set_log_position(self._connection, log_sequence=log_sequence, copied_at=copied_at, postponed=postponed)
        replace_rejection_counts(self._connection, self._engine)
        state = set_aside_state(self._engine)
        if state != self._set_aside_state:
            replace_set_aside(self._connection, self._engine)
            self._set_aside_state = state

    def _make(self, each: BatchModel) -> bool:
        """Hold what the batch makes of a model; tell whether that is to be stored."""
        model = each.model
        if model.name == self._first_in_scope:
            self._enter_scope()
        if not self._concern(model, self._new_facts):
            self._unchanged[model.name] = each
            return False
        for name in each.reads & self._unchanged.keys():
            self._recall(self._unchanged.pop(name).model)
        self._tables.fill(each)
        if model.name == _OWNERS:
            self._has_moved = self._moves(model)
        elif model.name == _FACTS:
            self._read_kinds_of_facts()
        elif model.schema == "staging" and not model.is_of_business:
            self._tables.add_facts(model)
        return model.mode != "scratch"

    def _enter_scope(self) -> None:
        """Read what the batch touches, and hold what earlier events left of it."""
        self._scopes = read_scopes(self._connection)
        for model in self._in_scope:
            self._copy_scope(model, table=in_scope(model))

    def _copy_scope(self, model: LiveModel, *, table: str) -> None:
        """Hold the rows of the scope that stand of a model."""
        self._tables.copy(model, rows=rows_with(model.column, self._scopes.of(model)), table=table)

    def _store(self, model: LiveModel) -> Change | None:
        """Store what the batch made of a model; None if readers see no difference."""
        if model.mode == "append":
            self._insert(model)
            return None
        return self._replace(model)

    def _read_kinds_of_facts(self) -> None:
        """Read of which kinds the facts in scope are, and which of them the batch brings."""
        is_new = f"event_id in (select event_id from temp.main.{NEW_EVENTS})"
        rows = self._connection.execute(
            f"select fact_family, fact_type, bool_or({is_new}) from temp.main.{_FACTS} group by all"
        ).fetchall()
        self._facts = frozenset(kind for row in rows for kind in row[:2])
        self._new_facts = frozenset(kind for row in rows if row[2] or self._has_moved for kind in row[:2])

    def _concern(self, model: LiveModel, kinds: frozenset[str]) -> bool:
        """Tell whether a model reads facts of any of these kinds."""
        read = self._fact_types.get(model.name, frozenset()) | set(model.fact_families)
        return not read or not read.isdisjoint(kinds)

    def _recall(self, model: LiveModel) -> None:
        """Hold the rows that stand of a model that this batch does not change, for a model that reads them."""
        if self._concern(model, self._facts):
            self._copy_scope(model, table=model.name)

    def _replace(self, model: LiveModel, *, over_at: datetime | None = None) -> Change | None:
        """Put the rows that the batch made of a model in the place of those it had; None if they are the same.

        What is over at `over_at` is not acted upon.
        """
        if model.mode == "merge":
            keys = self._values(f"select {model.column} from temp.main.{model.name}")
            self._tables.copy(model, rows=rows_with(model.column, keys), table=model.name)
        made = _made(model)
        # What nobody is shown is not compared: its keys are enough.
        columns = "*" if model.is_public or model.column is None else model.column
        coming = self._read(f"select {columns} from ({made}) order by all")
        replaced = None if model.column is None else self._replaced(model, coming)
        rows = rows_with(model.column, replaced)
        if model.is_public:
            # Compared here, not by EXCEPT: for a few rows planning is what costs (6 ms a table, this 2 ms).
            going = self._read(f"select * from {model.relation} where {rows} order by all")
            # A published table that is left alone saves its part of the publish, three times what looking costs.
            if going.equals(coming):
                return None
            if model.name == DECISIONS:
                self._sink.apply(_open_after(over_at, going), _open_after(over_at, coming))
        self._connection.execute(f"delete from {model.relation} where {rows}")
        self._connection.execute(f"insert into {model.relation} by name {made}")
        if not model.is_public:
            return None
        return Change(model, None if model.column is None or replaced is None else {model.column: replaced})

    def _moves(self, owners: LiveModel) -> bool:
        """Tell whether what belonged to one contact is another's now; what is only new takes no fact from anybody."""
        rows = rows_with("identifier_key", self._scopes.identifiers)
        moved = f"""
            select count(*)
            from {owners.relation} as before
            left join temp.main.{owners.name} as now on before.identifier_key = now.identifier_key
            where before.{rows} and now.contact_id is distinct from before.contact_id
        """
        return self._connection.execute(moved).fetchall() != [(0,)]

    def _insert(self, model: LiveModel) -> None:
        self._connection.execute(f"insert into {model.relation} by name from temp.main.{model.name}")

    def _replaced(self, model: LiveModel, coming: pa.Table) -> frozenset[str]:
        """Return the values whose rows this batch replaces: those that go, and those that come."""
        values = coming.column(model.column).unique().to_pylist()
        return frozenset(map(str, values)) | self._scopes.of(model)

    def _read(self, query: str) -> pa.Table:
        return self._connection.execute(query).arrow().read_all()

    def _values(self, query: str) -> frozenset[str]:
        return frozenset(str(row[0]) for row in self._connection.execute(query).fetchall())


def _open_after(instant: datetime | None, decisions: pa.Table) -> pa.Table:
    """Return the decisions that are not over at an instant; all for None."""
    if instant is None:
        return decisions
    expires_at = decisions.column("expires_at")
    return decisions.filter(pc.greater(expires_at, pa.scalar(instant, expires_at.type)))


def _give_up() -> NoReturn:
    raise BatchGivenUp


def _read_fact_types(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, frozenset[str]]:
    rows = sorted(connection.execute(query).fetchall())
    return {name: frozenset(type_ for _, type_ in types) for name, types in groupby(rows, key=itemgetter(0))}


def _stored_after_decisions(models: Sequence[BatchModel]) -> frozenset[str]:
    """Return the models before the decisions that none of these reads but as rows of the batch."""
    names = [each.name for each in models]
    early = models[: names.index(DECISIONS)]
    read = {each.name for each in early if each.model.mode == "append" and each.model.scope}
    read |= {each.name for each in early if any(each.model.relation in other.sql for other in early)}
    return frozenset({each.name for each in early} - read)


def _unless(gives_up: Callable[[], bool], models: Iterable[BatchModel]) -> Iterator[BatchModel]:
    for model in models:
        if gives_up():
            raise BatchGivenUp
        yield model


def _made(model: LiveModel) -> str:
    """Return the query of what the batch made of a model: its rows, or those added up with what was there."""
    table = f"temp.main.{model.name}"
    if not model.merge:
        return f"from {table}"
    merged = ", ".join(f"{expression} as {column}" for column, expression in model.merge.items())
    return f"select * replace ({merged}) from {table} group by all"


def _concerns(model: LiveModel, types: set[str]) -> bool:
    return not model.event_types or any(event_type.startswith(model.event_types) for event_type in types)
