"""The pipelines as Prometheus sees them: how far behind the log, how old their signs of life, who is ill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from frontdesk.core.clock import Clock
from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.operations.heartbeats import RunOutcome
from frontdesk.domains.operations.incidents import Incident
from frontdesk.domains.operations.measurements import PublishedReadings
from frontdesk.domains.operations.summary import Summary


class PipelineCollector(Collector):
    """Reads what the pipelines left, at the moment Prometheus asks; without values if that can't be read."""

    def __init__(
        self,
        *,
        summarise: Callable[[], Summary],
        incidents: Callable[[], list[Incident]],
        published: Callable[[], PublishedReadings],
        clock: Clock,
    ) -> None:
        self._summarise = summarise
        self._incidents = incidents
        self._published = published
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        now = self._clock.now()
        try:
            yield from _of_summary(self._summarise(), now=now)
            yield _of_incidents(self._incidents())
        except FrontdeskError:
            return  # the database is away: the log's own metrics say so
        try:
            yield from _of_published(self._published(), now=now)
        except FrontdeskError:
            return  # nothing is published that can be read: frontdesk_models_age_seconds is absent


def _of_summary(summary: Summary, *, now: datetime) -> Iterator[Metric]:
    if summary.lag is not None:
        yield _gauge("frontdesk_log_lag_events", "Events that are not modelled yet.", summary.lag.count_events)
        yield _gauge("frontdesk_log_lag_seconds", "Age of the oldest event not modelled.", summary.lag.seconds)
    for name, beat in (("live_path", summary.live_path), ("monitor", summary.monitor)):
        if beat is not None:
            age = (now - beat.beat_at).total_seconds()
            yield _gauge(f"frontdesk_{name}_heartbeat_age_seconds", "Since its newest sign of life.", age)
    succeeded = GaugeMetricFamily(
        "frontdesk_run_succeeded", "Whether the newest nightly run of a kind succeeded.", labels=["run"]
    )
    ended = GaugeMetricFamily("frontdesk_run_age_seconds", "Since it ended.", labels=["run"])
    lasted = GaugeMetricFamily("frontdesk_run_duration_seconds", "How long it took.", labels=["run"])
    for kind, run in summary.runs.items():
        succeeded.add_metric([kind.value], float(run.outcome is RunOutcome.SUCCEEDED))
        if run.ended_at is not None:
            ended.add_metric([kind.value], (now - run.ended_at).total_seconds())
            lasted.add_metric([kind.value], run.seconds or 0.0)
    yield from (succeeded, ended, lasted)
    yield _gauge("frontdesk_disk_free_bytes", "Room on the home's disk.", summary.free_bytes)
    degraded = GaugeMetricFamily("frontdesk_degraded", "Whether a part is ill.", labels=["component"])
    for name, component in summary.components.items():
        degraded.add_metric([name], float(component.health == "degraded"))
    yield degraded


def _of_incidents(incidents: list[Incident]) -> Metric:
    family = GaugeMetricFamily(
        "frontdesk_incident_open", "What is ill and was told: providers, credentials, queues, sources.",
        labels=["kind", "tenant", "subject"],
    )  # fmt: skip
    for incident in incidents:
        family.add_metric([incident.kind, incident.tenant_id or "", incident.key.rsplit("/", 1)[-1]], 1.0)
    return family


def _of_published(readings: PublishedReadings, *, now: datetime) -> Iterator[Metric]:
    age = (now - readings.published_at).total_seconds()
    yield _gauge("frontdesk_models_age_seconds", "Since the models were published.", age)
    silent_for = GaugeMetricFamily(
        "frontdesk_source_silent_seconds", "Since the newest event of a source.", labels=["tenant", "source"]
    )
    is_silent = GaugeMetricFamily(
        "frontdesk_source_silent", "Whether it is quieter than it ever is.", labels=["tenant", "source"]
    )
    for source in readings.sources:
        if source.silent_seconds is not None:
            silent_for.add_metric([source.tenant_id, source.source], source.silent_seconds)
            is_silent.add_metric([source.tenant_id, source.source], float(source.is_silent))
    yield from (silent_for, is_silent)


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)
