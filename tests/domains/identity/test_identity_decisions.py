"""Staff decide who is one person: in any order, live as rebuilt, undone by a later decision."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.facts import contact, fact
from tests.pipelines.homes import Home, HomeFactory

ANA, BEN, CEM = "+61400000001", "+61400000002", "+61400000003"
SHARED = "family@example.com"
FAMILY = [contact("1", phone=ANA, email=SHARED), contact("2", phone=BEN, email=SHARED, hours=1)]
STATUSES = "select status, decided_by from marts.fct_identity_conflicts order by all"


def decided(
    event_id: str, one: str, other: str, *, same: bool, kind: str = "phone", hours: float = 10, by: str = "bea"
) -> NewEvent:
    """Return what staff say of two identifiers of one kind."""
    payload = {
        "decision": "same_person" if same else "different_people",
        "identifiers": [{"kind": kind, "value": value} for value in (one, other)],
        "by": by,
    }
    return fact("identity.decided", payload, event_id=event_id, hours=hours)


#: Batches of events: two phones that share an e-mail, and staff say that they are one person.
ONE_PERSON = (
    FAMILY,
    [
        fact(
            "booking.created",
            {"booking_id": "b1", "contact": {"phone": BEN}, "service": "X-ray"},
            event_id="3",
            hours=2,
        )
    ],
    [decided("4", ANA, BEN, same=True)],
)
#: Records of people without phones, told apart, told to be one.
WITHOUT_PHONES = (
    [contact("1", external_id="1", email=SHARED), contact("2", external_id="2", email=SHARED, hours=1)],
    [decided("3", "frontdesk:1", "frontdesk:2", kind="external_id", same=False)],
    [decided("4", "frontdesk:1", "frontdesk:2", kind="external_id", same=True, hours=11)],
)
#: Three people of whom two pairs are said to be one, then the ends of that chain to be different, then more.
CONTRADICTION = (
    [contact(str(number), phone=phone, email=SHARED) for number, phone in enumerate((ANA, BEN, CEM))],
    [decided("3", ANA, BEN, same=True), decided("4", BEN, CEM, same=True)],
    [decided("5", ANA, CEM, same=False, hours=11, by="kim")],
    [decided("6", BEN, CEM, same=False, hours=12)],
)


def contacts_of(home: Home) -> dict[str, str]:
    """Return the contact of each identifier of a person, those that several share included."""
    rows = home.warehouse_query(
        "select identifier_value, contact_id from intermediate.int_contact_identifiers "
        "where identifier_use <> 'entity'"
    )
    return {str(value): str(contact_id) for value, contact_id in rows}


def people_of(home: Home) -> set[frozenset[str]]:
    """Return the identifiers of each contact."""
    contacts = contacts_of(home)
    return {frozenset(value for value in contacts if contacts[value] == contacts[other]) for other in contacts}


def follow(home: Home, *batches: Sequence[NewEvent]) -> Home:
    """Return a home that has modelled these batches one after the other."""
    home.follow_in_batches(batches)
    return home


def test_two_phones_that_staff_say_are_one_person_are_one_contact_everywhere(home: Home) -> None:
    follow(home, *ONE_PERSON)
    assert people_of(home) == {frozenset({ANA, BEN, SHARED})}
    assert home.query("select count(*), any_value(count_bookings) from marts.dim_contacts") == [(1, 1)]
    assert home.query("select count(distinct contact_id) from marts.fct_timeline") == [(1,)]
    assert home.query(STATUSES) == [("same_person", "bea")], "it stays listed, with what was decided"


def test_the_newest_decision_counts_whichever_comes_first_and_either_way_round(homes: HomeFactory) -> None:
    decisions = [decided("3", ANA, BEN, same=True, hours=10), decided("4", BEN, ANA, same=False, hours=11, by="kim")]
    for order in itertools.permutations(decisions):
        home = follow(homes.new_home(), FAMILY, *([each] for each in order))
        assert people_of(home) == {frozenset({ANA}), frozenset({BEN}), frozenset({SHARED})}
        assert home.query(STATUSES) == [("different_people", "kim")]


def test_of_two_decisions_at_one_time_the_id_decides(homes: HomeFactory) -> None:
    decisions = [decided("3", ANA, BEN, same=False), decided("4", ANA, BEN, same=True)]
    for order in itertools.permutations(decisions):
        home = follow(homes.new_home(), FAMILY, *([each] for each in order))
        assert home.query("select status from marts.fct_identity_conflicts") == [("same_person",)]


def test_a_decision_makes_no_contact_and_waits_for_its_records(home: Home) -> None:
    follow(home, [decided("0", ANA, BEN, same=True)])
    assert home.query("select count(*) from marts.dim_contacts") == [(0,)]
    assert home.query("select count(*) from reports.rpt_unknown_types") == [(0,)]
    follow(home, [contact("1", phone=ANA)], [contact("2", phone=BEN)])
    assert people_of(home) == {frozenset({ANA, BEN})}, "though no record connects them"


def test_people_without_a_phone_who_share_an_email_are_told_apart(home: Home) -> None:
    records, told_apart, told_one = WITHOUT_PHONES
    ids = ("frontdesk:1", "frontdesk:2")
    follow(home, records)
    assert people_of(home) == {frozenset({*ids, SHARED})}
    follow(home, told_apart)
    assert people_of(home) == {frozenset({ids[0]}), frozenset({ids[1]}), frozenset({SHARED})}
    assert home.query(STATUSES) == [("different_people", "bea")]
    assert home.query("select count(*) from marts.dim_contacts") == [(2,)]
    follow(home, told_one)
    assert people_of(home) == {frozenset({*ids, SHARED})}


def test_the_phone_stays_with_the_record_that_names_it(home: Home) -> None:
    records = [
        contact("1", external_id="1", phone=ANA, email=SHARED),
        contact("2", external_id="2", email=SHARED, hours=1),
    ]
    ids = ("frontdesk:1", "frontdesk:2")
    follow(home, records, [decided("3", *ids, kind="external_id", same=False)])
    assert people_of(home) == {frozenset({ids[0], ANA}), frozenset({ids[1]}), frozenset({SHARED})}


def test_a_phone_that_both_records_name_outweighs_staff(home: Home) -> None:
    records = [contact(id_, external_id=id_, phone=ANA) for id_ in ("1", "2")]
    ids = ("frontdesk:1", "frontdesk:2")
    follow(home, records, [decided("3", *ids, kind="external_id", same=False)])
    assert people_of(home) == {frozenset({*ids, ANA})}


def test_decisions_that_contradict_one_another_merge_nobody(home: Home) -> None:
    people, chain, apart, further_apart = CONTRADICTION
    follow(home, people, chain)
    assert people_of(home) == {frozenset({ANA, BEN, CEM, SHARED})}
    assert home.query(STATUSES) == [("same_person", "bea"), ("same_person", "bea"), ("same_person", None)]
    follow(home, apart)
    assert len(people_of(home)) == 4
    assert home.query(STATUSES) == [("different_people", "kim"), ("open", "bea"), ("open", "bea")]
    follow(home, further_apart)
    assert people_of(home) == {frozenset({ANA, BEN}), frozenset({CEM}), frozenset({SHARED})}


@pytest.mark.slow
@pytest.mark.parametrize("batches", [ONE_PERSON, WITHOUT_PHONES, CONTRADICTION])
def test_a_rebuild_decides_the_same(home: Home, batches: Sequence[Sequence[NewEvent]]) -> None:
    follow(home, *batches)
    assert home.modeller().verify() == []


STORY = [
    *FAMILY,
    contact("3", email=SHARED, external_id="7", hours=2),
    contact("4", phone=CEM, email="cem@example.com", hours=3),
    decided("5", ANA, BEN, same=True),
    decided("6", BEN, CEM, same=True, hours=11),
    decided("7", ANA, BEN, same=False, hours=12),
    decided("8", SHARED, "cem@example.com", same=False, kind="email", hours=13),
]


@pytest.fixture(scope="module")
def in_order(homes: HomeFactory) -> Home:
    """A home that heard of the story as it happened."""
    return follow(homes.new_home(), STORY)


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(STORY))))[1::8_100])
def test_the_order_of_arrival_does_not_matter(home: Home, in_order: Home, order: tuple[int, ...]) -> None:
    other = follow(home, *([STORY[index]] for index in order))
    assert contacts_of(other) == contacts_of(in_order)
    assert {ANA} in people_of(in_order)
    assert any({BEN, CEM} <= people for people in people_of(in_order))
    assert in_order.query(STATUSES) == other.query(STATUSES) != []
