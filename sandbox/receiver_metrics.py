"""The receiver's own numbers, read as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

_LAST_SEQUENCE = "frontdesk_event_log_last_sequence"
_DELIVERIES = "frontdesk_webhook_deliveries_total"


@dataclass(frozen=True, slots=True)
class ReceiverMetrics:
    """What the receiver counted since it started."""

    last_sequence: int  # of the log
    deliveries: Mapping[tuple[str, str, str], int]  # by tenant, source and outcome


def read_metrics(receiver_url: str) -> ReceiverMetrics:
    """Ask the receiver. Raises httpx.HTTPError if it doesn't answer."""
    text = httpx.get(f"{receiver_url}/metrics", timeout=30).raise_for_status().text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return ReceiverMetrics(
        last_sequence=next((int(sample.value) for sample in samples if sample.name == _LAST_SEQUENCE), 0),
        deliveries={
            (sample.labels["tenant"], sample.labels["source"], sample.labels["outcome"]): int(sample.value)
            for sample in samples
            if sample.name == _DELIVERIES
        },
    )
