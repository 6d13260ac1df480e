"""Canonical payloads: what is accepted, how it is kept, what is refused and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS, ImportedEvent

CONTACT: dict[str, Any] = {"phone": "+13105550142"}
LEAST: dict[str, dict[str, Any]] = {
    "contact.created": {"contact": CONTACT},
    "contact.updated": {"contact": CONTACT},
    "lead.created": {"contact": CONTACT},
    "touch.recorded": {"contact": CONTACT, "channel": "instagram"},
    "spend.recorded": {
        "channel": "google",
        "period_start": "2026-10-01",
        "period_end": "2026-10-31",
        "amount_minor": 120_000,
        "currency": "USD",
    },
    **{
        f"booking.{verb}": {"booking_id": "b1"}
        for verb in (
            "created",
            "updated",
            "confirmed",
            "declined",
            "rescheduled",
            "cancelled",
            "completed",
            "no_show",
            "reopened",
        )
    },
    **{
        f"payment.{verb}": {"payment_id": "p1", "amount_minor": 4500, "currency": "USD"}
        for verb in ("succeeded", "failed", "refunded")
    },
    "payment.itemised": {"payment_id": "p1", "currency": "USD", "lines": [{"amount_minor": 4500}]},
    **{f"message.{verb}": {"message_id": "m1"} for verb in ("received", "sent", "delivered", "failed", "read")},
    "consent.granted": {"contact": CONTACT, "channel": "sms"},
    "consent.revoked": {"contact": CONTACT, "channel": "sms"},
    **{f"task.{verb}": {"task_id": "t1"} for verb in ("created", "completed", "snoozed", "reassigned", "cancelled")},
    "note.added": {"contact": CONTACT, "text": "Prefers mornings"},
    "stage.changed": {"pipeline": "repair", "stage": "shipped", "booking_id": "b1"},
    "identity.decided": {
        "decision": "same_person",
        "identifiers": [{"kind": "phone", "value": "+13105550142"}, {"kind": "email", "value": "ana@example.com"}],
    },
    "import.undone": {"run": "20260302-120000-3f9a1c"},
    "import.restored": {"run": "20260302-120000-3f9a1c"},
    "message.requested": {"message_id": "m1", "contact": CONTACT, "channel": "sms", "text": "On my way"},
    **{
        type_: {"command_key": "hmnp/thanks/send_sms/b1"}
        for type_ in (
            "message.suppressed",
            "message.uncertain",
            "task.failed",
            "task.suppressed",
            "webhook.delivered",
            "webhook.failed",
            "webhook.suppressed",
            "webhook.uncertain",
            "report.sent",
            "report.failed",
            "report.suppressed",
            "report.uncertain",
        )
    },
    "report.computed": {
        "report_id": "weekly-2026-03-02-9",
        "kind": "weekly",
        "period_start": "2026-03-02",
        "period_end": "2026-03-09",
        "log_sequence": 9,
        "models_fingerprint": "ab",
        "figures": [],
        "files": {},
    },
    "price.quoted": {"quote_id": "q-1", "snapshot": {"engine": 1}, "sha256": "0" * 64},
    "promo_code.used": {"code": "WELCOME10", "quote_id": "q-1"},
}


ONE_OF_TWO = {
    ("payment.refunded", "amount_minor"),
    ("stage.changed", "booking_id"),
    ("message.requested", "text"),
}


def imported(type_: str, payload: Any, **changes: Any) -> ImportedEvent:
    values: dict[str, Any] = {
        "source": "acuity",
        "source_event_id": "evt_1",
        "type": type_,
        "occurred_at": "2025-03-01T10:00:00+08:00",
        "payload": payload,
    }
    return ImportedEvent.model_validate(values | changes)


def test_the_least_of_every_type_is_accepted() -> None:
    assert LEAST.keys() == CANONICAL_PAYLOADS.keys()
    for type_, payload in LEAST.items():
        assert imported(type_, payload).payload == payload


@pytest.mark.parametrize("type_", LEAST)
def test_nothing_required_may_be_missing(type_: str) -> None:
    for key in LEAST[type_]:
        if (type_, key) in ONE_OF_TWO:
            continue  # tested below: the other is enough
        with pytest.raises(ValidationError, match=f"{key}: Field required"):
            imported(type_, {name: value for name, value in LEAST[type_].items() if name != key})


def test_a_stage_is_of_a_booking_or_a_person() -> None:
    stage = {"pipeline": "quote", "stage": "viewed"}

    assert imported("stage.changed", stage | {"contact": CONTACT})
    with pytest.raises(ValidationError, match="needs booking_id or contact"):
        imported("stage.changed", stage)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": None}, "a message needs text or template"),
        ({"template": "thanks"}, "and not both"),
        ({"subject": "Hello"}, "goes with an e-mail's text alone"),
        ({"channel": "email"}, "needs a subject"),
        ({"channel": "email", "text": None, "template": "thanks", "subject": "Hello"}, "a template has its own"),
    ],
)
def test_a_message_that_cannot_be_sent_is_not_asked_for(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        imported("message.requested", LEAST["message.requested"] | changes)


def test_messages_that_can_be_asked_for() -> None:
    asked = LEAST["message.requested"]

    assert imported("message.requested", asked | {"text": None, "template": "thanks"})
    assert imported("message.requested", asked | {"channel": "email", "subject": "Hello"})


PHONE = {"kind": "phone", "value": "+13105550142"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identifiers": [PHONE, PHONE]}, "the two are equal; name two different ones"),
        ({"identifiers": [PHONE]}, "at least 2 items"),
        ({"identifiers": [PHONE, PHONE | {"value": "+13105550143"}, PHONE]}, "at most 2 items"),
        ({"identifiers": [PHONE, {"kind": "E-mail", "value": "ana@example.com"}]}, "should match pattern"),
        ({"decision": "perhaps"}, "'same_person' or 'different_people'"),
    ],
)
def test_a_decision_is_about_two_identifiers(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        imported("identity.decided", LEAST["identity.decided"] | changes)


def test_a_refund_needs_one_amount() -> None:
    refund = {"payment_id": "p1", "currency": "USD"}

    assert imported("payment.refunded", refund | {"refunded_minor": 500}).payload["refunded_minor"] == 500
    with pytest.raises(ValidationError, match="needs refunded_minor, or amount_minor"):
        imported("payment.refunded", refund)


def test_values_are_kept_as_they_were_understood() -> None:
    booking = {
        "booking_id": " b1 ",
        "starts_at": "2025-03-01 10:00:00+08:00",
        "price_minor": "4500",
        "wheel_size": 19,
        "contact": {"external_id": "77", "loyalty": {"tier": "gold"}},
    }

    assert imported("booking.created", booking).payload == {
        "booking_id": "b1",
        "starts_at": "2025-03-01T10:00:00+08:00",
        "price_minor": 4500,
        "wheel_size": 19,
        "contact": {"external_id": "77", "loyalty": {"tier": "gold"}},
    }


def test_lines_and_taxes_are_taken_whether_or_not_they_add_up() -> None:
    tax = {"name": "GST", "rate": 8.875, "amount_minor": -900}
    told = {"tax_minor": 99_999, "taxes": [tax], "staff": "Lee", "service": "Tint"}
    line = {"line_id": "1", "quantity": 2, "amount_minor": "12", "taxes": [tax], "shelf": "B"}

    payload = imported("payment.succeeded", LEAST["payment.succeeded"] | told | {"lines": [line]}).payload

    kept = tax | {"rate": "8.875"}
    assert payload["lines"] == [line | {"quantity": "2", "amount_minor": 12, "taxes": [kept]}]
    assert (payload["tax_minor"], payload["taxes"], payload["staff"]) == (99_999, [kept], "Lee")
    assert imported("message.sent", {"message_id": "m1", "booking_id": "b1"}).payload["booking_id"] == "b1"


@pytest.mark.parametrize(
    ("type_", "changes", "reason"),
    [
        ("lead.created", {"contact": {"name": "Ann"}}, "contact needs external_id, phone or email"),
        ("payment.succeeded", {"amount_minor": -1}, "amount_minor: Input should be greater than or equal to 0"),
        ("payment.succeeded", {"amount_minor": 45.5}, "amount_minor: Input should be a valid integer"),
        ("payment.succeeded", {"amount_minor": 2**53}, "amount_minor: Input should be less than"),
        ("payment.succeeded", {"lines": [{}]}, "lines.0.amount_minor: Field required"),
        ("payment.succeeded", {"lines": [{"amount_minor": 1}] * 501}, "lines: List should have at most 500"),
        ("payment.succeeded", {"taxes": [{"name": "GST", "amount_minor": 1}] * 51}, "taxes: List should have at"),
        ("payment.succeeded", {"taxes": [{"name": "GST", "amount_minor": 1, "rate": "5%"}]}, "taxes.0.rate"),
        ("payment.succeeded", {"tax_minor": 2**53}, "tax_minor: Input should be less than"),
        ("payment.itemised", {"lines": []}, "lines: List should have at least 1"),
        ("payment.succeeded", {"currency": "usd"}, "currency: String should match pattern"),
        ("booking.created", {"starts_at": "2025-03-01T10:00:00"}, "starts_at: Input should have timezone info"),
        ("consent.granted", {"channel": "pigeon"}, "channel: Input should be 'sms'"),
        ("payment.succeeded", {"amount_minor": True}, "amount_minor: Input should be a valid integer"),
        ("payment.succeeded", {"tax_minor": False}, "tax_minor: Input should be a valid integer"),
        ("payment.succeeded", {"currency": "ZZZ"}, "currency: ZZZ is no currency"),
        ("booking.created", {"currency": "ZZZ"}, "currency: ZZZ is no currency"),
        ("note.added", {"text": "\u200b\u200d \ufeff"}, "text: nothing of this text can be seen"),
        ("booking.created", {"booking_id": "\u200b"}, "booking_id: nothing of this text can be seen"),
        ("lead.created", {"contact": CONTACT | {"name": "\u2060"}}, "contact.name: nothing of this text can be seen"),
        ("note.added", {"text": "  "}, "text: String should have at least 1 character"),
        ("booking.created", {"booking_id": "x" * 256}, "booking_id: String should have at most 255"),
    ],
)
def test_refused_with_the_key(type_: str, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        imported(type_, LEAST[type_] | changes)


def formats_of(schema: dict[str, Any]) -> set[str]:
    """Return the formats that a value may have: date, date-time."""
    return {each["format"] for each in [schema, *schema.get("anyOf", [])] if "format" in each}


MOMENTS = [
    (type_, key, format_)
    for type_, model in CANONICAL_PAYLOADS.items()
    for key, schema in model.model_json_schema()["properties"].items()
    for format_ in sorted(formats_of(schema))
]


@pytest.mark.parametrize("year", ["0001", "1899", "2200", "9999"])
@pytest.mark.parametrize(("type_", "key", "format_"), MOMENTS)
def test_no_moment_is_in_an_impossible_year(type_: str, key: str, format_: str, year: str) -> None:
    moment = f"{year}-12-31" if format_ == "date" else f"{year}-12-31T23:59:59Z"

    with pytest.raises(ValidationError, match=f"{key}: year {int(year)} is not in 1900 to 2199; check the date"):
        imported(type_, LEAST[type_] | {key: moment})


def test_every_moment_is_found() -> None:
    assert {key for _, key, _ in MOMENTS} == {
        *("starts_at", "ends_at", "occurred_on", "due_at", "snoozed_until", "period_start", "period_end")
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "Acuity Scheduling"}, "source"),
        ({"source_event_id": " "}, "source_event_id"),
        ({"type": "booking"}, "type"),
        ({"occurred_at": "2025-03-01T10:00:00"}, "timezone"),
        ({"occurred_at": "0225-03-01T10:00:00Z"}, "check the date's format"),
        ({"occurred_at": "0001-01-01T00:00:00+10:00"}, "check the date's format"),
        ({"payload": ["not", "a", "mapping"]}, "payload"),
        ({"colour": "red"}, "colour"),
        ({"schema_version": 2}, "schema_version"),
    ],
)
def test_a_wrong_envelope_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        imported("booking.created", **({"payload": {"booking_id": "b1"}} | changes))


def test_another_systems_own_type_is_kept_to_the_letter() -> None:
    payload = {"anything": [1, {"deep": None}], "amount": "45,00"}

    assert imported("acuity.appointment.Rescheduled_by_client", payload).payload == payload


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(type_=st.sampled_from(sorted(CANONICAL_PAYLOADS)), payload=st.dictionaries(st.text(max_size=8), json_values))
def test_any_payload_is_refused_or_kept_as_json(type_: str, payload: dict[str, Any]) -> None:
    try:
        event = imported(type_, LEAST[type_] | payload)
    except ValidationError:
        return
    assert orjson.loads(orjson.dumps(event.payload)) == event.payload
    assert imported(type_, event.payload).payload == event.payload


@given(
    st.builds(datetime.fromtimestamp, st.integers(-2_000_000_000, 7_000_000_000), tz=st.timezones()),
    st.integers(0, 2**53 - 1),
)
def test_instants_and_amounts_are_exact(instant: datetime, amount: int) -> None:
    payment = {"payment_id": "p1", "amount_minor": amount, "currency": "JPY", "settled": True}
    event = imported("payment.succeeded", payment, occurred_at=instant)

    assert event.occurred_at == instant
    assert event.payload["amount_minor"] == amount
