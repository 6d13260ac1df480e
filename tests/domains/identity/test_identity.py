"""Who is who: matched by evidence, never merged over two phones, the same in any order, undone by a rule."""

from __future__ import annotations

import itertools

import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.identity.settings import IdentityRule
from frontdesk.domains.tenancy.tenant import Tenant
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import Home, HomeFactory

ANA, BEN = "+61400000001", "+61400000002"


def contacts_of(home: Home) -> dict[str, str]:
    """Return the contact of each identifier value."""
    rows = home.query("select identifier_value, contact_id from marts.bdg_contact_identifiers")
    return {str(value): str(contact_id) for value, contact_id in rows}


def test_one_person_is_matched_by_phone_in_any_spelling(home: Home) -> None:
    home.follow_in_batches(
        [[contact("1", phone="0400 000 001")], [contact("2", phone="+61 400 000 001", email="Ana@Example.com ")]]
    )
    assert contacts_of(home)[ANA] == contacts_of(home)["ana@example.com"]
    assert home.query("select count(*), any_value(email) from marts.dim_contacts") == [(1, "ana@example.com")]


def test_contacts_that_turn_out_to_be_one_are_one_everywhere(home: Home) -> None:
    booking = {"booking_id": "b1", "contact": {"email": "ana@example.com"}, "service": "X-ray"}
    home.follow_in_batches(
        [
            [contact("1", phone=ANA)],
            [fact("booking.created", booking, event_id="2")],
            [contact("3", phone=ANA, email="ana@example.com", hours=1)],
        ]
    )
    assert home.query("select count(*) from marts.dim_contacts") == [(1,)]
    assert home.query(
        "select count(distinct b.contact_id) from marts.fct_bookings b join marts.dim_contacts using (contact_id)"
    ) == [(1,)]
    assert home.query("select count(*), count(distinct contact_id) from marts.fct_timeline") == [(3, 1)]


def test_two_phones_that_share_an_email_stay_two_contacts_and_a_conflict(home: Home) -> None:
    home.follow_in_batches(
        [
            [contact("1", phone=ANA, email="family@example.com")],
            [contact("2", phone=BEN, email="family@example.com", hours=1)],
        ]
    )
    contacts = contacts_of(home)
    assert contacts[ANA] != contacts[BEN]
    assert "family@example.com" not in contacts
    conflicts = home.query(
        "select strong_identifier_a, strong_identifier_b, shared_identifier_value from marts.fct_identity_conflicts"
    )
    assert [sorted(map(str, row)) for row in conflicts] == [sorted([ANA, BEN, "family@example.com"])]


def test_every_link_shows_its_evidence(home: Home) -> None:
    home.follow_in_batches([[contact("1", phone=ANA, hours=5)], [contact("2", phone=ANA, hours=1)]])
    (first,) = [event for event in home.log.read_after(0, limit=9) if event.source_event_id == "2"]
    assert home.query("select count_events, first_event_id, first_source from marts.bdg_contact_identifiers") == [
        (2, first.event_id, "frontdesk")
    ]


STORY = [
    contact("1", phone=ANA, email="family@example.com"),
    contact("2", phone=BEN, email="family@example.com", hours=1),
    contact("3", email="family@example.com", external_id="crm-7", hours=2),
    fact("booking.created", {"booking_id": "b1", "contact": {"external_id": "crm-7"}}, event_id="4", hours=3),
]


@pytest.fixture(scope="module")
def in_order(homes: HomeFactory) -> Home:
    """A home that heard of the story as it happened."""
    home = homes.new_home()
    home.follow_in_batches([STORY])
    return home


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[1::5])
def test_the_order_of_arrival_does_not_matter(home: Home, in_order: Home, order: tuple[int, ...]) -> None:
    home.follow_in_batches([[STORY[index]] for index in order])
    assert contacts_of(home) == contacts_of(in_order)
    assert len(set(contacts_of(in_order).values())) == 3


def with_rule(home: Home, rule: IdentityRule) -> dict[str, Tenant]:
    """Return the home's tenants with one rule of the test's tenant changed."""
    tenant = home.tenants[TENANT]
    rules = tuple(rule if kept.identifier == rule.identifier else kept for kept in tenant.identity)
    return {**home.tenants, TENANT: tenant.model_copy(update={"identity": rules})}


@pytest.fixture
def merged_by_email(home: Home) -> Home:
    """Return a home in which two records are one person by their e-mail."""
    events: list[NewEvent] = [
        contact("1", external_id="crm-1", email="desk@example.com"),
        contact("2", external_id="crm-2", email="desk@example.com", hours=1),
    ]
    home.follow_in_batches([events])
    assert len(set(contacts_of(home).values())) == 1
    return home


@pytest.mark.parametrize(
    "rule",
    [
        IdentityRule(identifier="email", use="ignore"),
        pytest.param(
            IdentityRule(identifier="email", use="link", ignored_values=("desk@example.com",)), marks=pytest.mark.slow
        ),
    ],
)
def test_a_changed_rule_and_a_rebuild_undo_a_merge(merged_by_email: Home, rule: IdentityRule) -> None:
    home = merged_by_email
    changed = Home(
        folder=home.folder,
        target_dir=home.target_dir,
        tenants=with_rule(home, rule),
        clock=home.clock,
        ids=home.ids,
    )
    with changed.modeller().opened():
        pass
    contacts = contacts_of(changed)
    assert contacts["frontdesk:crm-1"] != contacts["frontdesk:crm-2"]
