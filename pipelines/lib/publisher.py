"""Publishes the marts and reports as analytics.duckdb: replaced atomically, never locked, never half-written.

DuckDB locks a file that is open for writing, so readers must never meet the file that is being written. A ring of
files takes turns: the batch's changes go into one that no reader has, then the published name moves to it in one
rename. A reader that has an older file open keeps it, whole. Writing only what changed keeps the cost of a publish
independent of the history; a file that a reader still holds when its turn comes is left to that reader and
replaced by a copy of the newest.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.lib.dbt_runner import Manifest
from pipelines.lib.live_path import Change

#: With three, a file is written again two publishes after readers were last pointed at it: a reader that has
#: looked the name up has that long to open the file.
RING_SIZE = 3

#: What the live path replaces rows by.
_REPLACED_BY = ("contact_id", "contact_id_a", "activity_key")

_FRESHNESS = """
    create or replace table published.reports.rpt_freshness as
    select log_sequence, modelled_sequence, last_received_at, ?::timestamptz as published_at, ? as published_by
    from marts.fct_log_position
"""


class Publisher:
    """Writes the published file of one home. The caller holds the writer lock and owns the connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, manifest: Manifest, *, analytics_path: Path) -> None:
        self._connection = connection
        self._manifest = manifest
        self._analytics_path = analytics_path
        folder = analytics_path.parent / "published"
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.wal"):  # of a holder that was killed: not the changes of the file to come
            leftover.unlink()
        # A published file is written after every batch. Trying these out on each column costs more than all else in a
        # publish (measured with 10,000 events behind it: 133 ms of 197 with them, 71 ms without); the file of a
        # million events is 250 MB instead of 155.
        connection.execute("set disabled_compression_methods = 'fsst,dict_fsst,zstd'")
        self._ring = [folder / f"{number}.duckdb" for number in range(RING_SIZE)]
        #: Changes that each file of the ring lacks; None: its content is not known, it must be copied.
        self._missing: list[list[Change] | None] = [None] * RING_SIZE
        self._turn = 0

    def publish_all(self, *, now: datetime, published_by: str) -> None:
        """Write everything into a new file and publish it. Takes seconds per million rows."""
        self._turn = (self._turn + 1) % RING_SIZE
        path = self._ring[self._turn]
        draft = path.with_suffix(".draft")
        _remove(draft)
        self._attach(draft)
        try:
            for schema in ("marts", "reports"):
                self._connection.execute(f"create schema if not exists published.{schema}")
            for schema, name in self._manifest.public_tables():
                # Sorted, a contact's rows lie together, and the rows of a batch are found by zone map.
                self._connection.execute(
                    f"create table published.{schema}.{name} as select * from {schema}.{name} {self._order(name)}"
                )
            self._connection.execute(_FRESHNESS, [now, published_by])
            self._create_views()
        finally:
            self._detach()
        draft.replace(path)
        lacked = [change for missing in self._missing for change in missing or ()]
        self._missing = [None] * RING_SIZE
        self._missing[self._turn] = []
        self._drop_unless_missing(lacked)
        self._point_to(path)

    def publish_changes(self, changes: Sequence[Change], *, now: datetime, published_by: str) -> None:
        """Bring the next file of the ring up to date with the warehouse and publish it."""
        newest = self._turn
        if self._missing[newest] is None:
            self.publish_all(now=now, published_by=published_by)
            return
        for missing in self._missing:
            if missing is not None:
                missing.extend(changes)
        self._turn = (self._turn + 1) % RING_SIZE
        path = self._ring[self._turn]
        if self._missing[self._turn] is None or not self._try_attach(path):
            _copy(self._ring[newest], path)
            self._missing[self._turn] = list(self._missing[newest] or ())
            self._attach(path)
        try:
            self._apply(self._missing[self._turn] or (), now=now, published_by=published_by)
        finally:
            self._detach()
        applied = self._missing[self._turn] or []
        self._missing[self._turn] = []
        self._drop_unless_missing(applied)
        self._point_to(path)

    def _apply(self, changes: Sequence[Change], *, now: datetime, published_by: str) -> None:
        self._connection.execute("begin")
        for change in changes:
            table = f"published.{change.model.schema}.{change.model.name}"
            self._connection.execute(f"delete from {table} where {change.gone}")
            self._connection.execute(f"insert into {table} by name select * from {change.new_rows}")
        self._connection.execute(_FRESHNESS, [now, published_by])
        self._connection.execute("commit")

    def _create_views(self) -> None:
        self._connection.execute("use published")
        try:
            for schema, name, sql in self._manifest.public_views():
                self._connection.execute(f"create view {schema}.{name} as {sql}")
        finally:
            self._connection.execute("use warehouse")

    def _order(self, name: str) -> str:
        described = self._connection.execute(f"select * from marts.{name} limit 0").description
        columns = [column[0] for column in described]
        return next((f"order by {key}" for key in _REPLACED_BY if key in columns), "")

    def _try_attach(self, path: Path) -> bool:
        try:
            self._attach(path)
        except duckdb.IOException:  # a reader has it open
            return False
        return True

    def _attach(self, path: Path) -> None:
        self._connection.execute(f"attach '{path}' as published")

    def _detach(self) -> None:
        # Detaching checkpoints: the file is whole without a write-ahead log beside it.
        self._connection.execute("detach published")

    def _point_to(self, path: Path) -> None:
        name = self._analytics_path.with_suffix(".next")
        _remove(name)
        name.hardlink_to(path)
        name.replace(self._analytics_path)

    def _drop_unless_missing(self, changes: Sequence[Change]) -> None:
        """Drop the batches' temporary tables that no file of the ring lacks any more."""
        lacked = {change.new_rows for missing in self._missing for change in missing or ()}
        for new_rows in {change.new_rows for change in changes} - lacked:
            self._connection.execute(f"drop table if exists {new_rows}")


def _copy(newest: Path, path: Path) -> None:
    draft = path.with_suffix(".draft")
    shutil.copyfile(newest, draft)
    draft.replace(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
