"""All that /metrics shows, put together for one receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.domains.operations.incidents import IncidentBook
from frontdesk.domains.operations.measurements import read_published
from frontdesk.domains.operations.summary import Summary
from webhooks.health.metrics import ReceiverCollector
from webhooks.health.outbox_metrics import OutboxCollector
from webhooks.health.pipeline_metrics import PipelineCollector
from webhooks.runtime import Runtime


def build_registry(runtime: Runtime, *, read_summary: Callable[[], Summary]) -> CollectorRegistry:
    """Return a registry of our own: the default one is the process's, and tests run many applications in one."""
    registry = CollectorRegistry()
    registry.register(
        ReceiverCollector(
            tallies=lambda: [intake.tally for intake in list(runtime.intakes.values())],
            gauges=lambda: _gauges(runtime),
            counters=lambda: _counters(runtime),
        )
    )
    registry.register(OutboxCollector(runtime.outbox, clock=runtime.clock))
    book = IncidentBook(runtime.engine, clock=runtime.clock, ids=runtime.ids, routes=lambda _: ())
    registry.register(
        PipelineCollector(
            summarise=read_summary,
            incidents=book.open_incidents,
            published=lambda: read_published(runtime.settings.analytics_path),
            clock=runtime.clock,
        )
    )
    return registry


def _gauges(runtime: Runtime) -> Iterator[tuple[str, str, float]]:
    try:
        last_sequence = float(runtime.log.last_sequence())
    except EventLogUnavailableError:
        last_sequence = float("nan")
    yield "frontdesk_event_log_last_sequence", "Newest sequence of the log; NaN if it can't be read.", last_sequence
    waiting = runtime.committer.count_waiting
    yield "frontdesk_event_log_queue_depth", "Deliveries that wait for their commit.", waiting
    yield "frontdesk_rejections_queue_depth", "Rejections that wait to be written.", runtime.rejections.count_waiting


def _counters(runtime: Runtime) -> Iterator[tuple[str, str, float]]:
    dropped = runtime.rejections.count_dropped
    yield "frontdesk_rejections_dropped", "Rejections that could not be written.", dropped
