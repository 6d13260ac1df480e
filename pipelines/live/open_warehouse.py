"""One warehouse that is open for writing: models events, and sets aside by itself the one that can't be modelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import orjson
from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.faults import breaks_connection, is_of_machine
from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.set_aside import Kind, SetAside, Step, reason_of
from frontdesk.core.tenant.configurations import CONFIGURED, read_newest
from frontdesk.domains.tenancy.tenant import Tenant, read_documents
from pipelines.build import warehouse
from pipelines.build.dbt_runner import Manifest
from pipelines.ingest.log_copy import copied_sequence, quarantine_event
from pipelines.ingest.tenant_tables import replace_documents
from pipelines.live.batch_result import BatchResult, Change, combine
from pipelines.live.decision_sink import DecisionSink
from pipelines.live.live_path import BatchGivenUp, LivePath
from pipelines.live.renewals import Part

#: A rule is set aside once so many different events could be modelled without it, and not with it. Before that, the
#: events are: one odd event must not take a rule from everybody.
_EVENTS_AGAINST_A_RULE = 3


class RuleSetAside(Exception):  # noqa: N818 - it is dealt with
    """A rule of a business is set aside now: what all rules decide is to be computed anew, without it."""


class OpenWarehouse:
    """The caller holds the writer lock."""

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        *,
        log: EventLog,
        engine: Engine,
        sink: DecisionSink,
        set_aside: SetAside,
        clock: Clock,
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._log = log
        self._engine = engine
        self._sink = sink
        self._set_aside = set_aside
        self._clock = clock
        self._open()
        #: The newest sequence that is dealt with.
        self.modelled_sequence = copied_sequence(self.connection)

    def _open(self) -> None:
        self.connection: duckdb.DuckDBPyConnection = warehouse.connect(self._path)
        try:
            self._live = LivePath(self.connection, self._manifest, engine=self._engine, sink=self._sink)
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def run(
        self,
        events: Sequence[Event],
        *,
        postponed: Sequence[int] = (),
        gives_up: Callable[[], bool] = lambda: False,
    ) -> BatchResult:
        """Model events, ascending by sequence; if one can't be, set that one aside and go on with the others.

        Raises what the machine is at fault for, BatchGivenUp with nothing done, and RuleSetAside. `postponed` are
        sequences that wait for a later batch.
        """
        try:
            return self._run(events, postponed=postponed, gives_up=gives_up)
        except BatchGivenUp:
            raise
        except Exception as error:
            self._go_on_after(error)
            if not events:
                raise
            if len(events) == 1:
                return self._judge(events[0], error, postponed=postponed)
        half = len(events) // 2
        return combine([self.run(part, postponed=postponed) for part in (events[:half], events[half:])])

    def refresh(self, *, postponed: Sequence[int] = ()) -> BatchResult:
        """Bring up to date what readers see of what changes beside the log."""
        changes = self._live.refresh(
            log_sequence=max(self._log.last_sequence(), self.modelled_sequence),
            now=self._clock.now(),
            postponed=postponed,
        )
        return BatchResult(count_events=0, last_sequence=self.modelled_sequence, changes=changes)

    def configure(self, events: Sequence[Event], *, postponed: Sequence[int] = ()) -> BatchResult:
        """Take over the configurations that events bring, ascending by sequence, and model the events.

        One that fails is set aside, and the version before it stays in force. Raises as run does.
        """
        try:
            changes = self._take_over(events)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            self._go_on_after(error)
            if len(events) == 1:
                self._put_aside(events[0], error, step=Step.CONFIGURATION)
                return replace(self._run([], postponed=postponed), count_events=1)
            half = len(events) // 2
            return combine([self.configure(part, postponed=postponed) for part in (events[:half], events[half:])])
        result = self.run(events, postponed=postponed)
        return replace(result, changes=(*changes, *result.changes))

    def _take_over(self, events: Sequence[Event]) -> tuple[Change, ...]:
        newest = {event.tenant_id: event for event in events}
        configured = {slug: event for slug, event in newest.items() if event.type == CONFIGURED}
        documents = {slug: orjson.loads(event.payload)["document"] for slug, event in configured.items()}
        tenants = read_documents(documents).tenants
        return self.take_over(
            {slug: tenants.get(slug) for slug in newest},
            versions={slug: event.sequence for slug, event in newest.items()},
        )

    def take_over(
        self, businesses: Mapping[str, Tenant | None], *, versions: Mapping[str, int] | None = None
    ) -> tuple[Change, ...]:
        """Go by other configurations of businesses; None: one that has left. What they concern is renewed later.

        versions: their sequences, where they are in the log. Whatever it raises, nothing is changed.
        """
        for rule in self._set_aside.read(Kind.RULE):
            if rule.tenant_id in businesses:  # another version may do what the one before could not
                self._set_aside.let_in(Kind.RULE, [rule.subject], tenant_id=rule.tenant_id)
        slugs = frozenset(businesses)
        tenants = [tenant for tenant in businesses.values() if tenant is not None]
        return self._live.configure(
            lambda connection: replace_documents(connection, tenants, of=slugs),
            versions={slug: (versions or {}).get(slug) for slug in sorted(slugs)},
        )

    @property
    def is_renewing(self) -> bool:
        """Whether something of the past is to be made anew yet, by how businesses are configured."""
        return self._live.is_renewing

    def renew(self) -> BatchResult | None:
        """Make the next part anew of what businesses' configurations concern; None if there is none.

        If it can't be, the configuration is set aside, and the version before it is in force again. Raises what the
        machine is at fault for.
        """
        part = self._live.next_part()
        if part is None:
            return None
        try:
            changes = self._live.renew(part, now=self._clock.now())
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            self._go_on_after(error)
            changes = self._go_back_from(part, error)
        return BatchResult(count_events=0, last_sequence=self.modelled_sequence, changes=changes)

    def _go_back_from(self, part: Part, error: Exception) -> tuple[Change, ...]:
        """Put in force what was before a configuration by which a part can't be made."""
        slug, version = part.tenant_id, part.version
        if version is None:
            raise error
        self._put_aside(self._log.read_at([version])[version], error, step=Step.CONFIGURATION)
        before = read_newest(self._engine, until=version - 1).get(slug)
        if before is None:  # the log has no other: what is renewed of its past stays so, and the rest as it was
            self._live.stop_renewing(slug)
            return ()
        if before.document is None:
            return self.take_over({slug: None})
        return self.take_over(
            {slug: read_documents({slug: before.document}).tenants.get(slug)}, versions={slug: before.sequence}
        )

    def _run(
        self, events: Sequence[Event], *, postponed: Sequence[int], gives_up: Callable[[], bool] = lambda: False
    ) -> BatchResult:
        result = self._live.run_batch(
            events,
            modelled_sequence=self.modelled_sequence,
            log_sequence=max(self._log.last_sequence(), *(event.sequence for event in events), 0),
            now=self._clock.now(),
            postponed=postponed,
            gives_up=gives_up,
        )
        self.modelled_sequence = result.last_sequence
        return result

    def _judge(self, event: Event, error: Exception, *, postponed: Sequence[int]) -> BatchResult:
        """Set one event aside if it is at fault: nothing at all can be modelled, and it can't."""
        self._run([], postponed=postponed)
        try:
            return self._run([event], postponed=postponed)
        except Exception as again:  # noqa: BLE001 - whatever it is, it is the second time
            self._go_on_after(again)
        rule_id = self._rule_at_fault(event)
        step = Step.DECISIONS if rule_id else Step.MODELS
        self._put_aside(event, error, step=step, blamed=_blamed(rule_id) if rule_id else "")
        if rule_id:
            self._weigh(event.tenant_id, rule_id, error)
        return replace(self._run([], postponed=postponed), count_events=1)

    def _put_aside(self, event: Event, error: Exception, *, step: Step, blamed: str = "") -> None:
        # First in the warehouse: an event that is noted but not yet left out would only be tried once more.
        quarantine_event(self.connection, event, reason=str(error) or type(error).__name__, now=self._clock.now())
        self._set_aside.note(
            Kind.EVENT,
            event.event_id,
            step=step,
            reason=reason_of(error),
            blamed=blamed,
            tenant_id=event.tenant_id,
            sequence=event.sequence,
        )
        self.modelled_sequence = max(self.modelled_sequence, event.sequence)

    def _rule_at_fault(self, event: Event) -> str | None:
        """Return the rule without which the event could be modelled; None if it is the event alone."""
        rows = self.connection.execute(
            "select rule_id from raw.rules where tenant_id = ? order by rule_id", [event.tenant_id]
        ).fetchall()
        rules = [str(rule_id) for (rule_id,) in rows]
        if not rules or not self._passes_without(event, rules):
            return None
        return next((rule for rule in rules if self._passes_without(event, [rule])), None)

    def _passes_without(self, event: Event, rules: Sequence[str]) -> bool:
        try:
            return self._live.passes_without(event, tenant_id=event.tenant_id, rule_ids=rules)
        except Exception as error:  # noqa: BLE001 - the event is set aside then
            self._go_on_after(error)
            return False

    def _weigh(self, tenant_id: str, rule_id: str, error: Exception) -> None:
        """Set a rule aside if enough events speak against it."""
        against = [
            each
            for each in self._set_aside.read(Kind.EVENT)
            if each.tenant_id == tenant_id and each.step is Step.DECISIONS and each.blames(_blamed(rule_id))
        ]
        if len(against) >= _EVENTS_AGAINST_A_RULE:
            self._set_aside.note(
                Kind.RULE, rule_id, step=Step.DECISIONS, reason=reason_of(error), tenant_id=tenant_id
            )
            raise RuleSetAside

    def _go_on_after(self, error: Exception) -> None:
        """Make the connection usable if what is worked on may be at fault; else raise the error."""
        if is_of_machine(error):
            raise error
        if breaks_connection(error):
            self.connection.close()
            self._open()


def _blamed(rule_id: str) -> str:
    return f"by the rule {rule_id}"
