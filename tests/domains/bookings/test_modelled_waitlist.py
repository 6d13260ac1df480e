"""What becomes of who waits, as the models know it: the entry, the text of an offer, and what takes it back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.questions import Wish
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from tests.clocks import SetClock
from tests.pipelines.facts import TENANT
from tests.pipelines.homes import NOW, Home

pytestmark = pytest.mark.warehouse

#: A Monday, 10:00 in Perth.
TEN = datetime.fromisoformat("2026-11-30T10:00:00+08:00")
HOUR = timedelta(hours=1)
BY = Request(by="Bea")
MRI = Wish(service_key="mri")
ANA = ContactPayload(phone="+61400000001", name="Ana Lee")
BEN = ContactPayload(phone="+61400000002", name="Ben Roy")
_DECISIONS = (
    "select contact_id, verdict, stopped_by, payload ->> '$.variables.fact.service_name' from marts.fct_decisions "
    "where rule_id = 'waitlist_offer' order by due_at"
)


def set_clock(home: Home, now: datetime) -> SetClock:
    assert isinstance(home.clock, SetClock)
    home.clock.instant = now
    return home.clock


def test_an_offer_is_texted_and_goes_to_the_next_when_it_runs_out(home: Home) -> None:
    clinic, clock = home.tenants[TENANT], set_clock(home, NOW.replace(hour=2))  # ten in the morning in Perth
    bookings = Bookings(home.engine, log=home.log, clock=clock, ids=home.ids)
    waitlist = Waitlist(home.engine, log=home.log, clock=clock, ids=home.ids)
    taken = bookings.create(clinic, MRI, starts_at=TEN, contact=BEN, request=BY).booking.booking_id
    entry_ids = []
    for contact in (ANA, BEN):
        clock.advance(seconds=1)
        known = waitlist.join(clinic, MRI, starts_from=TEN, starts_until=TEN + HOUR / 4, contact=contact, request=BY)
        entry_ids.append(known.entry.entry_id)

    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
        assert [waitlist.find(TENANT, each).entry.status for each in entry_ids] == ["waiting", "waiting"]

        # The live path notices by itself that the time is free, and that an offer has run out.
        bookings.cancel(clinic, taken, request=BY)
        modeller.follow_to_end()
        assert [waitlist.find(TENANT, each).entry.status for each in entry_ids] == ["offered", "waiting"]
        first = home.query(_DECISIONS)
        clock.advance(hours=2)
        modeller.beat()
        modeller.follow_to_end()
        clock.advance(minutes=1)
        offer = waitlist.find(TENANT, entry_ids[1]).entry.standing_offer
        assert offer is not None
        waitlist.accept(clinic, entry_ids[1], starts_at=offer.starts_at, request=BY)
        modeller.follow_to_end()

    assert [row[1:] for row in first] == [("intended", None, "MRI")]
    assert [row[1:] for row in home.query(_DECISIONS)] == [("intended", "undone", "MRI")] * 2
    waiting = home.outbox.search(CommandFilter(), states=(CommandState.WAITING,), limit=100)
    assert [each.rule_id for each in waiting if each.rule_id == "waitlist_offer"] == []
    rows = home.query(
        "select w.entry_id, c.first_name, w.status, w.service_key, w.count_offers, w.count_expired, w.booking_id, "
        "w.offered_starts_at = timestamptz '2026-11-30 02:00:00+00' from marts.fct_waitlist_entries as w "
        "inner join marts.dim_contacts as c on w.contact_id = c.contact_id order by w.joined_at"
    )
    assert rows == [
        (entry_ids[0], "Ana", "waiting", "mri", 1, 1, None, True),
        (entry_ids[1], "Ben", "accepted", "mri", 1, 0, offer.booking_id, True),
    ]
    assert home.query("select status from marts.fct_bookings where booking_id = '" + offer.booking_id + "'") == [
        ("confirmed",)
    ]
    assert home.modeller().verify() == []


def test_nobody_is_offered_a_time_while_asleep(home: Home) -> None:
    clinic, clock = home.tenants[TENANT], set_clock(home, NOW.replace(hour=15))  # eleven at night in Perth
    waitlist = Waitlist(home.engine, log=home.log, clock=clock, ids=home.ids)
    entry_id = waitlist.join(
        clinic, MRI, starts_from=TEN, starts_until=TEN + HOUR, contact=ANA, request=BY
    ).entry.entry_id

    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
        assert waitlist.find(TENANT, entry_id).entry.status == "waiting"
        clock.advance(hours=10)
        modeller.beat()

    assert waitlist.find(TENANT, entry_id).entry.status == "offered"
