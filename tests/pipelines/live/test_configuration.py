"""Configurations that change while everything runs: what they concern is made anew, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import pytest
import yaml

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.set_aside import Kind
from frontdesk.core.tenant.configurations import Configurations
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from pipelines.live import open_warehouse, renewals
from tests.domains.identity.test_identity_decisions import CONTRADICTION
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have even the shortest history be renewed in several parts."""
    monkeypatch.setattr(renewals, "PART_EVENTS", 300)


def document_of(slug: str) -> Document:
    document: Document = yaml.safe_load((REPOSITORY / "tenants" / f"{slug}.yaml").read_text(encoding="utf-8"))
    return document


def configurations_of(home: Home) -> Configurations:
    return Configurations(home.engine, log=home.log, clock=home.clock)


def configure(home: Home, change: Callable[[Document], None], *, slug: str = TENANT) -> None:
    """Write a version of a business's configuration that differs from its file."""
    document = document_of(slug)
    change(document)
    assert configurations_of(home).write(slug, document, by="a test") is not None


def all_of(changes: Sequence[Callable[[Document], None]]) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for each in changes:
            each(document)

    return change


def booking(name: str, **also: Any) -> NewEvent:
    payload = {
        "booking_id": name,
        "contact": {"phone": "0400 000 004", "name": "Ana Lee"},
        "starts_at": "2026-12-02T09:00:00+08:00",
        **also,
    }
    return fact("booking.confirmed", payload, event_id=f"{name}-confirmed")


def waiting(home: Home) -> set[str | None]:
    """Return the rules whose commands wait in the outbox."""
    found = home.outbox.search(CommandFilter(tenant_id=TENANT), states={CommandState.WAITING}, limit=500)
    return {command.rule_id for command in found}


CHANGES: dict[str, Callable[[Document], None]] = {
    "a rule that goes": lambda document: document["rules"].pop(0),
    "another zone": lambda document: document.update(zone="Europe/Paris"),
    "another currency": lambda document: document.update(currency="EUR"),
    "who is one person": lambda document: document.update(
        identity=[{"identifier": "email", "use": "strong"}, {"identifier": "phone", "use": "ignore"}]
    ),
    "stages": lambda document: document["pipelines"][0]["stages"].reverse(),
    "services": lambda document: document["services"].pop(),
    "nothing but the name": lambda document: document.update(name="Another name"),
}


def test_what_changed_one_after_the_other_gives_what_a_rebuild_gives(
    home: Home, story_events: list[NewEvent]
) -> None:
    """The last one concerns the decisions alone: what the ones before it made stands."""
    steps = [CHANGES[name] for name in ("who is one person", "another zone", "a rule that goes")]
    with home.modeller().opened() as modeller:
        home.log.append([*story_events, *chain.from_iterable(CONTRADICTION)])
        modeller.follow_to_end()
        for count in range(1, len(steps) + 1):
            configure(home, all_of(steps[:count]))
            modeller.follow_to_end()
    assert home.set_aside.read() == []
    assert home.modeller().verify() == []


@pytest.mark.slow
def test_each_change_gives_what_a_rebuild_gives(home: Home, story_events: list[NewEvent]) -> None:
    with home.modeller().opened() as modeller:
        home.log.append([*story_events, *chain.from_iterable(CONTRADICTION)])
        modeller.follow_to_end()
    for name, change in CHANGES.items():
        with home.modeller().opened() as modeller:
            configure(home, change)
            modeller.follow_to_end()
        assert home.modeller().verify() == [], name
    assert home.set_aside.read() == []


def test_who_leaves_is_gone_and_who_comes_back_is_as_before(home: Home, story_events: list[NewEvent]) -> None:
    contacts = f"select count(*) from marts.dim_contacts where tenant_id = '{TENANT}'"
    others = f"select count(*) from marts.dim_contacts where tenant_id <> '{TENANT}'"
    with home.modeller().opened() as modeller:
        home.log.append(story_events)
        modeller.follow_to_end()
        configure(home, lambda document: document.update(name="Avatar"))
        modeller.follow_to_end()
        before = home.query(contacts), home.query(others)
        configurations_of(home).remove(TENANT, by="a test")
        modeller.follow_to_end()
        assert (home.query(contacts), home.query(others)) == ([(0,)], before[1])
        configure(home, lambda document: document.update(industry="back again"))
        modeller.follow_to_end()
        assert (home.query(contacts), home.query(others)) == before
    assert home.modeller().verify() == []


def test_the_rows_of_who_did_not_change_keep_their_places(home: Home, story_events: list[NewEvent]) -> None:
    others = f"select tenant_id, contact_id, rowid from marts.dim_contacts where tenant_id <> '{TENANT}' order by all"
    with home.modeller().opened() as modeller:
        home.log.append(story_events)
        modeller.follow_to_end()
        connection = modeller.connection
        before = connection.execute(others).fetchall()
        configure(home, lambda document: document.update(zone="Europe/Paris"))
        modeller.follow_to_end()
        assert connection.execute(others).fetchall() == before
        assert len(before) > 20


def test_a_business_joins_between_events(home: Home) -> None:
    def told(name: str, phone: str) -> NewEvent:
        return fact("contact.updated", {"contact": {"phone": phone}}, event_id=name, tenant_id="new")

    with home.modeller().opened() as modeller:
        home.log.append([told("1", "+33 1 40 00 00 01")])
        modeller.follow_to_end()
        assert home.query("select count(*) from marts.dim_contacts where tenant_id = 'new'") == [(0,)]
        configurations_of(home).write("new", document_of(TENANT) | {"slug": "new", "country": "FR"}, by="sign-up")
        home.log.append([told("2", "01 40 00 00 02")])
        modeller.follow_to_end()
        assert home.query("select count(*) from marts.dim_contacts where tenant_id = 'new'") == [(2,)]
        assert home.query("select country from marts.dim_tenants where tenant_id = 'new'") == [("FR",)]
    assert home.modeller().verify() == []


def test_the_outbox_follows_a_changed_rule(home: Home) -> None:
    with home.modeller().opened() as modeller:
        home.log.append([booking("ct-1")])
        modeller.follow_to_end()
        before = waiting(home)
        assert "reminder_48h" in before

        configure(home, lambda d: d.update(rules=[rule for rule in d["rules"] if rule["id"] != "reminder_48h"]))
        modeller.follow_to_end()
        assert waiting(home) == before - {"reminder_48h"}

        configure(home, lambda document: document.update(industry="clinic, with all its rules again"))
        modeller.follow_to_end()
        assert waiting(home) == before


def test_what_can_not_be_taken_over_leaves_the_version_before(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> frozenset[str]:
        raise ValueError("no such version")

    with home.modeller().opened() as modeller:
        home.log.append([booking("ct-1")])
        modeller.follow_to_end()
        monkeypatch.setattr(open_warehouse, "replace_documents", fail)
        configure(home, lambda document: document.update(zone="Europe/Paris"))
        home.log.append([booking("ct-2")])
        modeller.follow_to_end()
    assert [aside.reason for aside in home.set_aside.read(Kind.EVENT)] == ["ValueError: no such version"]
    assert home.query("select count(*) from marts.fct_bookings") == [(2,)]
    assert home.query(f"select zone from marts.dim_tenants where tenant_id = '{TENANT}'") == [("Australia/Perth",)]


def test_echoes_before_a_configuration_give_way_to_nothing_behind_it(home: Home) -> None:
    """They are modelled by the version before, and what comes after by the one after: nobody waits for anybody."""
    with home.modeller().opened() as modeller:
        home.log.append([fact("message.sent", {"message_id": "m", "channel": "sms"}, event_id="echo")])
        configure(home, lambda document: document.update(name="Another name"))
        home.log.append([booking("ct-1")])
        modeller.follow_to_end()
        assert modeller.modelled_sequence == home.log.last_sequence() == 3
    assert home.query("select count(*) from marts.fct_bookings") == [(1,)]
