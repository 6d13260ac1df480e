"""Builds a warehouse from the log: copies the events, has dbt compute every model, notes what it was built from."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.set_aside import Kind, SetAside, Step
from frontdesk.core.progress import ProgressCallback
from frontdesk.core.tenant.configurations import Configurations, is_configuration
from frontdesk.domains.tenancy.tenant import Tenant, read_documents
from pipelines.build import warehouse
from pipelines.build.dbt_runner import DbtError, DbtRunner
from pipelines.build.start_cache import StartCache
from pipelines.ingest.log_copy import (
    copied_sequence,
    copy_or_quarantine,
    copy_page,
    create_raw_tables,
    has_current_raw_tables,
    note_undone_events,
    put_side_tables,
    quarantine_event,
    read_postponed,
    read_quarantine,
    read_side_tables,
    replace_quarantine,
    replace_rejection_counts,
    replace_set_aside,
    set_log_position,
)
from pipelines.ingest.log_pages import read_pages
from pipelines.ingest.tenant_tables import replace_documents
from pipelines.live.decision_sink import DecisionSink, Nobody
from pipelines.live.open_warehouse import OpenWarehouse, RuleSetAside
from pipelines.live.renewals import forget_all as forget_renewals

#: A backlog longer than this is faster built than followed (measured: about 4,000 events/s live, 30,000 built).
BUILD_BACKLOG = 50_000
_COPY_BATCH_SIZE = 20_000
_FOLLOW_BATCH_SIZE = 2_000

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class WarehouseBuilder:
    """What a warehouse is built from, and where it lies. Whoever calls it holds the writer lock, the file closed."""

    path: Path
    log: EventLog
    engine: Engine
    #: Businesses that are not configured in the log, such as by a file that is not in it yet.
    tenants: Mapping[str, Tenant]
    dbt: DbtRunner
    clock: Clock
    cache: StartCache | None = None  #: where a new home's warehouse is from
    is_beside: bool = False  #: whether it is only to be compared with the home's own
    #: Businesses as a dry run has them, whatever is configured.
    instead: Mapping[str, Tenant] = field(default_factory=dict)

    def beside(self, path: Path) -> WarehouseBuilder:
        """Return the builder of another warehouse from the same log."""
        return replace(self, path=path, dbt=self.dbt.beside(path), is_beside=True)

    @property
    def configurations(self) -> Configurations:
        """The versions of businesses' configurations in this home's log."""
        return Configurations(self.engine, log=self.log, clock=self.clock)

    @property
    def set_aside(self) -> SetAside:
        """What is set aside in this home."""
        return SetAside(self.engine, clock=self.clock)

    def open(self, *, sink: DecisionSink) -> OpenWarehouse:
        """Open the built warehouse for events that come. Raises DbtError."""
        return OpenWarehouse(
            self.path,
            self.dbt.manifest(),
            log=self.log,
            engine=self.engine,
            sink=sink,
            set_aside=self.set_aside,
            clock=self.clock,
        )

    def needs_build(self) -> bool:
        """Tell whether the warehouse is not what this project makes of the log, or too far behind to be followed."""
        with warehouse.connected(self.path) as connection:
            if not has_current_raw_tables(connection) or not self._is_of_this_log(connection):
                return True
            behind = self.log.last_sequence() - copied_sequence(connection)
            return self._is_outdated(connection) or behind > BUILD_BACKLOG

    def begin(self, *, progress: ProgressCallback | None = None) -> bool:
        """Make a warehouse that is not there, or not of this version; tell whether it has nothing of this home yet.

        A short log is followed from its beginning, in a warehouse of an empty log and no business that is kept for
        all homes. Raises DbtError.
        """
        if self.cache is None or not self._can_follow_from_nothing():
            self.build(with_tests=False, progress=progress)
            return False
        warehouse.remove(self.path)
        digest = self.dbt.fingerprint()
        if not self.cache.take(digest, self.path.name, to=self.path):
            of_nobody = replace(self, tenants={})
            of_nobody.build(with_tests=False, progress=progress, end=0, side_tables=_empty_side_tables())
            with warehouse.connected(self.path) as connection:
                connection.execute("checkpoint")  # all of it is in its file then
            self.cache.keep(digest, self.path.name, file=self.path)
        return True

    def _can_follow_from_nothing(self) -> bool:
        """Tell whether this is a home's first warehouse, and its log is followed as soon as built.

        What lies before the first configuration, as in a home of an older version, would be modelled for no business
        and then once more, in parts.
        """
        if self.log.last_sequence() > BUILD_BACKLOG or self.set_aside.read(Kind.RULE):
            return False
        first = self.log.read_after(0, limit=1)
        if first and not is_configuration(first[0]) and self.configurations.newest():
            return False
        with warehouse.connected(self.path) as connection:
            return not has_current_raw_tables(connection)

    def build(
        self,
        *,
        with_tests: bool,
        progress: ProgressCallback | None = None,
        end: int | None = None,
        quarantine: pa.Table | None = None,
        side_tables: Mapping[str, pa.Table] | None = None,
        is_tried_again: bool = False,
    ) -> None:
        """Copy what is new in the log, up to the sequence `end`, and compute every model. Raises DbtError.

        Events that are set aside are left out, and tried again at the end; rules that are, are tried again if the
        models or the businesses' files are others now, or `is_tried_again` says so. `quarantine` leaves out exactly
        the events of another warehouse instead, and `side_tables` are what that has from beside the log. Tests come
        last: if one fails, the warehouse is there.
        """
        is_new = self._remove_if_outdated()
        with warehouse.connected(self.path) as connection:
            create_raw_tables(connection)
            if not self.is_beside and (is_new or is_tried_again or self._is_outdated(connection)):
                self.set_aside.let_in(Kind.RULE, self.set_aside.subjects(Kind.RULE))
            connection.execute("delete from raw.built_from")
            forget_renewals(connection)
            start = copied_sequence(connection)
            if quarantine is None:
                self._leave_out_what_is_known(connection)
            else:
                replace_quarantine(connection, quarantine)
            end = self.log.last_sequence() if end is None else end
            self._replace_documents(connection, until=end)
            self._copy_log(connection, progress=progress, start=start, end=end)
            note_undone_events(connection)
            if side_tables is not None:
                put_side_tables(connection, side_tables)
        try:
            self.dbt.build(with_tests=False)
        except DbtError as error:
            if self.is_beside or is_of_machine(error):
                raise
            self._build_by_following(error, end=end, progress=progress)
        if not self.is_beside:
            self._let_in_again()
        with warehouse.connected(self.path) as connection:
            modelled = copied_sequence(connection)
            others = orjson.dumps(self._others(self.configurations.newest(until=modelled).keys())).decode()
            connection.execute(
                "insert into raw.built_from values (?, ?, ?)", [self.dbt.fingerprint(), modelled, others]
            )
        if with_tests:
            self.dbt.test()

    def _is_outdated(self, connection: duckdb.DuckDBPyConnection) -> bool:
        row = connection.execute("select fingerprint from raw.built_from").fetchone()
        return row is None or row[0] != self.dbt.fingerprint()

    def changed_others(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Tenant | None]:
        """Return the businesses that are configured beside the log, and otherwise than the warehouse has them.

        None: it is configured nowhere any more. What is configured in the log is followed there.
        """
        row = connection.execute("select others from raw.built_from").fetchone()
        in_log = self.configurations.newest().keys()
        known = orjson.loads(row[0]) if row else {}
        now = self._others(in_log)
        slugs = {slug for slug in {*known, *now} - in_log if known.get(slug) != now.get(slug)}
        return {slug: self.tenants.get(slug) for slug in sorted(slugs)}

    def note_others(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Note that the warehouse has the businesses that are configured beside the log as they are now."""
        others = orjson.dumps(self._others(self.configurations.newest().keys())).decode()
        connection.execute("update raw.built_from set others = ?", [others])

    def configured(self, *, until: int | None = None) -> dict[str, Tenant]:
        """Return the businesses as they are configured, by slug; as of a sequence."""
        newest = self.configurations.newest(until=until)
        documents = {slug: each.document for slug, each in newest.items() if each.document is not None}
        others = {slug: tenant for slug, tenant in self.tenants.items() if slug not in newest}
        return dict(sorted({**others, **read_documents(documents).tenants, **self.instead}.items()))

    def _without_rules_aside(self, tenants: Iterable[Tenant]) -> list[Tenant]:
        aside = {(each.tenant_id, each.subject) for each in self.set_aside.read(Kind.RULE)}
        return [
            tenant.model_copy(
                update={"rules": tuple(rule for rule in tenant.rules if (tenant.slug, rule.id) not in aside)}
            )
            for tenant in tenants
        ]

    def _replace_documents(self, connection: duckdb.DuckDBPyConnection, *, until: int) -> None:
        replace_documents(connection, self._without_rules_aside(self.configured(until=until).values()))

    def _leave_out_what_is_known(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Leave out of a new warehouse at first what another had set aside: it would only fail the build again."""
        known = set(read_quarantine(connection).column("sequence").to_pylist())
        copied = copied_sequence(connection)
        for each in self.set_aside.read(Kind.EVENT):
            if each.sequence is None or each.sequence in known or each.sequence <= copied:
                continue
            for event in self.log.read_at([each.sequence]).values():
                quarantine_event(connection, event, reason=each.reason, now=each.set_aside_at)

    def _build_by_following(self, error: DbtError, *, end: int, progress: ProgressCallback | None) -> None:
        """Find what fails a build: have nothing built, and the log followed, which sets aside what can't be modelled.

        Raises the error if not even nothing can be built: no event and no rule is at fault then.
        """
        _logger.error("the build failed; following the log to find what fails it", extra={"reason": error.detail})
        for _ in range(self._count_rules() + 1):
            try:
                self._follow_from_nothing(error, end=end, progress=progress)
            except RuleSetAside:
                continue
            break
        try:
            self.dbt.build(with_tests=False)
        except DbtError as again:
            if is_of_machine(again):
                raise
            # Each event can be modelled alone, and not all of them at once. What was followed is as true.
            self.set_aside.note(Kind.TABLE, "build of all models", step=Step.MODELS, reason=again.detail)
            self._follow_from_nothing(again, end=end, progress=progress)
        else:
            self.set_aside.let_in(Kind.TABLE, ["build of all models"])

    def _follow_from_nothing(self, error: DbtError, *, end: int, progress: ProgressCallback | None) -> None:
        with warehouse.connected(self.path) as connection:
            self._replace_documents(connection, until=end)
            connection.execute("delete from raw.event_log")
            left_out = frozenset(read_quarantine(connection).column("sequence").to_pylist())
        try:
            self.dbt.build(with_tests=False)
        except DbtError as again:
            raise error from again
        with closing(self.open(sink=Nobody())) as opened:
            for batch in self.log.read_batches(0, batch_size=_FOLLOW_BATCH_SIZE):
                events = [event for event in batch if event.sequence <= end]
                if not events:
                    break
                opened.run([event for event in events if event.sequence not in left_out])
                if progress:
                    progress(events[-1].sequence, end)

    def _let_in_again(self) -> None:
        """Let in again, one by one, the events that are set aside and can be modelled now."""
        for _ in range(self._count_rules() + 1):
            if self._try_set_aside():
                return
            with warehouse.connected(self.path) as connection:
                self._replace_documents(connection, until=copied_sequence(connection))
            self.dbt.build(with_tests=False)

    def _try_set_aside(self) -> bool:
        """Try each event that is set aside; return False if that set a rule aside."""
        with warehouse.connected(self.path) as connection:
            sequences = sorted(read_quarantine(connection).column("sequence").to_pylist())
        left: set[str] = set()
        if sequences:
            with closing(self.open(sink=Nobody())) as opened:
                try:
                    for event in self.log.read_at(sequences).values():
                        opened.run([event])
                except RuleSetAside:
                    return False
                left = set(map(str, read_quarantine(opened.connection).column("event_id").to_pylist()))
        self.set_aside.let_in(Kind.EVENT, self.set_aside.subjects(Kind.EVENT) - left)
        return True

    def _count_rules(self) -> int:
        return sum(len(tenant.rules) for tenant in self.configured().values())

    def quarantine(self) -> pa.Table:
        """Return the events that the warehouse leaves out."""
        with warehouse.connected(self.path) as connection:
            return read_quarantine(connection)

    def _remove_if_outdated(self) -> bool:
        """Remove a warehouse of another raw schema; tell whether there is none now."""
        with warehouse.connected(self.path) as connection:
            is_current = has_current_raw_tables(connection) and self._is_of_this_log(connection)
        if not is_current:
            warehouse.remove(self.path)
        return not is_current

    def _is_of_this_log(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Tell whether the newest event copied is in the log: a log put back from a backup may lack it."""
        row = connection.execute(
            "select sequence, event_id from raw.event_log order by sequence desc limit 1"
        ).fetchone()
        if row is None:
            return True
        sequence, event_id = row
        known = self.log.read_at([sequence]).get(sequence)
        return known is not None and known.event_id == str(event_id)

    def _copy_log(
        self, connection: duckdb.DuckDBPyConnection, *, progress: ProgressCallback | None, start: int, end: int
    ) -> None:
        now = self.clock.now()
        left_out = read_quarantine(connection).column("sequence").combine_chunks()
        copy_or_quarantine(connection, read_postponed(connection, self.log), now=now)
        for page in read_pages(self.engine, after=start, until=end, size=_COPY_BATCH_SIZE):
            copy_page(connection, page, log=self.log, left_out=left_out, now=now)
            if progress:
                progress(page.column("sequence")[-1].as_py(), end)
        set_log_position(connection, log_sequence=end, copied_at=now)
        replace_rejection_counts(connection, self.engine)
        replace_set_aside(connection, self.engine)

    def _others(self, in_log: Collection[str]) -> dict[str, str]:
        """Return the digests of the configurations that are not in the log, by slug."""
        others = {slug: tenant for slug, tenant in self.tenants.items() if slug not in in_log}
        return {slug: sha256(tenant.model_dump_json().encode()).hexdigest() for slug, tenant in others.items()}


def _empty_side_tables() -> dict[str, pa.Table]:
    """Return what a warehouse copies from beside the log, of a home that has nothing there."""
    with duckdb.connect() as connection:
        create_raw_tables(connection)
        return read_side_tables(connection)
