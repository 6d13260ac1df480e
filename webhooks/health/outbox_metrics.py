"""The outbox as Prometheus sees it: how much stands where, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from frontdesk.core.clock import Clock
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox


class OutboxCollector(Collector):
    """Reads the outbox at the moment Prometheus asks."""

    def __init__(self, outbox: Outbox, *, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; without values if the outbox can't be read now."""
        commands = GaugeMetricFamily(
            "frontdesk_outbox_commands",
            "Commands that are not over; state is waiting, due (a part of waiting), in_flight, uncertain or dead.",
            labels=["tenant", "channel", "state"],
        )
        oldest = GaugeMetricFamily(
            "frontdesk_outbox_oldest_due_age_seconds",
            "How long the oldest command that could go out has been due; 0 where none is.",
            labels=["tenant", "channel"],
        )
        try:
            depths = self._outbox.depths()
        except OutboxUnavailableError:
            depths = []
        now = self._clock.now()
        for depth in depths:
            labels = [depth.tenant_id, depth.channel.value]
            counts = {
                "waiting": depth.waiting_count,
                "due": depth.due_count,
                "in_flight": depth.in_flight_count,
                "uncertain": depth.uncertain_count,
                "dead": depth.dead_count,
            }
            for state, count in counts.items():
                commands.add_metric([*labels, state], count)
            age = (now - depth.oldest_due_at).total_seconds() if depth.oldest_due_at else 0.0
            oldest.add_metric(labels, age)
        yield commands
        yield oldest
