"""Facts that take one another back, answers of staff, and texts that say STOP: what rules see of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.rules.rule import Rule
from frontdesk.domains.rules.vocabulary import FACT_TYPES, UNDONE_BY
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.domains.payments.stripe_events import StripePayment
from tests.domains.rules.test_decisions import PHONE, START, booking
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import NOW, Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

pytestmark = pytest.mark.warehouse

HOUR = timedelta(hours=1)

_RULES: list[dict[str, Any]] = [
    {"id": "thanks", "when": "payment.succeeded", "once_per": "entity"},
    {"id": "open", "when": "payment.failed", "due": {"after": "7d"}, "once_per": "entity"},
    {"id": "step", "when": "stage.changed"},
    {"id": "moved", "when": "booking.rescheduled"},
    {"id": "made", "when": "booking.created"},
    {
        "id": "waiting",
        "when": "lead.created",
        "due": {"after": "4h"},
        "unless": {"happened": {"message.received": "contact"}},
    },
    {
        "id": "reorder",
        "when": "payment.succeeded",
        "due": {"after": "90d"},
        "unless": {"happened": {"payment.succeeded": "contact"}},
    },
    {"id": "texted", "when": "message.received"},
    {"id": "stopped", "when": "consent.revoked"},
    {"id": "dispute", "when": "payment.disputed", "once_per": "entity"},
    {"id": "unpaid", "when": "note.added", "only_if": [{"field": "contact.amount_paid_minor", "value": 0}]},
    {
        "id": "about_a_visit",
        "when": "message.received",
        "only_if": [
            {"field": "fact.opt_out_type", "value": "CANCEL"},
            {"field": "contact.count_bookings_upcoming", "operator": "at_least", "value": 1},
        ],
    },
    {
        "id": "nothing_booked",
        "when": "note.added",
        "due": {"after": "14d"},
        "only_if": [{"field": "contact.count_bookings_upcoming", "value": 0}],
    },
]


@pytest.fixture(scope="module")
def trial_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home whose clinic has the rules on trial; each test has contacts and things of its own."""
    tenants = load_tenants(REPOSITORY / "tenants")
    rules = tuple(
        Rule.model_validate({"class": "transactional", "do": {"send_sms": "booking_confirmation"}, **rule})
        for rule in _RULES
        if rule["id"] in ("moved", "made")
    ) + tuple(
        Rule.model_validate(
            {"class": "transactional", "do": {"create_task": {"kind": rule["id"], "title": "x"}}, **rule}
        )
        for rule in _RULES
        if rule["id"] not in ("moved", "made")
    )
    clinic = tenants[TENANT].model_copy(update={"rules": rules})
    folder = tmp_path_factory.mktemp("undone")
    factory = HomeFactory(folder, tenants={**tenants, TENANT: clinic})
    return factory.new_home()


def verdicts(home: Home, about: str) -> dict[str, tuple[object, ...]]:
    rows = home.query(
        "select rule_id, verdict, reason, stopped_by from marts.fct_decisions "
        f"where contains(command_key, '{about}') or contains(payload, '{about}')"
    )
    return {str(row[0]): row[1:] for row in rows}


def payment(verb: str, payment_id: str, *, hours: float = 0, **more: Any) -> NewEvent:
    payload = {"payment_id": payment_id, "amount_minor": 9900, "currency": "AUD", "contact": {"phone": PHONE}, **more}
    return fact(f"payment.{verb}", payload, event_id=f"{payment_id}-{verb}-{hours}", hours=hours)


def stage(booking_id: str, to: str, *, hours: float) -> NewEvent:
    payload = {"booking_id": booking_id, "pipeline": "job", "stage": to}
    return fact("stage.changed", payload, event_id=f"{booking_id}-{to}", hours=hours)


def text(phone: str, body: str, *, hours: float = 0, verb: str = "received", **more: Any) -> NewEvent:
    payload = {"message_id": f"{phone}-{body}", "contact": {"phone": phone}, "channel": "sms", "body": body, **more}
    return fact(f"message.{verb}", payload, event_id=f"{phone}-{body}-{verb}", hours=hours, source="clicksend")


def test_every_fact_that_undoes_is_one_that_rules_know() -> None:
    assert set(UNDONE_BY) <= set(FACT_TYPES)
    assert {undoing for undoings in UNDONE_BY.values() for undoing in undoings} <= set(FACT_TYPES)


def test_a_payment_is_thanked_for_and_asked_for_as_it_stands(trial_home: Home) -> None:
    trial_home.follow_in_batches(
        [
            [payment("succeeded", "whole"), payment("refunded", "whole", hours=1, refunded_minor=9900)],
            [payment("succeeded", "part"), payment("refunded", "part", hours=1, refunded_minor=1000)],
            [payment("failed", "late"), payment("succeeded", "late", hours=2)],
            [payment("failed", "twice"), payment("succeeded", "twice", hours=2), payment("failed", "twice", hours=3)],
        ]
    )
    assert verdicts(trial_home, "whole")["thanks"] == ("intended", None, "undone")
    assert verdicts(trial_home, "part")["thanks"] == ("intended", None, None)
    assert verdicts(trial_home, "late")["open"] == ("refused", "undone", None)
    assert verdicts(trial_home, "twice")["open"] == ("intended", None, None)


def test_what_is_taken_back_by_the_time_it_is_due_is_not_asked_for(trial_home: Home) -> None:
    days = 24
    trial_home.follow_in_batches(
        [
            [payment("failed", "again"), payment("succeeded", "again", hours=2)],
            [payment("failed", "again", hours=8 * days)],
        ]
    )
    rows = trial_home.query(
        "select verdict, date_diff('day', caused_at, due_at), due_at from marts.fct_decisions "
        "where rule_id = 'open' and contains(command_key, 'again')"
    )
    assert rows == [("intended", 7, NOW + timedelta(days=15))]


def test_a_second_telling_of_the_cause_is_no_fact_after_it(trial_home: Home) -> None:
    flo = {"contact": {"phone": "+61400000016"}}
    told = [payment("succeeded", "ribs", hours=hours, **flo) for hours in (0, 0.001)]
    trial_home.follow_in_batches([told])
    reorder = (
        "select verdict, reason, reason_detail, caused_at from marts.fct_decisions "
        "where rule_id = 'reorder' and contains(command_key, 'ribs')"
    )
    assert trial_home.query(reorder) == [("intended", None, None, NOW)]
    trial_home.follow_in_batches([[payment("succeeded", "knives", hours=24, **flo)]])
    following = NOW + timedelta(hours=24)
    detail = f"payment.succeeded at {following:%Y-%m-%dT%H:%M:%SZ}"
    assert trial_home.query(reorder) == [("refused", "happened", detail, NOW)]


def test_what_a_payment_is_decides_and_not_which_fact_says_so(trial_home: Home) -> None:
    def paid(name: str) -> StripePayment:
        return StripePayment(name=name)

    edited, returned, lost, part = paid("edited"), paid("returned"), paid("lost"), paid("partly")
    won, retried = paid("won"), paid("retried")
    trial_home.follow_in_batches(
        [
            [edited.intent(), edited.charge("refunded", at=60, refunded=18_000, before=0)],
            [edited.charge("updated", at=120, refunded=18_000)],
            [returned.intent(), returned.refund("refund.created", "succeeded", at=60)],
            [lost.intent(), lost.dispute("created", "needs_response", at=60)],
            [lost.dispute("closed", "lost", at=120)],
            [won.intent(), won.dispute("created", "needs_response", at=60), won.dispute("closed", "won", at=120)],
            [part.intent(), part.refund("refund.created", "succeeded", at=60, amount=1_000)],
            [retried.intent("payment_failed"), retried.intent("processing", at=600)],
        ]
    )
    thanks = {
        name: verdicts(trial_home, f"pi_{name}")["thanks"] for name in ("edited", "returned", "lost", "partly", "won")
    }
    assert thanks == {
        "edited": ("intended", None, "undone"),
        "returned": ("intended", None, "undone"),
        "lost": ("intended", None, "undone"),
        "partly": ("intended", None, None),
        "won": ("intended", None, None),
    }
    assert verdicts(trial_home, "pi_lost")["dispute"] == ("intended", None, "undone")
    assert verdicts(trial_home, "pi_won")["dispute"] == ("intended", None, "undone")
    assert verdicts(trial_home, "pi_retried")["open"] == ("refused", "undone", None)
    assert trial_home.query("select status from marts.fct_payments where payment_id = 'pi_retried'") == [("pending",)]


def test_a_refund_that_can_not_be_subtracted_takes_nothing_back(trial_home: Home) -> None:
    amy: dict[str, Any] = {"contact": {"phone": "+61400000021"}}
    abroad = payment("refunded", "abroad", hours=1, refunded_minor=100, currency="USD", **amy)
    noted = fact("note.added", {**amy, "title": "x"}, event_id="amy-note", hours=2)
    trial_home.follow_in_batches([[payment("succeeded", "abroad", **amy), abroad], [noted]])
    assert verdicts(trial_home, "abroad")["thanks"] == ("intended", None, None)
    assert verdicts(trial_home, "amy-note")["unpaid"][:2] == ("refused", "condition")


def test_deals_of_one_contact_move_by_themselves(trial_home: Home) -> None:
    def move(deal: str, to: str, hours: float) -> NewEvent:
        body = {
            "type": "OpportunityStageUpdate", "id": deal, "contactId": "kim", "pipelineStageId": to, "status": "open",
            "name": deal,
        }  # fmt: skip
        return fact(
            "gohighlevel.OpportunityStageUpdate", body, event_id=f"{deal}-{to}", hours=hours, source="gohighlevel"
        )

    trial_home.follow_in_batches([[move("deal-1", "s1", 0)], [move("deal-2", "s1", 3)], [move("deal-2", "s2", 4)]])
    rows = trial_home.query(
        "select stopped_by from marts.fct_decisions where rule_id = 'step' and contains(command_key, 'deal-') "
        "order by caused_at"
    )
    assert rows == [(None,), ("undone",), (None,)]


def test_a_whole_day_is_to_come_until_it_is_over(trial_home: Home) -> None:
    lee = "+61400000022"
    day = (NOW + timedelta(days=2)).date()
    made = fact(
        "booking.confirmed",
        {"booking_id": "lees-day", "contact": {"phone": lee}, "starts_at": day.isoformat()},
        event_id="lees-day",
    )
    # Perth is eight hours ahead: noon of that day.
    asked = text(lee, "Cancel", hours=(datetime(day.year, day.month, day.day, 4, tzinfo=UTC) - NOW) / HOUR)
    trial_home.follow_in_batches([[made], [asked]])
    assert verdicts(trial_home, lee)["about_a_visit"][:2] == ("intended", None)
    assert "stopped" not in verdicts(trial_home, lee)


def test_what_is_to_come_is_counted_when_it_is_due(trial_home: Home) -> None:
    max_, nia = "+61400000023", "+61400000024"

    def booked(phone: str, days: int) -> list[NewEvent]:
        payload = {"booking_id": phone, "contact": {"phone": phone}}
        made = fact(
            "booking.confirmed", {**payload, "starts_at": (NOW + timedelta(days=days)).isoformat()}, event_id=phone
        )
        return [
            made,
            fact("note.added", {"contact": {"phone": phone}, "title": "x"}, event_id=f"note-{phone}", hours=1),
        ]

    trial_home.follow_in_batches([booked(max_, 3), booked(nia, 20)])
    assert verdicts(trial_home, f"note-{max_}")["nothing_booked"][:2] == ("intended", None)
    assert verdicts(trial_home, f"note-{nia}")["nothing_booked"][:2] == ("refused", "condition")


def test_a_reply_that_could_not_be_sent_is_no_answer(trial_home: Home) -> None:
    oli = {"contact": {"phone": "+61400000025"}}
    asked = {"message_id": "lost", **oli, "channel": "sms", "text": "Hi Oli", "requested_by": "Ana"}
    key = f"{TENANT}/manual/send_sms/lost"
    refused = fact(
        "message.failed",
        {"message_id": key, **oli, "channel": "sms", "body": "Hi Oli", "command_key": key, "error_code": "30003"},
        event_id="lost-failed",
        hours=1.1,
    )
    trial_home.follow_in_batches(
        [
            [fact("lead.created", {**oli, "lead_id": "oli"}, event_id="lead-oli")],
            [fact("message.requested", asked, event_id="lost-asked", hours=1)],
            [refused],
        ]
    )
    assert verdicts(trial_home, "lead-oli")["waiting"][:2] == ("intended", None)


def test_who_said_stop_to_the_provider_is_written_to_no_more(trial_home: Home) -> None:
    quin = "+61400000027"
    failed = text(quin, "Hi Quin", verb="failed", direction="outbound", error_code="21610")
    trial_home.follow_in_batches([[contact("quin", phone=quin)], [failed]])
    assert verdicts(trial_home, quin)["stopped"][:2] == ("intended", None)
    closed = (
        "select channel, evidence from reports.rpt_contact_opt_outs inner join marts.bdg_contact_identifiers "
        f"using (contact_id) where identifier_value = '{quin}'"
    )
    assert trial_home.query(closed) == [("sms", "the provider knows a STOP: error 21610")]


def test_cancel_without_an_appointment_is_a_stop_that_rules_see(trial_home: Home) -> None:
    ray, sam = "+61400000028", "+61400000029"
    trial_home.follow_in_batches([[text(ray, "Cancel", hours=1), text(sam, "Cancel", hours=1)]])
    for phone in (ray, sam):
        assert verdicts(trial_home, phone)["stopped"][:2] == ("intended", None)
    told = "select count(*) from marts.fct_timeline where type = 'consent.revoked' and detail = 'text: Cancel'"
    assert trial_home.query(told) == [(2,)]
    closed = (
        "select channel, evidence from reports.rpt_contact_opt_outs inner join marts.bdg_contact_identifiers "
        "using (contact_id) where identifier_value = '{}'"
    )
    assert trial_home.query(closed.format(ray)) == [("sms", "text: Cancel")]

    # An appointment that had been made before it, and is heard of afterwards: it was about that.
    payload = {"booking_id": "sams", "contact": {"phone": sam}, "starts_at": (NOW + timedelta(days=3)).isoformat()}
    trial_home.follow_in_batches([[fact("booking.confirmed", payload, event_id="sams", hours=0)]])
    assert "stopped" not in verdicts(trial_home, sam)
    assert trial_home.query(closed.format(sam)) == []
    assert verdicts(trial_home, ray)["stopped"][:2] == ("intended", None)
    assert trial_home.modeller().verify() == []


def test_stop_in_a_chat_is_for_a_person_to_decide(trial_home: Home) -> None:
    pat = "+61400000026"
    trial_home.follow_in_batches([[text(pat, "STOP", channel="chat")]])
    told = "select opt_out_type from marts.fct_messages where message_id = '+61400000026-STOP'"
    assert trial_home.query(told) == [("MAYBE_STOP",)]
    assert "stopped" not in verdicts(trial_home, pat)
    waiting = (
        "select needs_reply from reports.rpt_conversations inner join marts.bdg_contact_identifiers "
        f"using (contact_id) where identifier_value = '{pat}'"
    )
    assert trial_home.query(waiting) == [(True,)]


def test_a_step_is_told_until_the_next_one(trial_home: Home) -> None:
    made = booking("confirmed", booking_id="repair")
    trial_home.follow_in_batches(
        [[made, stage("repair", "diagnosing", hours=1)], [stage("repair", "shipped", hours=2)]]
    )
    rows = trial_home.query(
        "select stopped_by from marts.fct_decisions where rule_id = 'step' "
        "and contains(command_key, 'repair') order by caused_at"
    )
    assert rows == [("undone",), (None,)]


def test_a_moved_booking_is_told_once(trial_home: Home) -> None:
    later = START + timedelta(days=2)
    trial_home.follow_in_batches(
        [
            [booking("created", booking_id="moving")],
            [booking("rescheduled", booking_id="moving", hours=1, start=START + timedelta(days=1))],
            [booking("rescheduled", booking_id="moving", hours=2, start=later)],
        ]
    )
    rows = trial_home.query(
        "select rule_id, stopped_by, payload ->> '$.variables.booking.starts_at' from marts.fct_decisions "
        "where booking_id = 'moving' and command_type = 'send_sms' order by caused_at"
    )
    assert [row[:2] for row in rows] == [("made", "moved"), ("moved", "moved"), ("moved", None)]
    assert str(rows[2][2]).startswith(f"{later:%Y-%m-%dT%H}")


def test_a_text_of_a_person_ends_waiting_and_one_of_a_rule_does_not(trial_home: Home) -> None:
    ben, cal = "+61400000012", "+61400000013"
    leads = [
        fact("lead.created", {"contact": {"phone": phone}, "lead_id": phone}, event_id=f"lead-{phone}")
        for phone in (ben, cal)
    ]
    asked = {
        "message_id": "byhand",
        "contact": {"phone": ben},
        "channel": "sms",
        "text": "Hi Ben",
        "requested_by": "Ana",
    }
    trial_home.follow_in_batches(
        [
            leads,
            [
                fact("message.requested", asked, event_id="byhand", hours=1),
                text(cal, "auto", hours=1, verb="sent", command_key=f"{TENANT}/thanks/send_sms/x"),
            ],
        ]
    )
    assert verdicts(trial_home, ben)["waiting"][:2] == ("refused", "happened")
    assert verdicts(trial_home, cal)["waiting"][:2] == ("intended", None)


def test_a_text_is_an_answer_from_when_it_was_written_and_only_if_it_arrives(trial_home: Home) -> None:
    gus, hal, ida = "+61400000017", "+61400000018", "+61400000019"
    lead = {
        phone: fact("lead.created", {"contact": {"phone": phone}}, event_id=phone, hours=1)
        for phone in (gus, hal, ida)
    }
    trial_home.follow_in_batches(
        [
            [*lead.values(), text(gus, "lost", hours=2, verb="sent"), text(hal, "before", hours=0.9, verb="sent")],
            [
                text(gus, "lost", hours=2.1, verb="failed"),
                text(hal, "before", hours=1.1, verb="delivered"),
                text(ida, "late", hours=2, verb="sent"),
                text(ida, "late", hours=2.1, verb="delivered"),
            ],
        ]
    )
    waiting = {phone: verdicts(trial_home, phone)["waiting"][:2] for phone in lead}
    assert waiting == {gus: ("intended", None), hal: ("intended", None), ida: ("refused", "happened")}


def test_stop_is_a_consent_that_is_revoked_and_warms_nobody(trial_home: Home) -> None:
    dan, eve = "+61400000014", "+61400000015"
    trial_home.follow_in_batches([[contact("dan", phone=dan), text(dan, "Stop.")], [text(eve, "How much?")]])
    assert verdicts(trial_home, dan)["stopped"][:2] == ("intended", None)
    assert "texted" not in verdicts(trial_home, dan)
    assert verdicts(trial_home, eve)["texted"][:2] == ("intended", None)
    points = trial_home.query(
        "select identifier_value, fact_type from marts.fct_warmness_points inner join marts.bdg_contact_identifiers "
        f"using (contact_id) where identifier_value in ('{dan}', '{eve}') order by all"
    )
    assert points == [(dan, "consent.revoked"), (eve, "message.received")]
    told = "select type from marts.fct_timeline where source = 'clicksend' and contains(detail, 'Stop') order by all"
    assert trial_home.query(told) == [("consent.revoked",), ("message.received",)]
