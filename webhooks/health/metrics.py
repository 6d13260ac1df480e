"""What the receiver counts, and how Prometheus reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Tally:
    """Counts of one tenant's source. Only the event loop writes it, so counting takes no lock and no look-up."""

    __slots__ = ("_buckets", "_outcomes", "_seconds", "source", "tenant_id")

    def __init__(self, *, tenant_id: str, source: str) -> None:
        self.tenant_id = tenant_id
        self.source = source
        self._outcomes: Counter[str] = Counter()
        self._buckets = [0] * (len(_BOUNDS_S) + 1)
        self._seconds = 0.0

    def observe(self, outcome: str, *, seconds: float) -> None:
        """Count an answered delivery and the time it took."""
        self._outcomes[outcome] += 1
        self._buckets[bisect_left(_BOUNDS_S, seconds)] += 1
        self._seconds += seconds

    @property
    def labels(self) -> list[str]:
        """Return the values of the labels tenant and source."""
        return [self.tenant_id, self.source]

    def outcomes(self) -> dict[str, int]:
        """Return deliveries by outcome: accepted, duplicate, or the reason of a refusal."""
        return dict(self._outcomes)

    def duration(self) -> tuple[list[tuple[str, float]], float]:
        """Return the cumulative histogram of seconds, and their sum."""
        bounds = [*(str(bound) for bound in _BOUNDS_S), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._buckets)), strict=True)), self._seconds


class ReceiverCollector(Collector):
    """Reads the receiver's numbers at the moment Prometheus asks."""

    def __init__(
        self,
        *,
        tallies: Callable[[], Iterable[Tally]],
        gauges: Callable[[], Iterable[tuple[str, str, float]]],
        counters: Callable[[], Iterable[tuple[str, str, float]]],
    ) -> None:
        self._tallies = tallies
        self._gauges = gauges
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        deliveries = CounterMetricFamily(
            "frontdesk_webhook_deliveries",
            "Answered deliveries; outcome is accepted, duplicate, or why it was refused.",
            labels=["tenant", "source", "outcome"],
        )
        duration = HistogramMetricFamily(
            "frontdesk_webhook_duration_seconds",
            "From a delivery's arrival to its durable answer.",
            labels=["tenant", "source"],
        )
        for tally in self._tallies():
            for outcome, count in tally.outcomes().items():
                deliveries.add_metric([*tally.labels, outcome], count)
            buckets, total = tally.duration()
            duration.add_metric(tally.labels, buckets, total)
        yield deliveries
        yield duration
        for name, documentation, value in self._gauges():
            yield GaugeMetricFamily(name, documentation, value=value)
        for name, documentation, value in self._counters():
            yield CounterMetricFamily(name, documentation, value=value)
