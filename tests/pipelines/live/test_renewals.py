"""What a changed configuration concerns of the past is made anew part by part: nobody waits for it, and it ends."""

from __future__ import annotations

from typing import NoReturn

import pytest

from frontdesk.core.log.set_aside import Kind
from frontdesk.domains.sending.dispatch.decided_position import KnownEvents
from frontdesk.domains.tenancy.files import TenantFiles
from pipelines.live import renewals
from pipelines.live.live_path import LivePath
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY
from tests.pipelines.live.test_configuration import Document, booking, configure

_OTHER = "noizylab"
_ZONE = f"select zone from marts.dim_tenants where tenant_id = '{TENANT}'"
_BOOKINGS = f"select count(*) from marts.fct_bookings where tenant_id = '{TENANT}'"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have six bookings of six contacts be renewed in three parts."""
    monkeypatch.setattr(renewals, "PART_EVENTS", 2)


def bookings_of_six(home: Home) -> None:
    contacts = ({"phone": f"0400 000 00{number}", "name": f"Person {number}"} for number in range(6))
    home.log.append([booking(f"of-{number}", contact=contact) for number, contact in enumerate(contacts)])


def in_paris(document: Document) -> None:
    document.update(zone="Europe/Paris")


def test_other_businesses_go_on_and_only_its_own_texts_wait(home: Home) -> None:
    known = KnownEvents(home.engine, position=home.position)

    def may_send(tenant_id: str) -> bool:
        return known.takes_account_of(known.newest_of(tenant_id), tenant_id=tenant_id)

    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        modeller.follow_to_end()
        configure(home, in_paris)
        modeller.follow_once()
        assert not may_send(TENANT)

        home.log.append([fact("contact.updated", {"contact": {"email": "a@b.co"}}, event_id="x", tenant_id=_OTHER)])
        modeller.follow_once()
        assert home.query(f"select count(*) from marts.dim_contacts where tenant_id = '{_OTHER}'") == [(1,)]
        assert may_send(_OTHER)
        assert not may_send(TENANT)

        assert modeller.wait_for_events(timeout=0)
        modeller.follow_to_end()
        assert may_send(TENANT)
        assert not modeller.wait_for_events(timeout=0)


def test_who_opens_the_warehouse_next_goes_on(home: Home) -> None:
    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        modeller.follow_to_end()
        configure(home, in_paris)
        modeller.follow_once()
    modeller = home.modeller()
    modeller.open(publishes=False)  # as the live path does
    assert home.position.is_held(TENANT)
    modeller.follow_to_end()
    assert not home.position.is_held(TENANT)
    modeller.close()
    assert home.modeller().verify() == []


def test_another_version_meanwhile_concerns_what_both_do(home: Home) -> None:
    def without_a_rule(document: Document) -> None:
        in_paris(document)
        document["rules"].pop(0)

    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        modeller.follow_to_end()
        configure(home, in_paris)
        modeller.follow_once()
        configure(home, without_a_rule)
        modeller.follow_to_end()
    assert home.query(_ZONE) == [("Europe/Paris",)]
    assert home.modeller().verify() == []


def test_a_version_by_which_a_part_fails_leaves_the_one_before(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    renew, failing = LivePath._renew, 8  # six bookings and a first version come before it

    def fail(self: LivePath, part: renewals.Part, **also: object) -> object:
        if part.version == failing and part.number == 1:
            raise ValueError("not by this version")
        return renew(self, part, **also)  # type: ignore[arg-type]

    monkeypatch.setattr(LivePath, "_renew", fail)
    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        configure(home, lambda document: document.update(name="Another name"))
        modeller.follow_to_end()
        configure(home, in_paris)
        assert home.log.last_sequence() == failing
        modeller.follow_to_end()
        assert not home.position.is_held(TENANT)
    assert [aside.reason for aside in home.set_aside.read(Kind.EVENT)] == ["ValueError: not by this version"]
    assert home.query(_ZONE) == [("Australia/Perth",)]
    assert home.query(_BOOKINGS) == [(6,)]


def in_longer_holds(document: Document) -> None:
    document.update(slot_hold="20m")  # which no model reads


def test_what_no_model_depends_on_has_nothing_renewed(home: Home) -> None:
    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        modeller.follow_to_end()
        configure(home, in_longer_holds)
        modeller.follow_once()
        assert not modeller.is_renewing
        assert not home.position.is_held(TENANT)


def test_a_first_version_by_which_a_part_fails_stays_in_force(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise ValueError("not by this version")

    monkeypatch.setattr(LivePath, "_renew", fail)
    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        modeller.follow_to_end()
        configure(home, in_paris)
        modeller.follow_to_end()
        assert not home.position.is_held(TENANT)
    assert [aside.reason for aside in home.set_aside.read(Kind.EVENT)] == ["ValueError: not by this version"]
    assert home.query(_ZONE) == [("Europe/Paris",)]
    assert home.query(_BOOKINGS) == [(6,)]


def test_files_that_reach_the_log_have_nothing_renewed(home: Home) -> None:
    with home.modeller().opened() as modeller:
        bookings_of_six(home)
        modeller.follow_to_end()
        TenantFiles.open(home.engine, folder=REPOSITORY / "tenants").write_changes()
        assert home.log.last_sequence() > 6
        modeller.follow_once()
        assert not modeller.is_renewing
