"""Facts that take one another back, answers of staff, and texts that say STOP: what rules see of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.automation.rules import Rule
from core.automation.vocabulary import FACT_TYPES, UNDONE_BY
from core.envelope import NewEvent
from core.tenants import load_tenants
from tests.pipelines.activation.test_decisions import PHONE, START, booking
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import NOW, REPOSITORY, Home, HomeFactory, shared_folder

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
    factory = HomeFactory(folder, shared=shared_folder(tmp_path_factory), tenants={**tenants, TENANT: clinic})
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
