"""The history that benchmarks run on: always the same, in order, and understood by staging's event types."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise

import orjson
import pytest

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.benchmarks.history import ENDS_AT, contacts_of_history, tell_history
from tests.benchmarks.receiver import REPOSITORY

COUNT = 5_000


@pytest.fixture(scope="module")
def events() -> list[NewEvent]:
    return list(tell_history(count=COUNT))


def test_it_has_the_length_asked_for_and_is_always_the_same(events: list[NewEvent]) -> None:
    assert len(events) == COUNT
    assert list(islice(tell_history(count=COUNT), 500)) == events[:500]


def test_events_come_in_order_each_with_an_id_of_its_own(events: list[NewEvent]) -> None:
    assert all(before.occurred_at <= after.occurred_at for before, after in pairwise(events))
    assert events[-1].occurred_at < ENDS_AT
    assert len({(event.tenant_id, event.source, event.source_event_id) for event in events}) == COUNT


def test_a_contact_has_about_a_dozen_events_of_every_tenant(events: list[NewEvent]) -> None:
    assert 10 < COUNT / len(contacts_of_history(count=COUNT)) < 14
    assert {event.tenant_id for event in events} == load_tenants(REPOSITORY / "tenants").keys()


def test_bodies_are_as_large_as_real_ones(events: list[NewEvent]) -> None:
    assert 1_200 < sum(len(event.body) for event in events) / COUNT < 1_800


def test_no_mark_of_a_template_is_left(events: list[NewEvent]) -> None:
    payloads = [orjson.loads(event.payload) for event in events]
    assert all(isinstance(payload, dict) for payload in payloads)
    assert not any(b"@tenant@" in event.payload or b"@at_" in event.payload for event in events)


def test_imported_facts_are_valid_canonical_payloads(events: list[NewEvent]) -> None:
    imported = [event for event in events if event.origin is Origin.IMPORT]
    for event in imported[:200]:
        CANONICAL_PAYLOADS[event.type].model_validate_json(event.payload)
    assert Counter(event.origin for event in events)[Origin.WEBHOOK] > COUNT / 2
