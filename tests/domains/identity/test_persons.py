"""Who somebody is, who comes, who pays, what their addresses allow: as real sources tell it, from log to decision."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import Home, HomeFactory

FATHER = "+61491570110"
MOTHER, SHARER_A, SHARER_B = "+61491570108", "+61491570201", "+61491570202"
SHARED = "shared@example.com"


def wix(number: int, name: str, *, day: int, phone: str | None, verb: str = "confirmed", **other: str) -> NewEvent:
    """Return a booking by the site, as it posts it."""
    booking = {"id": f"wix-{number}", "status": "CONFIRMED", "startDate": f"2026-12-{day}T04:00:00Z", "name": name}
    payload = {"bookingId": f"wix-{number}", "booking": {**booking, "serviceName": "X-ray", "phone": phone, **other}}
    return fact(f"wix.booking_{verb}", payload, event_id=f"wix-{number}-{verb}", hours=number, source="wix")


def text(number: int, sender: str, body: str, *, hours: float, channel: str = "clicksend") -> NewEvent:
    """Return an inbound text as ClickSend posts it."""
    payload = {"message_id": f"in-{number}", "from": sender, "to": "+61855500101", "body": body}
    return fact("clicksend.message.received", payload, event_id=f"in-{number}", hours=hours, source=channel)


def stripe(type_: str, id_: str, hours: float, **object_: Any) -> NewEvent:
    """Return an event of Stripe's."""
    payload = {"data": {"object": {"id": id_, **object_}}}
    return fact(f"stripe.{type_}", payload, event_id=f"{type_}-{id_}", hours=hours, source="stripe")


PLACEHOLDER = "0400 000 000"
STORY = [
    # A mother's number books two children.
    wix(1, "Mia Hart", day=10, phone="0491 570 108", firstName="Mia"),
    wix(2, "Noah Hart", day=11, phone="0491 570 108", firstName="Noah"),
    # A father books here for his daughter, and says so.
    fact(
        "booking.created",
        {
            "booking_id": "own-1",
            "starts_at": "2026-12-13T04:00:00Z",
            "contact": {"phone": FATHER, "name": "Tom Reed"},
            "guest_name": "Lily Reed",
        },
        event_id="own-1",
    ),
    # Three patients without a number, and three of the till without an id.
    *(wix(10 + n, name, day=12, phone=PLACEHOLDER, email=f"p{n}@example.com") for n, name in enumerate("ABC")),
    *(
        fact(
            "booking.created",
            {"booking_id": f"till-{n}", "contact": {"external_id": "WALK_IN", "email": f"w{n}@example.com"}},
            event_id=f"till-{n}",
            source="till",
        )
        for n in range(2)
    ),
    # A gift: Rob receives it, Bea pays.
    stripe("customer.created", "cus_bea", 1, name="Bea Buyer", email="bea@example.com", phone="+61491570125"),
    stripe("customer.created", "cus_rob", 1, name="Rob Receiver", email="rob@example.com", phone="+61491570126"),
    stripe(
        "payment_intent.succeeded",
        "pi_gift",
        2,
        customer="cus_bea",
        amount=9900,
        currency="aud",
        receipt_email="bea@example.com",
        shipping={"name": "Rob Receiver", "phone": "+61491570126"},
    ),
    # Two phones that share an e-mail: one says STOP, the other START; the e-mail is refused by one of them.
    contact("a", phone=SHARER_A, email=SHARED, name="Al One"),
    contact("b", phone=SHARER_B, email=SHARED, name="Bo Two"),
    text(1, SHARER_A, "\u201cSTOP\u201d \U0001f64f", hours=3),
    text(2, SHARER_B, "START", hours=4),
    fact(
        "consent.revoked",
        {"contact": {"phone": SHARER_A, "email": SHARED}, "channel": "email"},
        event_id="no-mail",
        hours=5,
    ),
    # CANCEL before an appointment, and without one; and a stop in another language.
    wix(20, "Can Cel", day=20, phone="0491 570 149"),
    text(3, "61491570149", "Cancel", hours=30),
    text(4, "+61491570150", "Cancel", hours=30),
    text(5, "+61491570151", "Arr\u00eater", hours=30),
    # A nickname in a chat, before and after the booking says who it is.
    fact(
        "manychat.lead",
        {"id": "77", "name": "Rexy", "first_name": "Rexy", "phone": "0491 570 160"},
        event_id="chat-1",
        source="manychat",
    ),
    wix(30, "Rex Recall", day=15, phone="0491 570 160", firstName="Rex"),
    fact(
        "manychat.lead",
        {"id": "77", "name": "Rexy \U0001f525", "first_name": "Rexy", "phone": "0491 570 160"},
        event_id="chat-2",
        hours=40,
        source="manychat",
    ),
    # Asked of both phones that share: what goes where?
    *(
        fact(
            "message.requested",
            {
                "message_id": f"ask-{n}",
                "channel": channel,
                "text": "Hi",
                "subject": subject,
                "contact": {"phone": phone},
            },
            event_id=f"ask-{n}",
            hours=50,
        )
        for n, (phone, channel, subject) in enumerate(
            ((SHARER_A, "sms", None), (SHARER_B, "sms", None), (SHARER_B, "email", "Hi"))
        )
    ),
]


@pytest.fixture(scope="module")
def told(homes: HomeFactory) -> Home:
    """Return a home that has heard the story, half of it in a batch of its own."""
    home = homes.new_home()
    home.follow_in_batches([STORY[::2], STORY[1::2]])
    return home


def decisions(home: Home, rule_id: str) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    """Return booking, verdict, reason and variables of a rule's commands."""
    rows = home.query(
        "select booking_id, verdict, reason, payload from marts.fct_decisions "
        f"where rule_id = '{rule_id}' order by due_at, command_key"
    )
    return [(str(b), str(v), None if r is None else str(r), orjson.loads(str(p))) for b, v, r, p in rows]


def test_who_comes_is_told_apart_from_who_books(told: Home) -> None:
    booking = "select guest_name, guest_first_name, contact_id from marts.fct_bookings where booking_id = 'own-1'"
    ((guest_name, first_name, contact_id),) = told.query(booking)

    assert (guest_name, first_name) == ("Lily Reed", "Lily")
    contacts = f"select display_name, phone from marts.dim_contacts where contact_id = '{contact_id}'"
    assert told.query(contacts) == [("Tom Reed", FATHER)]


def test_a_mother_s_number_books_two_children(told: Home) -> None:
    guests = "select guest_name, guest_first_name from marts.fct_bookings where booking_id in ('wix-1', 'wix-2')"
    assert sorted(told.query(guests)) == [("Mia Hart", "Mia"), ("Noah Hart", "Noah")]
    assert told.query(f"select count(*) from marts.dim_contacts where phone = '{MOTHER}'") == [(1,)]
    calls = {
        booking: (verdict, payload["variables"]["booking"])
        for booking, verdict, _, payload in decisions(told, "welcome_call")
    }
    for booking, guest in (("wix-1", "Mia Hart"), ("wix-2", "Noah Hart")):
        assert calls[booking][0] == "intended"
        assert calls[booking][1]["guest_name"] == guest
    tenant = told.tenants[TENANT]
    reminders = [
        tenant.render_text(tenant.all_templates().sms["reminder_24h"], payload["variables"])
        for booking, _, _, payload in decisions(told, "reminder_24h")
        if booking in ("wix-1", "wix-2")
    ]
    assert ["Mia, your" in reminders[0], "Noah, your" in reminders[1]] == [True, True]


def test_what_is_nobody_s_joins_nobody(told: Home) -> None:
    shown = "select phone, phone_as_given, is_phone_nobodys from marts.dim_contacts where email like 'p_@example.com'"
    assert told.query(shown) == [(None, PLACEHOLDER, True)] * 3
    assert told.query("select count(*) from marts.dim_contacts where email like 'w_@example.com'") == [(2,)]


def test_the_receiver_of_a_gift_is_not_its_payer(told: Home) -> None:
    payer = "select display_name from marts.fct_payments join marts.dim_contacts using (contact_id)"
    assert told.query(f"{payer} where payment_id = 'pi_gift'") == [("Bea Buyer",)]
    phones = "select phone from marts.dim_contacts where email in ('bea@example.com', 'rob@example.com') order by 1"
    assert told.query(phones) == [("+61491570125",), ("+61491570126",)]


def test_start_of_one_phone_opens_no_other(told: Home) -> None:
    changes = f"select address, is_granted from marts.fct_consents where address in ('{SHARER_A}', '{SHARER_B}')"
    assert sorted(told.query(f"{changes} and channel = 'sms'")) == [(SHARER_A, False), (SHARER_B, True)]
    asked = {payload["to"]: (verdict, reason) for _, verdict, reason, payload in decisions(told, "manual")}
    assert asked[SHARER_A] == ("refused", "opted_out")
    assert asked[SHARER_B] == ("intended", None)


def test_who_shares_an_address_shares_what_it_allows(told: Home) -> None:
    asked = {payload["to"]: (verdict, reason) for _, verdict, reason, payload in decisions(told, "manual")}
    assert asked[SHARED] == ("refused", "opted_out")


def test_cancel_before_an_appointment_is_asked_about(told: Home) -> None:
    refused = {row[0] for row in told.query("select address from marts.fct_consents where not is_granted")}
    assert {"+61491570149", "+61491570150"} & refused == {"+61491570150"}
    intended = [
        payload["to"] for _, verdict, _, payload in decisions(told, "did_they_mean_cancel") if verdict == "intended"
    ]
    assert intended in (["+61491570149", None], [None, "+61491570149"]), "a text to them, and a task for staff"
    assert [verdict for booking, verdict, *_ in decisions(told, "reminder_24h") if booking == "wix-20"] == [
        "intended"
    ]


def test_a_stop_in_another_language_is_a_task(told: Home) -> None:
    titles = [
        payload["variables"]["fact"]["body"]
        for _, verdict, _, payload in decisions(told, "did_they_mean_stop")
        if verdict == "intended"
    ]
    assert titles == ["Arr\u00eater"]
    assert ("+61491570151",) not in told.query("select address from marts.fct_consents where not is_granted")


def test_a_nickname_replaces_no_name(told: Home) -> None:
    name = "select display_name, first_name from marts.dim_contacts where phone = '+61491570160'"
    assert told.query(name) == [("Rex Recall", "Rex")]
