"""ClickSend: the token, the three ways it sends, texts and receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import pytest

from frontdesk.core.log.event_log import EventLog
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, Post, RunningReceiver
from tests.webhooks.signing import CLICKSEND_TOKEN, FORM, clicksend_post, environment, path_of

TEXT = {
    "originalsenderid": "+61477485926",
    "body": "trigger reply",
    "message": "trigger reply",
    "sms": "+61429912603",
    "from": "+61429912603",
    "to": "+61477485926",
    "timestamp": 1775012927,
    "message_id": "1F12D781-99C1-6D94-96FE-F5A311C8997D",
    "original_message_id": "1F12D717-947A-6FBC-BBFE-D14C2927CEEF",
    "user_id": 304497,
    "custom_string": "",
}
RECEIPT = (
    b"timestamp_send=1442381700&timestamp=1442381791&message_id=31BC271B-1E0C-45F6-9E7E-97186C46BB82&status_code=201"
    b"&status_text=Success%3A+Message+received+on+handset.&error_code=&error_text=&custom_string=job-42"
    b"&subaccount_id=1&message_type=sms"
)


def test_a_text_as_json(receiver: RunningReceiver, log: EventLog) -> None:
    assert receiver.send(clicksend_post(TEXT)).outcome == "accepted"
    assert receiver.send(clicksend_post(TEXT)).outcome == "duplicate"

    event = only_event(log)
    assert (event.type, event.source_event_id) == ("clicksend.message.received", TEXT["message_id"])
    assert event.subject_id == TEXT["message_id"]
    assert event.occurred_at == datetime.fromtimestamp(1775012927, UTC)
    assert orjson.loads(event.payload) == TEXT


def test_a_receipt_as_form(receiver: RunningReceiver, log: EventLog) -> None:
    post = Post(path_of("clicksend"), RECEIPT, {**FORM, "x-webhook-token": CLICKSEND_TOKEN})
    assert receiver.send(post).outcome == "accepted"
    later = post.changed(body=RECEIPT.replace(b"timestamp=1442381791", b"timestamp=1442381799"))
    assert receiver.send(later).outcome == "accepted"
    assert receiver.send(post).outcome == "duplicate"

    event = log.read_after(0, limit=1)[0]
    assert event.type == "clicksend.message.receipt"
    assert event.source_event_id == "31BC271B-1E0C-45F6-9E7E-97186C46BB82:201:1442381791"
    assert event.occurred_at == datetime.fromtimestamp(1442381791, UTC)
    assert orjson.loads(event.payload)["error_code"] == ""


def test_by_get_the_token_is_not_kept(receiver: RunningReceiver, log: EventLog) -> None:
    fields = {name: str(value) for name, value in TEXT.items()}
    query = urlencode(fields | {"token": CLICKSEND_TOKEN})
    assert receiver.send(Post(path_of("clicksend"), method="GET", query=query)).outcome == "accepted"

    event = only_event(log)
    assert orjson.loads(event.payload) == fields
    assert CLICKSEND_TOKEN not in str(event)


def test_a_body_without_content_type_is_read_by_its_look(receiver: RunningReceiver, log: EventLog) -> None:
    post = clicksend_post(TEXT).with_headers(content_type=None)
    receiver.send(post)
    receiver.send(post.changed(body=RECEIPT))
    types = [event.type for event in log.read_after(0, limit=10)]
    assert types == ["clicksend.message.received", "clicksend.message.receipt"]


@pytest.mark.parametrize("query", ["token=" + CLICKSEND_TOKEN, "x=1&token=" + CLICKSEND_TOKEN])
def test_the_token_may_stand_in_the_address(receiver: RunningReceiver, query: str) -> None:
    post = clicksend_post(TEXT).with_headers(x_webhook_token=None).changed(query=query)
    assert receiver.send(post).status == 200


@pytest.mark.parametrize(
    ("header", "query", "reason"),
    [
        (None, "", "signature_missing"),
        ("", "", "signature_missing"),
        (None, "token=", "signature_missing"),
        (None, "mytoken=" + CLICKSEND_TOKEN, "signature_missing"),
        ("wrong", "", "signature_invalid"),
        (CLICKSEND_TOKEN + "x", "", "signature_invalid"),
        ("\xe9\xff", "", "signature_invalid"),
        (None, "token=%ff%00", "signature_invalid"),
        # A header that is there decides: a right token in the address does not make it good.
        ("wrong", "token=" + CLICKSEND_TOKEN, "signature_invalid"),
    ],
)
def test_missing_and_wrong_tokens(receiver: RunningReceiver, header: str | None, query: str, reason: str) -> None:
    answer = receiver.send(clicksend_post(TEXT).with_headers(x_webhook_token=header).changed(query=query))
    assert (answer.status, answer.outcome) == (401, reason)


@pytest.mark.parametrize("token", ["new-token", "old-token"])
def test_every_live_token_passes(start: StartReceiver, token: str) -> None:
    environ = environment() | {"FRONTDESK_SALON_CLICKSEND_WEBHOOK_TOKEN": "new-token,old-token"}
    assert start(environ=environ).send(clicksend_post(TEXT, token=token)).status == 200


def test_without_an_id_the_body_tells_deliveries_apart(receiver: RunningReceiver) -> None:
    outcomes = [receiver.send(clicksend_post({"body": text})).outcome for text in ("a", "b", "a")]
    assert outcomes == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize("body", [b"[]", b"12", b"{"])
def test_bodies_that_are_no_object(receiver: RunningReceiver, body: bytes) -> None:
    assert receiver.send(clicksend_post(body)).outcome == "malformed"


def test_a_text_without_time_happened_when_it_came(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(clicksend_post({"message_id": "M1", "body": "hi"}))
    assert only_event(log).occurred_at == NOW
