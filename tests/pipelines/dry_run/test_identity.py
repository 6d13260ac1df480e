"""Other rules of identity tried on a home, and then put in force: what was told is what happens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.tenant.files import content_of
from frontdesk.domains.identity.settings import IdentityRule
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.build.verification import compare_warehouses
from pipelines.dry_run.identity import IdentityDryRun, try_identity
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

pytestmark = pytest.mark.slow

SHARED = "desk@example.com"


def paid(payment_id: str, person: dict[str, str], amount: int, *, hours: float) -> NewEvent:
    payload = {"payment_id": payment_id, "contact": person, "amount_minor": amount, "currency": "AUD"}
    return fact("payment.succeeded", payload, event_id=payment_id, hours=hours)


EVENTS = [
    contact("1", external_id="crm-1", name="Ann Ash", email=SHARED, hours=-50),
    contact("2", external_id="crm-2", name="Bea Birch", email=SHARED, hours=-49),
    fact("touch.recorded", {"contact": {"external_id": "crm-1"}, "channel": "google"}, event_id="t1", hours=-48),
    fact("touch.recorded", {"contact": {"external_id": "crm-2"}, "channel": "instagram"}, event_id="t2", hours=-47),
    *(
        fact(
            f"booking.{verb}",
            {"booking_id": "b1", "contact": {"external_id": "crm-1"}, "service": "X-ray"},
            event_id=f"b1-{verb}",
            hours=hours,
        )
        for verb, hours in (("created", -46), ("completed", -40))
    ),
    paid("p1", {"external_id": "crm-1"}, 9_000, hours=-39),
    paid("p2", {"external_id": "crm-2"}, 4_000, hours=-38),
]
APART = IdentityRule(identifier="email", use="ignore")


def with_rule(home: Home, rule: IdentityRule) -> Tenant:
    tenant = home.tenants[TENANT]
    rules = tuple(rule if kept.identifier == rule.identifier else kept for kept in tenant.identity)
    return tenant.model_copy(update={"identity": rules})


@pytest.fixture(scope="module")
def one_person(homes: HomeFactory) -> Home:
    home = homes.new_home()
    home.follow_in_batches([EVENTS])
    return home


@pytest.fixture(scope="module")
def told(one_person: Home) -> IdentityDryRun:
    before = one_person.warehouse_path.read_bytes()
    told = try_identity(one_person.builder(), with_rule(one_person, APART))
    assert one_person.warehouse_path.read_bytes() == before, "the warehouse in use is left alone"
    return told


def test_a_person_that_becomes_two_is_told_with_the_money(told: IdentityDryRun) -> None:
    assert told.merged == ()
    [split] = told.split
    assert (len(split.others), split.amount_paid_minor) == (2, 13_000)
    assert {"external_id frontdesk:crm-1", "external_id frontdesk:crm-2"} <= set(split.identifiers)
    assert (told.before.count_customers, told.after.count_customers) == (1, 2)
    assert told.before.revenue_minor == told.after.revenue_minor == 13_000


def test_what_attribution_gives_moves_with_the_touches(told: IdentityDryRun) -> None:
    moved = {each.channel: each.conversions for each in told.credits if each.model == "linear" and each.lookback_days}
    assert moved["google"] == -moved["instagram"] == pytest.approx(0.5)


def with_tenant(home: Home, tenant: Tenant, *, folder: Path) -> Home:
    return Home(
        folder=folder,
        target_dir=home.target_dir,
        tenants={**home.tenants, TENANT: tenant},
        clock=home.clock,
        ids=home.ids,
    )


def test_put_in_force_it_is_as_if_the_rule_had_always_been_so(
    tmp_path: Path, one_person: Home, told: IdentityDryRun
) -> None:
    one_person.engine.dispose()
    shutil.copyfile(one_person.folder / "frontdesk.db", tmp_path / "frontdesk.db")
    always = with_tenant(one_person, with_rule(one_person, APART), folder=tmp_path)
    changed = with_tenant(one_person, with_rule(one_person, APART), folder=one_person.folder)
    for home in (always, changed):
        with home.modeller().opened():
            pass
    assert compare_warehouses(always.warehouse_path, changed.warehouse_path) == []
    assert changed.query("select count(*) from marts.dim_contacts where is_identified") == [
        (told.after.count_contacts,)
    ]


def test_a_rule_is_tried_on_a_business_that_the_log_configures(homes: HomeFactory) -> None:
    home = homes.new_home()
    configurations = home.builder().configurations
    configurations.write(TENANT, content_of(REPOSITORY / "tenants" / f"{TENANT}.yaml"), by="a test")
    home.follow_in_batches([EVENTS])
    assert len(try_identity(home.builder(), with_rule(home, APART)).split) == 1
