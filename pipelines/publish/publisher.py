"""Publishes the marts and reports as analytics.duckdb: replaced atomically, never locked, never half-written.

DuckDB locks a file that is open for writing, so readers must never meet the file that is being written. A ring of
files takes turns: the batch's changes go into one that no reader has, then the published name moves to it in one
rename. A reader that has an older file open keeps it, whole. Writing only what changed keeps the cost of a publish
independent of the history; a file that a reader still holds when its turn comes is left to that reader and
replaced by a copy of the newest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from frontdesk.core.faults import breaks_connection, is_of_machine
from frontdesk.core.log.set_aside import Kind, SetAside, Step, reason_of
from frontdesk.core.private_files import share_as_its_folder
from pipelines.build.dbt_runner import PUBLIC_SCHEMAS, Manifest
from pipelines.live.batch_result import Change
from pipelines.live.scopes import joined, rows_with_any
from pipelines.publish.published_macros import create_published_macros

#: With three, a file is written again two publishes after readers were last pointed at it: a reader that has
#: looked the name up has that long to open the file.
RING_SIZE = 3
_OWNER_WRITES, _ANYBODY_WRITES = 0o200, 0o222

#: What the live path replaces rows by.
_REPLACED_BY = ("contact_id", "contact_id_a", "activity_key")

_FRESHNESS = """
    create or replace table published.reports.rpt_freshness as
    select log_sequence, modelled_sequence, last_received_at, ?::timestamptz as published_at, ? as published_by
    from marts.fct_log_position
"""


class Publisher:
    """Writes the published file of one home. The caller holds the writer lock and owns the connection."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        manifest: Manifest,
        *,
        analytics_path: Path,
        set_aside: SetAside,
    ) -> None:
        self._connection = connection
        self._manifest = manifest
        self._analytics_path = analytics_path
        self._set_aside = set_aside
        #: Names of the tables and views that are set aside.
        self._aside = set(set_aside.subjects(Kind.TABLE))
        folder = analytics_path.parent / "published"
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.wal"):  # of a holder that was killed: not the changes of the file to come
            leftover.unlink()
        # A published file is written after every batch. Trying these out on each column costs more than all else in a
        # publish (measured with 10,000 events behind it: 133 ms of 197 with them, 71 ms without); the file of a
        # million events is 250 MB instead of 155.
        connection.execute("set disabled_compression_methods = 'fsst,dict_fsst,zstd'")
        self._ring = [folder / f"{number}.duckdb" for number in range(RING_SIZE)]
        #: What each file of the ring lacks, by model; None: its content is not known, it must be copied.
        self._missing: list[dict[str, Change] | None] = [None] * RING_SIZE
        self._turn = 0

    def writes_from(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Tell whether it publishes what this connection has open."""
        return self._connection is connection

    def publish_all(self, *, now: datetime, published_by: str) -> None:
        """Write everything into a new file and publish it. Takes seconds per million rows."""
        self._turn = (self._turn + 1) % RING_SIZE
        path = self._ring[self._turn]
        draft = path.with_suffix(".draft")
        _remove(draft)
        self._attach(draft)
        try:
            failed = self._create_all(now=now, published_by=published_by)
        finally:
            self._detach()
        draft.replace(path)
        self._missing = [None] * RING_SIZE
        self._missing[self._turn] = {
            model.name: Change(model, None) for model in self._manifest.live_models if model.name in failed
        }
        # A second one at once: readers have another where an analyst's client locks the published one.
        second = (self._turn + 1) % RING_SIZE
        _copy(path, self._ring[second])
        self._missing[second] = dict(self._missing[self._turn] or {})
        self._point_to(path)

    def _create_all(self, *, now: datetime, published_by: str) -> set[str]:
        """Write everything into the attached, empty file; return the names of what can't be written."""
        for schema in PUBLIC_SCHEMAS:
            self._connection.execute(f"create schema published.{schema}")
        self._connection.execute(_FRESHNESS, [now, published_by])
        creations = self._creations()
        self._connection.execute("use published")
        try:
            if self._together(creations):
                return set()
            # One of them is at fault: each by itself, and that one is left out.
            return {name for name, create in creations.items() if not self._alone(name, create)}
        finally:
            self._connection.execute("use warehouse")

    def _creations(self) -> dict[str, Callable[[], object]]:
        """Return what creates each table, view and the macros, in an order in which they can be created."""
        tables = {name: partial(self._create_table, schema, name) for schema, name in self._manifest.public_tables()}
        views = {
            name: partial(self._connection.execute, f"create view {schema}.{name} as {sql}")
            for schema, name, sql in self._manifest.public_views()
        }
        return {**tables, **views, "macros": partial(create_published_macros, self._connection, self._manifest)}

    def publish_changes(self, changes: Sequence[Change], *, now: datetime, published_by: str) -> None:
        """Bring the next file of the ring up to date with the warehouse and publish it."""
        newest = self._turn
        if self._missing[newest] is None:
            self.publish_all(now=now, published_by=published_by)
            return
        for missing in self._missing:
            if missing is not None:
                _add(missing, changes)
        self._turn = (self._turn + 1) % RING_SIZE
        path = self._ring[self._turn]
        if self._missing[self._turn] is None or not self._try_attach(path):
            _copy(self._ring[newest], path)
            self._missing[self._turn] = dict(self._missing[newest] or {})
            self._attach(path)
        try:
            self._missing[self._turn] = self._apply(
                self._missing[self._turn] or {}, now=now, published_by=published_by
            )
        finally:
            self._detach()
        self._point_to(path)

    def _apply(self, changes: Mapping[str, Change], *, now: datetime, published_by: str) -> dict[str, Change]:
        """Write changes into the attached file; return those of the tables that can't be written."""
        writes = {name: partial(self._write, change) for name, change in changes.items()}
        write_freshness = partial(self._connection.execute, _FRESHNESS, [now, published_by])
        if self._together({**writes, "rpt_freshness": write_freshness}):
            return {}
        # One of them is at fault: each by itself, and that one stays as it was.
        left = {name: changes[name] for name, write in writes.items() if not self._alone(name, write)}
        write_freshness()
        return left

    def _write(self, change: Change) -> None:
        """Replace the rows of one table that are others now."""
        model, rows = change.model, rows_with_any(change.keys)
        table = f"published.{model.schema}.{model.name}"
        self._connection.execute(f"delete from {table} where {rows}")
        self._connection.execute(f"insert into {table} by name select * from {model.relation} where {rows}")

    def _create_table(self, schema: str, name: str) -> None:
        # Sorted, a contact's rows lie together, and the rows of a batch are found by zone map.
        self._connection.execute(
            f"create table published.{schema}.{name} as select * from warehouse.{schema}.{name} {self._order(name)}"
        )

    def _together(self, writes: Mapping[str, Callable[[], object]]) -> bool:
        """Write tables and views in one transaction: half the time of one for each; tell whether all are written."""
        return self._find_fault(writes) is None

    def _find_fault(self, writes: Mapping[str, Callable[[], object]]) -> Exception | None:
        """Write tables and views for all or nothing; return what one of them raises, unless that is the machine's."""
        try:
            with self._transaction():
                for write in writes.values():
                    write()
        except Exception as error:
            if is_of_machine(error) or breaks_connection(error):
                raise
            return error
        self._let_in(writes)
        return None

    def _alone(self, name: str, write: Callable[[], object]) -> bool:
        """Write one table or view by itself, or set it aside; tell whether it is written."""
        fault = self._find_fault({name: write})
        if fault is not None:
            self._set_aside.note(Kind.TABLE, name, step=Step.PUBLISHING, reason=reason_of(fault))
            self._aside.add(name)
        return fault is None

    def _let_in(self, names: Iterable[str]) -> None:
        let_in = self._aside.intersection(names)
        if let_in:
            self._set_aside.let_in(Kind.TABLE, let_in)
            self._aside -= let_in

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin")
        try:
            yield
        except BaseException as error:
            if not breaks_connection(error):
                self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def _order(self, name: str) -> str:
        described = self._connection.execute(f"select * from warehouse.marts.{name} limit 0").description
        columns = [column[0] for column in described]
        return next((f"order by {key}" for key in _REPLACED_BY if key in columns), "")

    def _try_attach(self, path: Path) -> bool:
        try:
            self._attach(path)
        except duckdb.IOException:  # a reader has it open
            return False
        return True

    def _attach(self, path: Path) -> None:
        if path.exists():
            path.chmod(path.stat().st_mode | _OWNER_WRITES)
        self._connection.execute(f"attach '{path}' as published")

    def _detach(self) -> None:
        # Detaching checkpoints: the file is whole without a write-ahead log beside it.
        self._connection.execute("detach published")

    def _point_to(self, path: Path) -> None:
        share_as_its_folder(path)
        name = self._analytics_path.with_suffix(".next")
        _remove(name)
        # A client that opens it to write, as most do unless told otherwise, is told that it is read-only.
        path.chmod(path.stat().st_mode & ~_ANYBODY_WRITES)
        name.hardlink_to(path)
        name.replace(self._analytics_path)


def _add(missing: dict[str, Change], changes: Iterable[Change]) -> None:
    """Add changes to those that a file lacks already: the rows themselves are read when it is written."""
    for change in changes:
        known = missing.get(change.model.name, change)
        missing[change.model.name] = Change(change.model, joined(known.keys, change.keys))


def _copy(newest: Path, path: Path) -> None:
    draft = path.with_suffix(".draft")
    shutil.copyfile(newest, draft)
    draft.replace(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
