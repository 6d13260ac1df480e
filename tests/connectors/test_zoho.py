"""Zoho: the HMAC vectors, the four products, where the token may stand, and that it is not shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, Post, RunningReceiver
from tests.webhooks.signing import FORM, JSON, ZOHO_SECRET, as_bytes, environment, hmac_hex, path_of, zoho_post

CRM: dict[str, Any] = {
    "server_time": 1718117126473,
    "module": "Leads",
    "resource_uri": "https://www.zohoapis.com/crm/v2/Leads",
    "operation": "update",
    "ids": ["5725767000003000010", "5725767000003000020"],
    "affected_fields": [],
    "query_params": {"token": ZOHO_SECRET},
    "channel_id": "1000000068001",
    "token": ZOHO_SECRET,
}
CLICK = (
    b'{"webhook_name":"Click webhook","webhook_id":"1314909000000063005","action":"email_click","actionType":'
    b'"email_click","data":[{"action_time":1725461209774,"contact_id":1314909000000144100,"contact_email":'
    b'"john.doe@zylker.com","transmission_id":13149090000001440022131,"click_url":"https://example.com"}]}'
)
NINE_TYPES = [
    "email_opened",
    "email_clicked",
    "email_bounced",
    "email_unsubscribed",
    "campaign_sent",
    "form_submitted",
    "webinar_registered",
    "deal_created",
    "deal_won",
]
INVOICE = (
    b'{"invoice":{"invoice_id":"982000000567114","invoice_number":"INV-00003","status":"paid",'
    b'"total":120.00,"balance":0.00}}'
)


def plain_post(body: Any, **headers: str) -> Post:
    return Post(path_of("zoho"), as_bytes(body), JSON).with_headers(**headers)


@pytest.mark.parametrize(
    ("query", "body", "headers", "signature"),
    [
        (
            "subscription_id=90343&name=basic",
            b'{"created_date":"2019-03-06","event_id":"5675"}',
            JSON,
            "ff21ec7bd4d74ecd699e222b6af75ca8a95b535117335089bc6c62bc3c360111",
        ),
        (
            "",
            INVOICE,
            JSON,
            "522fb278cbefbd320307d465fb386ba95eb3bb7df2e9185d1eb9691b11765569",
        ),
        (
            "customer=Ana+Roy",
            b"invoice_id=982000000567114&status=paid&note=a%26b",
            FORM,
            "2ad08f4b34151e0ec8f5d6c876d67aa9fc41d110b5d44e14ca2f90bd350a0722",
        ),
    ],
)
def test_the_vectors(
    receiver: RunningReceiver, query: str, body: bytes, headers: dict[str, str], signature: str
) -> None:
    post = Post(path_of("zoho"), body, {**headers, "x-zoho-webhook-signature": signature}, query)
    assert [receiver.send(post).outcome for _ in range(2)] == ["accepted", "duplicate"]
    assert receiver.send(post.changed(query=query + "&x=1")).outcome == "signature_invalid"
    assert receiver.send(post.changed(body=body + b" ")).outcome == "signature_invalid"


def test_a_books_object_names_the_type(receiver: RunningReceiver, log: EventLog) -> None:
    invoice = {"invoice_id": "9", "status": "paid", "last_modified_time": "2026-10-31T09:00:00+0000"}
    receiver.send(zoho_post({"organization_id": "1", "invoice": invoice}))
    event = only_event(log)
    assert (event.type, event.subject_id) == ("zoho.books.invoice", "9")
    assert event.source_event_id.startswith("invoice:9:2026-10-31T09:00:00+0000:")
    assert event.occurred_at == datetime(2026, 10, 31, 9, tzinfo=UTC)


def test_books_json_in_a_form_field(receiver: RunningReceiver, log: EventLog) -> None:
    json_text = '{"contact":{"contact_id":"7"}}'
    signature = hmac_hex(ZOHO_SECRET, f"JSONString{json_text}".encode())
    body = urlencode({"JSONString": json_text}).encode()
    receiver.send(Post(path_of("zoho"), body, {**FORM, "x-zoho-webhook-signature": signature}))
    event = only_event(log)
    assert (event.type, event.payload, event.body) == ("zoho.books.contact", json_text.encode(), body)


def test_a_crm_notification_proves_itself_by_the_token_in_its_body(receiver: RunningReceiver, log: EventLog) -> None:
    answer = receiver.send(plain_post(CRM))

    event = only_event(log)
    assert answer.outcome == "accepted"
    assert event.type == "zoho.crm.leads.update"
    made_of = "1000000068001:update:5725767000003000010,5725767000003000020:1718117126473:"
    assert event.source_event_id.startswith(made_of)
    assert event.occurred_at == datetime.fromtimestamp(1718117126.473, UTC)
    assert ZOHO_SECRET.encode() not in event.payload
    assert orjson.loads(event.payload) == CRM | {"token": "***", "query_params": {"token": "***"}}
    assert ZOHO_SECRET not in str(event.headers)


def test_an_escaped_token_is_masked_too(start: StartReceiver, log: EventLog) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_SALON_ZOHO_WEBHOOK_SECRET": "a/b"})
    body = as_bytes(CRM | {"token": "@", "query_params": {}}).replace(b'"@"', b'"a\\/b"')
    assert receiver.send(plain_post(body)).outcome == "accepted"
    assert orjson.loads(only_event(log).payload)["token"] == "***"


def test_a_crm_notification_of_one_record_is_about_it(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(plain_post(CRM | {"ids": [5725767000003000010]}))
    assert only_event(log).subject_id == "5725767000003000010"


def test_a_campaigns_click_with_an_id_beyond_64_bits(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(plain_post(CLICK, x_webhook_token=ZOHO_SECRET))
    event = only_event(log)
    assert event.type == "zoho.campaigns.email_click"
    assert ":13149090000001440022131:1314909000000144100:1725461209774:" in event.source_event_id
    assert (event.subject_id, event.payload) == ("1314909000000144100", CLICK)
    assert event.occurred_at == datetime.fromtimestamp(1725461209.774, UTC)


def test_two_clicks_of_one_mail_are_two_events(receiver: RunningReceiver) -> None:
    other = CLICK.replace(b"13149090000001440022131", b"13149090000001440022132")
    posts = [plain_post(body, x_webhook_token=ZOHO_SECRET) for body in (CLICK, other, CLICK)]
    outcomes = [receiver.send(post).outcome for post in posts]
    assert outcomes == ["accepted", "accepted", "duplicate"]


def test_a_long_click_address_makes_no_long_id(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(plain_post(CLICK.replace(b"example.com", b"x" * 3_000), x_webhook_token=ZOHO_SECRET))
    assert len(only_event(log).source_event_id) == len("sha256:") + 64


@pytest.mark.parametrize("name", NINE_TYPES)
def test_the_nine_plain_types(receiver: RunningReceiver, log: EventLog, name: str) -> None:
    body = {"event_type": name, "event_id": "z-1", "contact_id": "c-1", "timestamp": "2026-10-31T09:00:00Z"}
    receiver.send(plain_post(body, x_zoho_secret=ZOHO_SECRET))
    event = only_event(log)
    assert (event.type, event.source_event_id, event.subject_id) == (f"zoho.{name}", "z-1", "c-1")
    assert event.occurred_at == datetime(2026, 10, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-10-31T09:00:00Z", datetime(2026, 10, 31, 9, tzinfo=UTC)),
        (1793437200, datetime(2026, 10, 31, 9, tzinfo=UTC)),
        ("1793437200000", datetime(2026, 10, 31, 9, tzinfo=UTC)),
        ("2026-10-31T09:00:00", NOW),
        ("31/10/2026", NOW),
        (None, NOW),
        ("9" * 30, NOW),
    ],
)
def test_times_in_any_form(receiver: RunningReceiver, log: EventLog, time: object, expected: datetime) -> None:
    receiver.send(zoho_post({"event": "deal_won", "timestamp": time}))
    assert only_event(log).occurred_at == expected


def test_a_form_post_and_an_address_that_names_its_event(receiver: RunningReceiver, log: EventLog) -> None:
    form = b"event=form_submitted&Email=a%40b.c&Tag=x&Tag=y"
    receiver.send(Post(path_of("zoho"), form, {**FORM, "x-zoho-secret": ZOHO_SECRET}))
    receiver.send(Post(path_of("zoho"), b'{"total":1}', JSON, f"event=invoice_paid&token={ZOHO_SECRET}"))
    first, second = log.read_after(0, limit=10)
    assert first.type == "zoho.form_submitted"
    assert orjson.loads(first.payload) == {"event": "form_submitted", "Email": "a@b.c", "Tag": ["x", "y"]}
    assert (second.type, second.payload) == ("zoho.invoice_paid", b'{"total":1}')


def test_a_workflow_by_get(receiver: RunningReceiver, log: EventLog) -> None:
    query = f"event=deal_won&Deal=7&token={ZOHO_SECRET}"
    assert receiver.send(Post(path_of("zoho"), method="GET", query=query)).outcome == "accepted"
    event = only_event(log)
    assert (event.type, orjson.loads(event.payload)) == ("zoho.deal_won", {"event": "deal_won", "Deal": "7"})


def test_what_names_nothing_is_kept(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(zoho_post({"Company": "x"}))
    assert only_event(log).type == "zoho.unnamed"


def test_a_signature_decides_even_where_a_token_is_right(receiver: RunningReceiver) -> None:
    post = plain_post({"event": "x"}, x_zoho_webhook_signature="0" * 64, x_zoho_secret=ZOHO_SECRET)
    assert receiver.send(post).outcome == "signature_invalid"


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({}, {"event": "x"}, "signature_missing"),
        ({"x_zoho_secret": ""}, {"event": "x"}, "signature_missing"),
        ({"x_zoho_secret": "wrong"}, {"event": "x"}, "signature_invalid"),
        ({"x_webhook_token": "wrong"}, {"event": "x"}, "signature_invalid"),
        ({}, CRM | {"token": "wrong"}, "signature_invalid"),
        ({}, CRM | {"token": None}, "signature_missing"),
        ({"x_zoho_webhook_signature": ""}, {"event": "x"}, "signature_missing"),
        ({"x_zoho_webhook_signature": "\xff"}, {"event": "x"}, "signature_invalid"),
    ],
)
def test_missing_and_wrong_proofs(receiver: RunningReceiver, headers: dict[str, str], body: Any, reason: str) -> None:
    answer = receiver.send(plain_post(body, **headers))
    assert (answer.status, answer.outcome) == (401, reason)


@pytest.mark.parametrize("secret", ["new-secret", "old-secret"])
def test_every_live_secret_passes(start: StartReceiver, secret: str) -> None:
    receiver = start(environ=environment() | {"FRONTDESK_SALON_ZOHO_WEBHOOK_SECRET": "new-secret,old-secret"})
    assert receiver.send(zoho_post({"event": "a"}, secret=secret)).status == 200
    assert receiver.send(plain_post({"event": "b"}, x_zoho_secret=secret)).status == 200


@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"{", b'{"a":"\\ud800"}', b'{"a":NaN}'])
def test_signed_bodies_that_are_no_object(receiver: RunningReceiver, body: bytes) -> None:
    assert receiver.send(zoho_post(body)).outcome == "malformed"


def test_a_body_too_large_for_a_notification_is_not_searched_for_a_token(receiver: RunningReceiver) -> None:
    padded = CRM | {"affected_values": ["x" * 300_000]}
    assert receiver.send(plain_post(padded)).outcome == "signature_missing"
    assert receiver.send(plain_post(padded, x_webhook_token=ZOHO_SECRET)).status == 200
