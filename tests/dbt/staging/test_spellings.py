"""What providers and those who set them up write in other letters, or leave blank, is read as what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from frontdesk.domains.imports.fields import ANSWERS
from tests.dbt.staging.warehouse import Event, StagingWarehouse

_ALL = {"all"}


def _rows(staging: StagingWarehouse, model: str, source: str, type_: str, payload: Any) -> list[dict[str, Any]]:
    staging.replace_events([Event(source, type_, json.dumps(payload))])
    return staging.rows(model)


@pytest.mark.parametrize(
    ("dnd", "settings", "channels"),
    [
        (True, {}, _ALL),
        (True, [], _ALL),
        ("True", None, _ALL),
        (1, "", _ALL),
        (True, {"SMS": {}}, _ALL),
        (True, {"SMS": {"status": "inactive"}, "Email": {"status": "inactive"}}, _ALL),
        (True, {"FB": {"status": "active"}}, _ALL),
        (True, {"SMS": {"status": "Active"}}, {"sms"}),
        (False, {"SMS": {"status": "ACTIVE"}, "Email": {"status": " Permanent "}}, {"sms", "email"}),
        (False, {"SMS": {"status": "inactive"}}, set()),
        (False, {}, set()),
        (None, None, set()),
    ],
)
def test_do_not_disturb(staging: StagingWarehouse, dnd: Any, settings: Any, channels: set[str]) -> None:
    contact = {"id": "c1", "phone": "+15551230001", "dnd": dnd, "dndSettings": settings}
    rows = _rows(staging, "stg_gohighlevel__consents", "gohighlevel", "gohighlevel.ContactDndUpdate", contact)
    assert {row["channel"] for row in rows} == channels
    assert all(row["is_granted"] is False and row["evidence"] for row in rows)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", "completed"),
        ("Showed", "completed"),
        ("no-show", "no_show"),
        ("No Show", "no_show"),
        ("no_show", "no_show"),
        ("noshow", "no_show"),
        ("active", "confirmed"),
        ("Confirmed ", "confirmed"),
        ("CANCELED", "cancelled"),
        ("NEW", "pending"),
        ("rescheduled?", None),
    ],
)
def test_status_of_an_appointment(staging: StagingWarehouse, status: str, expected: str | None) -> None:
    appointment = {"id": "a1", "contactId": "c1", "appointmentStatus": status}
    (row,) = _rows(
        staging,
        "stg_gohighlevel__bookings",
        "gohighlevel",
        "gohighlevel.AppointmentUpdate",
        {"appointment": appointment},
    )
    assert row["booking_status"] == expected


@pytest.mark.parametrize("answer", [True, "True", "TRUE", 1, "1", "yes", "Yes ", "on"])
def test_a_yes_grants(staging: StagingWarehouse, answer: Any) -> None:
    assert _opt_in(staging, answer) == [True]


@pytest.mark.parametrize("answer", [False, "False", 0, "0", "no", "No", "off"])
def test_a_no_revokes(staging: StagingWarehouse, answer: Any) -> None:
    assert _opt_in(staging, answer) == [False]


@pytest.mark.parametrize(("word", "answer"), ANSWERS.items())
def test_what_imports_read_as_yes_or_no_is_read_alike(staging: StagingWarehouse, word: str, answer: bool) -> None:
    assert _opt_in(staging, word) == [answer]


@pytest.mark.parametrize("answer", [None, "", "perhaps", {}, [], 2])
def test_what_is_neither_is_neither(staging: StagingWarehouse, answer: Any) -> None:
    assert _opt_in(staging, answer) == []


def _opt_in(staging: StagingWarehouse, answer: Any) -> list[bool]:
    subscriber = {"id": "1", "phone": "+15551230001", "optin_phone": answer}
    rows = _rows(staging, "stg_manychat__consents", "manychat", "manychat.lead", subscriber)
    return [row["is_granted"] for row in rows]


@pytest.mark.parametrize("type_", ["zoho.email_unsubscribed", "zoho.Email_Unsubscribed", "zoho.EMAIL_UNSUBSCRIBED"])
@pytest.mark.parametrize(
    "post",
    [
        {"email": "ana@example.com"},
        {"email": "", "contact_email": "ana@example.com"},
        {"Email": "ana@example.com", "email": " "},
        {"Contact Email": "ana@example.com"},
        {"email": None, "Data": {"Contact-Email": "ana@example.com"}},
    ],
)
def test_who_leaves_a_mailing_is_known_however_zohos_post_spells_it(
    staging: StagingWarehouse, type_: str, post: dict[str, Any]
) -> None:
    (row,) = _rows(staging, "stg_zoho__consents", "zoho", type_, post)
    assert (row["email_raw"], row["is_granted"]) == ("ana@example.com", False)
    (row,) = _rows(staging, "stg_zoho__engagements", "zoho", type_, post)
    assert (row["email_raw"], row["fact_type"]) == ("ana@example.com", "email.unsubscribed")


@pytest.mark.parametrize(
    "post",
    [
        {"amount": "120.50"},
        {"Amount": "120.50"},
        {"AMOUNT": 120.5},
        {"amount": "", "data": {"amount": 120.5}},
        {"amount": None, "data": {"Amount": "120.50"}},
    ],
)
def test_money_is_read_however_zohos_post_spells_it(staging: StagingWarehouse, post: dict[str, Any]) -> None:
    deal = {"deal_id": "9007199254740993123", "name": "Ana Lee", "full_name": "", **post}
    (row,) = _rows(staging, "stg_zoho__engagements", "zoho", "zoho.Deal_Won", deal)
    assert (row["fact_type"], row["amount_minor"], row["entity_id"]) == ("deal.won", 12_050, "9007199254740993123")
    assert row["full_name"] == "Ana Lee"
