"""A blank text, or JSON in the place of one, hides nothing that the payload says elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from tests.dbt.staging.warehouse import Event, StagingWarehouse


class _Case(NamedTuple):
    """A payload with a blank before the text that counts."""

    model: str
    type: str
    payload: Any  #: `BLANK` stands for the blank.
    expected: Mapping[str, Any]


_ANA = {"full_name": "Ana Lee", "email_raw": "ana@example.com", "phone_raw": "+15551230001"}
_BLANK = "BLANK"
_CASES = (
    _Case(
        "stg_zoho__contacts",
        "zoho.crm.contacts.update",
        {
            "ids": ["1"],
            "affected_values": [{"record_id": "1", "values": {"Phone": _BLANK, "Mobile": "+15551230001"}}],
        },
        {"phone_raw": "+15551230001"},
    ),
    _Case(
        "stg_zoho__contacts",
        "zoho.books.contact",
        {"contact": {"contact_id": "1", "email": "ana@example.com", "contact_persons": [{"email": _BLANK}]}},
        {"email_raw": "ana@example.com"},
    ),
    _Case(
        "stg_wix__bookings",
        "wix.booking_created",
        {
            "bookingId": "b",
            "contactDetails": {"name": _BLANK, "phone": _BLANK, "email": _BLANK, "contactId": _BLANK},
            "name": "Ana Lee",
            "phone": "+15551230001",
            "email": "ana@example.com",
            "contactId": "w",
            "startDate": _BLANK,
            "timezone": _BLANK,
            "serviceName": "Cut",
            "bookedEntity": {
                "title": _BLANK,
                "slot": {"startDate": "2026-12-01T10:00:00", "timezone": "America/Chicago"},
            },
        },
        {
            **_ANA,
            "contact_ref": "w",
            "service_name": "Cut",
            "starts_at": datetime(2026, 12, 1, 16, tzinfo=UTC),
        },
    ),
    _Case(
        "stg_stripe__payments",
        "stripe.charge.succeeded",
        {
            "data": {
                "object": {
                    "id": "ch_1",
                    "amount": 500,
                    "amount_captured": _BLANK,
                    "currency": "usd",
                    "receipt_email": _BLANK,
                    "billing_details": {"email": "ana@example.com", "name": _BLANK, "phone": _BLANK},
                    "customer_details": {"name": "Ana Lee", "phone": "+15551230001"},
                }
            }
        },
        {**_ANA, "amount_minor": 500},
    ),
    _Case(
        "stg_stripe__contacts",
        "stripe.customer.updated",
        {"data": {"object": {"id": "cus_1", "individual_name": _BLANK, "name": "Ana Lee"}}},
        {"full_name": "Ana Lee"},
    ),
    _Case(
        "stg_gohighlevel__contacts",
        "gohighlevel.workflow",
        {"contact_id": "c", "name": _BLANK, "full_name": "Ana Lee", "source": _BLANK, "contact_source": "ads"},
        {"full_name": "Ana Lee", "channel": "ads"},
    ),
    _Case(
        "stg_gohighlevel__bookings",
        "gohighlevel.workflow",
        {
            "contact_id": "c",
            "appointment": {"id": _BLANK, "appointmentStatus": _BLANK, "startTime": _BLANK, "contactId": _BLANK},
            "calendar": {
                "appointmentId": "a",
                "appoinmentStatus": _BLANK,
                "status": "booked",
                "startTime": "2026-12-01T10:00:00",
                "selectedTimezone": _BLANK,
            },
            "timezone": "America/Chicago",
        },
        {
            "booking_id": "a",
            "contact_ref": "c",
            "booking_status": "confirmed",
            "starts_at": datetime(2026, 12, 1, 16, tzinfo=UTC),
        },
    ),
    _Case(
        "stg_gohighlevel__engagements",
        "gohighlevel.InvoicePaid",
        {"id": _BLANK, "_id": "i", "contactId": _BLANK, "contactDetails": {"id": "c"}},
        {"entity_id": "i", "contact_ref": "c"},
    ),
    _Case(
        "stg_manychat__leads",
        "manychat.lead",
        {
            "id": "1",
            "phone": _BLANK,
            "whatsapp_phone": "15551230001",
            "utm_medium": "social",
            "custom_fields": {"utm_medium": _BLANK},
        },
        {"phone_raw": "15551230001", "medium": "social"},
    ),
    _Case(
        "stg_clicksend__messages",
        "clicksend.message.received",
        {"from": _BLANK, "sms": "+15551230001", "to": _BLANK, "originalsenderid": "+15551230009"},
        {"from_address": "+15551230001", "to_address": "+15551230009"},
    ),
    _Case(
        "stg_twilio__messages",
        "twilio.message.received",
        {"From": _BLANK, "Author": "+15551230001", "To": "+15551230009", "Body": "Hi"},
        {"from_address": "+15551230001"},
    ),
)


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.model}-{case.type}")
def test_a_blank_hides_nothing(staging: StagingWarehouse, case: _Case) -> None:
    blanks: tuple[Any, ...] = ("", "  ", None, {}, [])
    text = json.dumps(case.payload)
    payloads = [text.replace(json.dumps(_BLANK), json.dumps(blank)) for blank in blanks]
    source = case.type.split(".")[0]
    staging.replace_events(Event(source, case.type, payload) for payload in payloads)
    rows = staging.rows(case.model)
    assert len(rows) == len(blanks)
    for row in rows:
        assert {column: row[column] for column in case.expected} == case.expected
