"""What the rules decide, from events to rows: moments, consent, who counts as the same, holdouts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.rules.rule import Rule
from frontdesk.domains.rules.vocabulary import (
    BOOKING_FIELDS,
    CONTACT_FIELDS,
    FACT_TYPES,
    MOMENT_FIELDS,
    offered_fields,
)
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import NOW, Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

pytestmark = pytest.mark.warehouse

PHONE = "+61400000001"
ANA = {"phone": PHONE, "name": "Ana Lee", "first_name": "Ana"}
START = NOW + timedelta(days=4)
QUESTIONS = (REPOSITORY / "docs" / "questions.md").read_text(encoding="utf-8")
ALL_REMINDERS = ["reminder_24h", "reminder_2h", "reminder_48h"]


def booking(
    verb: str, *, hours: float = 0, start: datetime | None = START, booking_id: str = "b1", **more: Any
) -> NewEvent:
    payload = {"booking_id": booking_id, "contact": ANA, **more}
    if start is not None:
        payload["starts_at"] = start.isoformat()
    return fact(f"booking.{verb}", payload, event_id=f"{booking_id}-{verb}-{hours}", hours=hours)


def decided(home: Home, where: str = "true") -> list[tuple[Any, ...]]:
    """Return (rule, command type, verdict, reason) of the decisions, in the order of rule and type."""
    return home.query(
        f"select rule_id, command_type, verdict, reason from marts.fct_decisions where {where} "
        "order by rule_id, command_type"
    )


def intended(home: Home) -> dict[str, datetime]:
    """Return when each text is due, by rule."""
    rows = home.query("select rule_id, due_at from activation.cmd_send_sms order by rule_id")
    return {str(rule): due for rule, due in rows if isinstance(due, datetime)}


@pytest.fixture(scope="module")
def trial_homes(tmp_path_factory: pytest.TempPathFactory) -> HomeFactory:
    """Return homes whose clinic has the rules on trial, each waiting for another kind of fact."""
    rules: list[dict[str, Any]] = [
        {
            "id": "ask_back",
            "when": "booking.completed",
            "due": {"after": "2d"},
            "only_if": [{"field": "contact.count_bookings", "operator": "at_most", "value": 1}],
            "do": {"send_sms": "booking_confirmation"},
        },
        {
            "id": "welcome",
            "when": "booking.created",
            "once_per": "contact",
            "do": {"send_sms": "booking_confirmation"},
        },
        {
            "id": "call_some",
            "when": "contact.created",
            "holdout_percent": 30,
            "do": {"create_task": {"kind": "call", "title": "Call"}},
        },
        {"id": "shadow", "when": "booking.confirmed", "is_shadow": True, "do": {"send_sms": "booking_confirmation"}},
    ]
    tenants = load_tenants(REPOSITORY / "tenants")
    own = tuple(Rule.model_validate({"class": "transactional", **rule}) for rule in rules)
    clinic = tenants[TENANT].model_copy(update={"rules": own})
    folder = tmp_path_factory.mktemp("trial")
    return HomeFactory(folder, tenants={**tenants, TENANT: clinic})


def test_a_confirmed_booking_is_confirmed_by_text_and_reminded_of(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed", service="MRI")]])
    assert intended(home) == {
        "booking_confirmation": NOW,
        "reminder_48h": START - timedelta(hours=48),
        "reminder_24h": START - timedelta(hours=24),
        "reminder_2h": START - timedelta(hours=2),
    }
    [(payload,)] = home.query("select payload from activation.cmd_send_sms where rule_id = 'reminder_24h'")
    told = orjson.loads(str(payload))
    assert (told["to"], told["template"], told["is_immediate"]) == (PHONE, "reminder_24h", False)
    assert told["variables"]["booking"] == {
        "service_name": "MRI",
        "guest_first_name": "Ana",
        "starts_at": START.isoformat("T", "microseconds").replace("+00:00", "Z"),
    }
    assert told["variables"]["contact"] == {"first_name": "Ana"}  # who is named where nobody knows who comes


def test_an_appointment_that_is_made_as_confirmed_is_confirmed_by_text_and_reminded_of(home: Home) -> None:
    client = {"id": "c1", "firstName": "Ana", "phone": "+17135550142", "email": "ana@example.com"}
    made = {"id": "a1", "contactId": "c1", "title": "Loan Signing", "startTime": START.isoformat()}

    def told(kind: str, payload: dict[str, Any], *, event_id: str) -> NewEvent:
        return fact(f"gohighlevel.{kind}", payload, event_id=event_id, source="gohighlevel", tenant_id="hmnp")

    confirmed, asked = {**made, "appointmentStatus": "confirmed"}, {**made, "id": "a2", "appointmentStatus": "new"}
    home.follow_in_batches(
        [
            [
                told("ContactCreate", client, event_id="w1"),
                told("AppointmentCreate", {"appointment": confirmed}, event_id="w2"),
                told("AppointmentCreate", {"appointment": asked}, event_id="w3"),
            ]
        ]
    )
    assert intended(home) == {
        "booking_confirmation": NOW,
        "reminder_24h": START - timedelta(hours=24),
        "reminder_2h": START - timedelta(hours=2),
    }


def test_reminders_follow_a_reschedule(home: Home) -> None:
    later = START + timedelta(days=3)
    home.follow_in_batches([[booking("confirmed")], [booking("rescheduled", hours=1, start=later)]])
    assert intended(home)["reminder_24h"] == later - timedelta(hours=24)
    moved = decided(home, "verdict = 'refused'")
    assert moved == [(rule, "send_sms", "refused", "moved") for rule in ALL_REMINDERS]


def test_a_cancellation_takes_the_reminders_away_and_a_new_confirmation_brings_them_back(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed")], [booking("cancelled", hours=1)]])
    assert intended(home) == {}
    assert decided(home, "rule_id = 'reminder_2h'") == [("reminder_2h", "send_sms", "refused", "booking_state")]
    home.follow_in_batches([[booking("confirmed", hours=2)]])
    assert sorted(intended(home)) == ["booking_confirmation", *ALL_REMINDERS]


def test_a_reminder_that_was_due_stays_decided_but_is_stopped_while_it_waits(home: Home) -> None:
    """Quiet hours hold it, the booking is cancelled meanwhile: it was right then, and must not go out now."""
    soon = NOW + timedelta(hours=47)
    home.follow_in_batches(
        [[booking("confirmed", hours=-48, start=soon)], [booking("cancelled", hours=0, start=soon)]]
    )
    assert intended(home) == {}
    stopped = "select verdict, stopped_by from marts.fct_decisions where rule_id = 'reminder_48h'"
    assert home.query(stopped) == [("intended", "booking_state")]


def test_stop_stops_what_is_due_and_still_waits(home: Home) -> None:
    """Due in the second that the provider tells of a payment, or held overnight: STOP came after."""
    stop = fact("message.received", {"message_id": "s", "contact": ANA, "body": "STOP"}, event_id="s", hours=0.01)
    home.follow_in_batches([[booking("confirmed")]])
    assert len(home.outbox.open_keys(TENANT)) == 5  # with the welcome call
    home.follow_in_batches([[stop]])
    assert intended(home) == {}
    assert [key.split("/")[1] for key in home.outbox.open_keys(TENANT)] == ["welcome_call"]
    assert home.query("select stopped_by from marts.fct_decisions where rule_id = 'booking_confirmation'") == [
        ("opted_out",)
    ]


def test_a_moment_that_had_passed_when_the_booking_was_made_intends_nothing(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed", start=NOW + timedelta(hours=21))]])
    assert sorted(intended(home)) == ["booking_confirmation", "reminder_2h"]


@pytest.mark.parametrize(("answer_hours", "verdict"), [(3.9, "refused"), (4.1, "intended")])
def test_no_response_for_four_hours(home: Home, answer_hours: float, verdict: str) -> None:
    lead = fact("lead.created", {"contact": ANA, "channel": "instagram"}, event_id="lead")
    granted = {"contact": ANA, "channel": "sms", "purpose": "marketing"}
    answer = fact(
        "message.received", {"message_id": "m", "contact": ANA, "body": "hi"}, event_id="m", hours=answer_hours
    )
    home.follow_in_batches([[lead, fact("consent.granted", granted, event_id="yes", hours=-1)], [answer]])
    assert [row[2] for row in decided(home, "rule_id = 'no_response_4h'")] == [verdict, verdict]


def test_marketing_needs_a_yes_and_any_text_needs_no_stop(home: Home) -> None:
    lead = fact("lead.created", {"contact": ANA, "channel": "instagram"}, event_id="lead")
    home.follow_in_batches([[lead]])
    texts = "rule_id = 'no_response_4h' and channel = 'sms'"
    assert decided(home, texts) == [("no_response_4h", "send_sms", "refused", "no_consent")]
    home.follow_in_batches([[fact("consent.granted", {"contact": ANA, "channel": "sms"}, event_id="yes", hours=1)]])
    assert decided(home, texts) == [("no_response_4h", "send_sms", "intended", None)]
    stop = fact("message.received", {"message_id": "s", "contact": ANA, "body": "Stop"}, event_id="s", hours=2)
    home.follow_in_batches([[stop, booking("confirmed", hours=2.5)]])
    # STOP is also an answer: the rule's first objection is that.
    assert decided(home, texts) == [("no_response_4h", "send_sms", "refused", "happened")]
    refused = decided(home, "channel = 'sms' and rule_id <> 'no_response_4h'")
    assert refused == [
        (rule, "send_sms", "refused", "opted_out") for rule in ["booking_confirmation", *ALL_REMINDERS]
    ]


def test_several_tellings_of_one_thing_are_one_command(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed", hours=hours) for hours in (0, 1, 2)]])
    assert home.query("select count(*) from activation.cmd_send_sms") == [(4,)]


def test_conditions_are_those_of_the_due_time_and_not_of_today(trial_homes: HomeFactory) -> None:
    home = trial_homes.new_home()
    home.follow_in_batches([[booking("completed", hours=-72)], [booking("created", booking_id="b2", hours=-1)]])
    asked = "rule_id = 'ask_back'"
    assert decided(home, asked) == [("ask_back", "send_sms", "intended", None)]
    home.follow_in_batches([[booking("created", booking_id="b3", hours=-30)]])
    assert decided(home, asked) == [("ask_back", "send_sms", "refused", "condition")]


def test_done_before_counts_for_whoever_the_contact_turns_out_to_be(trial_homes: HomeFactory) -> None:
    home = trial_homes.new_home()
    home.follow_in_batches([[booking("created")]])
    [(key,)] = home.query("select command_key from activation.cmd_send_sms")
    sent = {"message_id": "SM1", "contact": {"phone": PHONE}, "command_key": key}
    home.follow_in_batches([[fact("message.sent", sent, event_id="sent", hours=0.1)]])
    # An older fact arrives late: the contact is now known by an earlier identifier, and has another id.
    email = "ana@example.com"
    older = contact("old", hours=-500, email=email)
    home.follow_in_batches([[older, contact("link", hours=1, phone=PHONE, email=email)]])
    [(other_key, verdict, reason)] = home.query("select command_key, verdict, reason from marts.fct_decisions")
    assert (verdict, reason) == ("refused", "done_before")
    assert other_key != key


def test_a_holdout_is_about_its_share_of_the_contacts_and_what_it_changes_is_counted(
    trial_homes: HomeFactory,
) -> None:
    home = trial_homes.new_home()
    numbers = [f"+61{491570100 + number}" for number in range(400)]
    told = [fact("contact.created", {"contact": {"phone": phone}}, event_id=phone) for phone in numbers]
    # Every third books, the day after or up to three weeks later.
    booked_after = {phone: timedelta(days=1 + place % 20) for place, phone in enumerate(numbers) if place % 3 == 0}
    told += [
        fact(
            "booking.created",
            {"booking_id": phone, "contact": {"phone": phone}},
            event_id=f"b{phone}",
            at=NOW + after,
        )
        for phone, after in booked_after.items()
    ]
    home.follow_in_batches([told])
    rows = home.query(
        "select phone from marts.fct_decisions inner join marts.dim_contacts using (contact_id) "
        "where rule_id = 'call_some' and verdict = 'held_out'"
    )
    held_out = {str(phone) for (phone,) in rows}
    assert 90 < len(held_out) < 150
    treated = set(numbers) - held_out
    assert home.query("select count(*) from activation.cmd_create_task") == [(len(treated),)]

    booked = {phone for phone, after in booked_after.items() if after <= timedelta(days=14)}
    rate, rate_without = len(treated & booked) / len(treated), len(held_out & booked) / len(held_out)
    counts = len(treated), len(treated & booked), len(held_out), len(held_out & booked)
    question = re.search(r"^### 13\. .*?```sql\n(.*?)```", QUESTIONS, flags=re.DOTALL | re.MULTILINE)
    assert question
    [row] = home.query(question[1])
    assert row == pytest.approx((TENANT, "call_some", *counts, rate, rate_without, rate - rate_without))


def test_a_shadow_rule_is_decided_and_never_intended(trial_homes: HomeFactory) -> None:
    home = trial_homes.new_home()
    home.follow_in_batches([[booking("confirmed")]])
    assert decided(home, "rule_id = 'shadow'") == [("shadow", "send_sms", "shadow", None)]
    assert home.outbox.open_keys(TENANT) == []


def test_what_staff_asks_for_is_a_row_like_any_other(home: Home) -> None:
    asked = {"message_id": "M1", "contact": ANA, "channel": "sms", "text": "Your results are here."}
    home.follow_in_batches([[fact("message.requested", asked, event_id="asked")]])
    [(key, payload)] = home.query("select command_key, payload from activation.cmd_send_sms")
    assert key == f"{TENANT}/manual/send_sms/M1"
    assert orjson.loads(str(payload))["text"] == "Your results are here."
    assert home.query("select count(*) from activation.cmd_send_email") == [(0,)]


def test_the_models_know_every_field_that_rules_can_speak_of(home: Home) -> None:
    home.follow_in_batches([[booking("confirmed")]])
    with home.modeller().opened() as modeller:
        assert modeller.modelled_sequence == 1
    documents = home.warehouse_query("select contact, booking, fact from intermediate.int_rule_candidates limit 1")[0]
    known = [set(orjson.loads(str(document))) for document in documents]
    spoken = {
        name.partition(".")[2]
        for fact_type in FACT_TYPES
        for name in offered_fields([fact_type])
        if name.startswith("fact.")
    }
    of_contact, of_booking = (set(MOMENT_FIELDS[group]) for group in ("contact", "booking"))
    assert known == [of_contact | set(CONTACT_FIELDS), of_booking | set(BOOKING_FIELDS), spoken]


def test_the_last_state_of_a_history_is_the_present(homes: HomeFactory, story_events: list[NewEvent]) -> None:
    home = homes.new_home()
    home.follow_in_batches([story_events])
    bookings = ", ".join(f"b.{name} is distinct from s.{name}" for name in BOOKING_FIELDS).replace(", ", " or ")
    contacts = ", ".join(f"c.{name} is distinct from s.{name}" for name in CONTACT_FIELDS).replace(", ", " or ")
    wrong = home.warehouse_query(
        "select 'booking', b.booking_id from marts.fct_bookings b join intermediate.int_booking_states s "
        f"using (tenant_id, booking_id) where s.valid_until is null and ({bookings}) union all "
        "select 'contact', c.contact_id from marts.dim_contacts c join intermediate.int_contact_states s "
        f"using (contact_id) where s.valid_until is null and ({contacts})"
    )
    assert wrong == []
