"""Reads deliveries back by the providers' pages, without the code that wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from sandbox.delivery import FORM, Delivery


def read(delivery: Delivery) -> dict[str, Any]:
    """Return a body as fields: form, JSON, or the domain event within Wix's claims; empty where it is no JSON."""
    if delivery.content_type == FORM:
        return dict(parse_qsl(delivery.body.decode(), keep_blank_values=True))
    try:
        content = json.loads(delivery.body)
    except ValueError:
        return {}
    assert isinstance(content, dict)
    return content


def of(
    deliveries: Iterable[Delivery], source: str, tenant: str | None = None
) -> list[tuple[Delivery, dict[str, Any]]]:
    """Return a source's deliveries with their fields, each event once."""
    once = {delivery.identity: delivery for delivery in deliveries if delivery.source == source}
    return [(delivery, read(delivery)) for delivery in once.values() if tenant in (None, delivery.tenant)]


def stripe_objects(deliveries: Iterable[Delivery], event_type: str) -> Iterator[tuple[Delivery, dict[str, Any]]]:
    """Yield the objects of Stripe's events of one type."""
    for delivery, event in of(deliveries, "stripe"):
        if event["type"] == event_type:
            yield delivery, event["data"]["object"]


def wix_bookings(deliveries: Iterable[Delivery]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the slug and booking snapshot of each Wix app event."""
    for delivery, claims in of(deliveries, "wix"):
        if delivery.scheme == "wix_jwt":
            event = json.loads(claims["data"])
            yield event["slug"], _snapshot(event)


def facts(deliveries: Iterable[Delivery], fact_type: str) -> Iterator[tuple[Delivery, dict[str, Any]]]:
    """Yield the payloads of imported facts of one type."""
    for delivery, line in of(deliveries, "import"):
        if line["type"] == fact_type:
            yield delivery, line["payload"]


def _snapshot(event: dict[str, Any]) -> dict[str, Any]:
    for path in (("createdEvent", "entity"), ("updatedEvent", "currentEntity"), ("actionEvent", "body", "booking")):
        found: Any = event
        for key in path:
            found = found.get(key, {})
        if found:
            return dict(found)
    raise AssertionError(f"no booking in {event['slug']}")
