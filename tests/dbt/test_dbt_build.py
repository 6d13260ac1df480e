"""One whole `dbt build`, as an operator runs it: seeds, models, data tests and unit tests over a varied log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import duckdb
import orjson
import pytest
from sqlalchemy import insert

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.schema import rejection_counts
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from tests.dbt.staging.hostile import hostile_variants
from tests.dbt.staging.samples import IMPORTED_SOURCE, SAMPLES
from tests.pipelines.facts import contact, fact
from tests.pipelines.homes import NOW, Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

TENANTS = load_tenants(REPOSITORY / "tenants")
CLINIC = "avatar-imaging"
REPORT = {
    "report_id": "weekly-2026-11-09-1",
    "kind": "weekly",
    "period_start": "2026-11-09",
    "period_end": "2026-11-16",
    "log_sequence": 1,
    "models_fingerprint": "f",
    "figures": [],
    "files": {"json": "0"},
}
#: Every so manieth hostile payload: each kind of damage comes by, at another place of each sample.
HOSTILE_STEP = 37


def deliveries() -> Iterator[NewEvent]:
    """Yield a delivery of every kind to every tenant, then damaged ones to one tenant."""
    for number, sample in enumerate(SAMPLES):
        for days_ago, tenant_id in enumerate(TENANTS):
            at = NOW - timedelta(days=9 * days_ago, hours=number)
            payload = json.dumps(sample.payload).encode()
            yield delivery(sample.source, sample.type, payload, tenant_id=tenant_id, name=f"{number}", at=at)
        damaged = islice(hostile_variants(sample.payload), number % HOSTILE_STEP, None, HOSTILE_STEP)
        for place, text in enumerate(damaged):
            payload = text.encode()
            yield delivery(sample.source, sample.type, payload, tenant_id="hmnp", name=f"{number}-{place}", at=NOW)


def delivery(source: str, type_: str, payload: bytes, *, tenant_id: str, name: str, at: datetime) -> NewEvent:
    return NewEvent(
        tenant_id=tenant_id,
        source=source,
        source_event_id=f"{type_}-{name}",
        type=type_,
        occurred_at=at,
        received_at=at + timedelta(seconds=1),
        body=payload,
        payload=payload,
        origin=Origin.IMPORT if source == IMPORTED_SOURCE else Origin.WEBHOOK,
    )


def journeys() -> Iterator[NewEvent]:
    """Yield what the samples don't tell: a family, a whole booking with its payment, and what is known to nobody."""
    yield contact("family-1", phone="0400 000 001", email="family@example.com", name="Ana Lee")
    yield contact("family-2", phone="0400 000 002", email="family@example.com", name="Ben Lee", hours=1)
    phones = [{"kind": "phone", "value": f"+6140000000{number}"} for number in (1, 2)]
    decision = {"decision": "different_people", "identifiers": phones, "by": "Bea", "reason": "Mother and son"}
    yield fact("identity.decided", decision, event_id="family-3", hours=2)
    person = {"phone": "0400 000 003", "name": "Cem Aydin"}
    booking = {"booking_id": "mri-1", "contact": person, "service": "MRI", "starts_at": "2026-11-25T09:00:00+08:00"}
    for hours, verb in enumerate(("created", "confirmed", "rescheduled", "completed")):
        yield fact(f"booking.{verb}", booking, event_id=f"mri-1-{verb}", hours=hours)
    # One that is still to come: what is told about it goes out.
    coming = {"booking_id": "ct-1", "contact": {"phone": "0400 000 004"}, "starts_at": "2026-12-02T09:00:00+08:00"}
    yield fact("booking.confirmed", coming, event_id="ct-1-confirmed", hours=-2)
    paid = {"payment_id": "p-1", "booking_id": "mri-1", "amount_minor": 9900, "currency": "AUD"}
    taxed = {"tax_minor": 900, "taxes": [{"name": "GST", "rate": "10", "amount_minor": 900}], "staff": "Dr Day"}
    yield fact("payment.succeeded", paid | taxed, event_id="p-1-succeeded", hours=5)
    line = {"description": "MRI", "quantity": "1", "amount_minor": 9900, "staff": "Dr Day", "taxes": taxed["taxes"]}
    yield fact("payment.itemised", {**paid, "lines": [line]}, event_id="p-1-line", hours=5)
    yield fact("payment.refunded", paid | {"refunded_minor": 1000}, event_id="p-1-refunded", hours=6)
    done = {"command_key": f"{CLINIC}/booking_confirmation/send_sms/booking:mri-1", "contact": person}
    yield fact("message.sent", done | {"message_id": "m-1", "channel": "sms", "body": "Confirmed"}, event_id="m-1")
    thanked = {"payment_id": "p-2", "amount_minor": 8900, "currency": "CAD", "contact": {"email": "di@example.com"}}
    yield fact("payment.succeeded", thanked, event_id="p-2", tenant_id="noizylab")
    ads = {"channel": "Google", "period_start": "2026-10-15", "period_end": "2026-11-20", "amount_minor": 3701}
    yield fact("spend.recorded", ads | {"currency": "AUD"}, event_id="ads-1")
    yield fact("report.computed", REPORT, event_id="weekly-2026-11-09-1")
    yield fact("weather.changed", {"sky": "clear"}, event_id="weather")
    yield fact("contact.updated", {"contact": person}, event_id="stranger", tenant_id="closed-business")


def with_every_kind_of_rule(tenants: Mapping[str, Tenant]) -> dict[str, Tenant]:
    """Return the tenants, the clinic with a rule that posts to an endpoint and holds half of its contacts out."""
    content = tenants[CLINIC].model_dump(mode="json", by_alias=True)
    content["endpoints"] = [{"key": "office", "url": "https://office.example/hook", "secret": "OFFICE_HOOK_SECRET"}]
    rule = {"id": "tell_office", "when": "booking.confirmed", "do": {"call_webhook": {"endpoint": "office"}}}
    content["rules"].append(rule | {"class": "transactional", "holdout_percent": 50})
    return {**tenants, CLINIC: Tenant.model_validate(content)}


@pytest.fixture(scope="module")
def built(homes: HomeFactory) -> Home:
    """Return a home whose log was built with every test of the project. Raises DbtError where one fails."""
    home = homes.new_home(tenants=with_every_kind_of_rule(TENANTS))
    home.log.append(list(readable(deliveries())))
    home.log.append(list(journeys()))
    not_json = delivery("stripe", "stripe.charge.succeeded", b"{}{", tenant_id="hmnp", name="not-json", at=NOW)
    home.log.append([not_json])  # no receiver lets it in; the copy sets it aside
    refusal = {
        "tenant_id": "hmnp",
        "source": "stripe",
        "reason": "signature_invalid",
        "rejected_date": NOW.date(),
        "count_rejections": 3,
        "last_rejected_at": NOW.astimezone(UTC),
    }
    with home.engine.begin() as connection:
        connection.execute(insert(rejection_counts), [refusal])
    home.modeller().rebuild(with_tests=True)
    return home


def readable(events: Iterator[NewEvent]) -> Iterator[NewEvent]:
    """Leave out what the receiver would refuse as no JSON. What is none for DuckDB alone is set aside by the copy."""
    return (event for event in events if is_json(event.payload))


def is_json(payload: bytes) -> bool:
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True


def manifest_of(home: Home) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((home.target_dir / "full" / "manifest.json").read_text(encoding="utf-8"))
    return manifest


@pytest.fixture
def warehouse(built: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse_path), read_only=True) as connection:
        yield connection


def test_everything_ran_and_passed(built: Home) -> None:
    results = json.loads((built.target_dir / "full" / "run_results.json").read_text(encoding="utf-8"))["results"]
    results = [result for result in results if not result["unique_id"].startswith("operation.")]  # what follows a run
    # Models are built first, in a run of their own: where a test fails, the warehouse is there.
    assert {result["unique_id"].partition(".")[0] for result in results} == {"test", "unit_test"}
    assert {result["status"] for result in results} == {"pass"}
    tests = {key for key in manifest_of(built)["nodes"] if key.startswith("test.")}
    assert tests | set(manifest_of(built)["unit_tests"]) == {result["unique_id"] for result in results}


def test_every_model_is_a_relation(built: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    folder = REPOSITORY / "dbt_project" / "models"
    files = {file.stem for file in [*folder.rglob("*.sql"), *folder.rglob("*.py")]}
    models = [node for node in manifest_of(built)["nodes"].values() if node["resource_type"] == "model"]
    assert {node["name"] for node in models} == files
    relations = warehouse.execute("select table_schema, table_name from information_schema.tables").fetchall()
    kept = [node for node in models if node["config"]["materialized"] != "ephemeral"]
    assert {(node["schema"], node["name"]) for node in kept} <= set(relations)


def test_no_relation_was_tested_empty(warehouse: duckdb.DuckDBPyConnection) -> None:
    relations = warehouse.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('staging', 'intermediate', 'marts', 'activation', 'reports')"
    ).fetchall()
    # Nobody writes records to the providers' systems yet: what rules want there is refused for want of a sender.
    relations.remove(("activation.cmd_sync_record",))
    empty = [name for (name,) in relations if not warehouse.execute(f"from {name} limit 1").fetchall()]
    assert len(relations) > 50
    assert empty == []


def test_columns_that_are_described_exist(built: Home, warehouse: duckdb.DuckDBPyConnection) -> None:
    models = [node for node in manifest_of(built)["nodes"].values() if node["resource_type"] == "model"]
    for node in models:
        described = warehouse.execute(f"describe {node['schema']}.{node['name']}").fetchall()
        assert set(node["columns"]) <= {name for name, *_ in described}, node["name"]


def test_the_journey_is_told_right(warehouse: duckdb.DuckDBPyConnection) -> None:
    journey = warehouse.execute(
        """
        select
            contacts.display_name, bookings.status, bookings.count_reschedules, payments.status,
            payments.refunded_minor, contacts.amount_paid_minor
        from marts.fct_bookings as bookings
        inner join marts.dim_contacts as contacts using (contact_id)
        inner join marts.fct_payments as payments using (contact_id)
        where bookings.booking_id = 'mri-1'
        """
    ).fetchall()
    assert journey == [("Cem Aydin", "completed", 1, "partially_refunded", 1000, 8900)]
    conflicts = "select shared_identifier_value from marts.fct_identity_conflicts where tenant_id = 'avatar-imaging'"
    assert ("family@example.com",) in warehouse.execute(conflicts).fetchall()
    unknown = "select tenant_id, type from reports.rpt_unknown_types where source = 'frontdesk'"
    assert warehouse.execute(unknown).fetchall() == [("avatar-imaging", "weather.changed")]
    strangers = "select * from marts.dim_contacts where tenant_id = 'closed-business'"
    assert warehouse.execute(strangers).fetchall() == []
