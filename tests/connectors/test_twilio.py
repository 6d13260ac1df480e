"""Twilio: the vectors, the SDK's opinion, ports and proxies, JSON, shared keys, what it is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from frontdesk.connectors.source import Reason, RefusedError, Request, SourceConfiguration
from frontdesk.connectors.twilio.verify import TwilioSource
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import NOW, RunningReceiver
from tests.webhooks.signing import FORM, PUBLIC_URL, TENANT, TWILIO_TOKEN, environment, twilio_json_post, twilio_post

DOCS_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
DOCS_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
STOP = {
    "AccountSid": "AC00000000000000000000000000000001",
    "ApiVersion": "2010-04-01",
    "Body": "STOP",
    "From": "+15551230001",
    "FromCity": "",
    "MessageSid": "SM00000000000000000000000000000001",
    "NumMedia": "0",
    "NumSegments": "1",
    "OptOutType": "STOP",
    "SmsMessageSid": "SM00000000000000000000000000000001",
    "SmsSid": "SM00000000000000000000000000000001",
    "SmsStatus": "received",
    "To": "+15557650002",
    "ToCountry": "US",
}
UNDELIVERED = {
    "AccountSid": "AC1",
    "From": "+15017250604",
    "MessageSid": "SM1342",
    "MessageStatus": "undelivered",
    "ErrorCode": "30003",
    "SmsSid": "SM1342",
    "SmsStatus": "undelivered",
}


def source_at(public_url: str, *, token: str, **environ: str) -> TwilioSource:
    configuration = SourceConfiguration(
        tenant_id="t",
        secrets=Secrets({"FRONTDESK_T_TWILIO_AUTH_TOKEN": token} | environ),
        settings={},
        public_url=public_url,
    )
    source = TwilioSource.configure(configuration)
    assert source is not None
    return source


def request_to(url: str, *, body: bytes, **headers: str) -> Request:
    path, _, query = url.partition("?")
    return Request(
        method="POST",
        path=path,
        query_string=query.encode(),
        headers={name.replace("_", "-").encode(): value.encode() for name, value in headers.items()},
        body=body,
        received_at=NOW,
    )


def test_the_vector_of_the_documentation() -> None:
    source = source_at("https://mycompany.com", token="12345")
    request = request_to(
        "/myapp.php?foo=1&bar=2",
        body=urlencode(DOCS_FORM).encode(),
        content_type="application/x-www-form-urlencoded",
        x_twilio_signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    )
    assert source.receive(request).subject_id == "CA1234567890ABCDE"


@pytest.mark.parametrize(
    ("signature", "algorithm"),
    [
        ("k7GhDnvWjD1ikr1hWq3RwzyTJ5E=", ""),
        ("yL9EW1P8LxJebP5tpVBrbXVYbVMMfiDOpqosIZbYRDI=", "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"),
    ],
)
def test_the_vector_with_an_empty_field(signature: str, algorithm: str) -> None:
    source = source_at("https://app.example.com", token=TWILIO_TOKEN, FRONTDESK_T_TWILIO_SHARED_KEY=TWILIO_TOKEN)
    request = request_to(
        "/hooks/twilio/sms",
        body=urlencode(STOP).encode(),
        content_type="application/x-www-form-urlencoded",
        x_twilio_signature=signature,
        x_twilio_webhooks_signature_settings=algorithm,
    )
    delivery = source.receive(request)
    assert delivery.type == "twilio.message.received"
    assert orjson.loads(delivery.payload) == STOP


def test_a_field_that_is_dropped_because_it_is_empty_breaks_the_signature() -> None:
    source = source_at("https://app.example.com", token=TWILIO_TOKEN)
    without_city = urlencode({name: value for name, value in STOP.items() if value}).encode()
    request = request_to(
        "/hooks/twilio/sms",
        body=without_city,
        content_type="application/x-www-form-urlencoded",
        x_twilio_signature="k7GhDnvWjD1ikr1hWq3RwzyTJ5E=",
    )
    with pytest.raises(RefusedError) as refusal:
        source.receive(request)
    assert refusal.value.reason is Reason.SIGNATURE_INVALID


def test_the_json_vector() -> None:
    body = b'{"MessageSid":"SM1","MessageStatus":"delivered"}'
    source = source_at("https://app.example.com", token=TWILIO_TOKEN)
    request = request_to(
        "/hooks/twilio/json?bodySHA256=ce8c3c8da52a17f7dd3e526b3b67d41402b438513f6b2faf55189573f2873f02",
        body=body,
        content_type="application/json",
        x_twilio_signature="IGgKypJKau8h0eHLLB9FU007UM4=",
    )
    delivery = source.receive(request)
    assert (delivery.source_event_id, delivery.type) == ("SM1:delivered", "twilio.message.delivered")
    assert delivery.payload == body


@pytest.mark.parametrize(
    ("signed_as", "public_url"),
    [
        ("https://app.example.com:443/x", "https://app.example.com"),
        ("https://app.example.com/x", "https://app.example.com:443"),
        ("http://app.example.com:80/x", "http://app.example.com"),
        ("https://app.example.com:8443/x", "https://app.example.com:8443"),
        ("https://app.example.com/x", "https://app.example.com:8443"),
        ("https://app.example.com/base/x", "https://app.example.com/base"),
    ],
)
def test_with_and_without_port(signed_as: str, public_url: str) -> None:
    source = source_at(public_url, token=TWILIO_TOKEN)
    request = request_to(
        "/x",
        body=urlencode(STOP).encode(),
        content_type="application/x-www-form-urlencoded",
        x_twilio_signature=RequestValidator(TWILIO_TOKEN).compute_signature(signed_as, STOP),
    )
    assert source.receive(request).subject_id == STOP["MessageSid"]


@given(
    form=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    ),
    token=st.text(st.characters(categories=["L", "N"]), min_size=1),
)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_we_agree_with_twilios_own_validator(form: dict[str, str], token: str) -> None:
    url = f"{PUBLIC_URL}/x"
    signature = RequestValidator(token).compute_signature(url, form)
    request = request_to(
        "/x",
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded",
        x_twilio_signature=signature,
    )
    assert RequestValidator(token).validate(url, form, signature)
    source_at(PUBLIC_URL, token=token).receive(request)


def test_an_inbound_text(receiver: RunningReceiver, log: EventLog) -> None:
    answer = receiver.send(twilio_post(STOP))

    event = only_event(log)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
    assert answer.body == b"<Response></Response>"
    assert (event.tenant_id, event.source, event.source_event_id) == (TENANT, "twilio", STOP["MessageSid"])
    assert (event.type, event.subject_id) == ("twilio.message.received", STOP["MessageSid"])
    assert event.occurred_at == event.received_at == NOW
    assert (event.body, event.payload) == (urlencode(STOP).encode(), orjson.dumps(STOP))
    assert event.content_type == "application/x-www-form-urlencoded"


def test_a_status_callback_gets_an_empty_answer_and_each_status_once(
    receiver: RunningReceiver, log: EventLog
) -> None:
    sent = UNDELIVERED | {"MessageStatus": "sent", "ErrorCode": ""}
    answers = [receiver.send(twilio_post(form)) for form in (UNDELIVERED, sent, UNDELIVERED)]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"")] * 3
    kept = [(event.source_event_id, event.type, event.subject_id) for event in log.read_after(0, limit=10)]
    assert kept == [
        ("SM1342:undelivered:30003", "twilio.message.undelivered", "SM1342"),
        ("SM1342:sent", "twilio.message.sent", "SM1342"),
    ]


def test_a_callback_that_knows_the_older_status_alone_is_no_text_that_came_in(
    receiver: RunningReceiver, log: EventLog
) -> None:
    older = {name: value for name, value in UNDELIVERED.items() if name != "MessageStatus"}
    receiver.send(twilio_post(older))
    assert only_event(log).type == "twilio.message.undelivered"


@pytest.mark.parametrize(("author", "origin"), [("system", "API"), ("tess", "SDK"), ("+15551230001", "SMS")])
def test_a_conversations_message_is_not_received_by_that_alone(
    receiver: RunningReceiver, log: EventLog, author: str, origin: str
) -> None:
    added = {
        "EventType": "onMessageAdded",
        "ConversationSid": "CH1",
        "MessageSid": "IM1",
        "AccountSid": "AC1",
        "Author": author,
        "Source": origin,
        "Body": "Ten is fine.",
        "DateCreated": "2026-11-01T12:00:00.000Z",
    }
    assert [receiver.send(twilio_post(added)).status for _ in range(2)] == [200, 200]
    event = only_event(log)
    assert (event.type, event.subject_id) == ("twilio.conversation.onMessageAdded", "IM1")
    assert event.occurred_at == datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_a_callback_by_get_signs_its_query(receiver: RunningReceiver, log: EventLog) -> None:
    query = urlencode(UNDELIVERED)
    signature = RequestValidator(TWILIO_TOKEN).compute_signature(f"{PUBLIC_URL}/webhooks/{TENANT}/twilio?{query}", {})
    post = twilio_post({}).changed(method="GET", body=b"", query=query, headers={"x-twilio-signature": signature})

    assert receiver.send(post).status == 200
    assert orjson.loads(only_event(log).payload) == UNDELIVERED


def test_the_query_of_the_url_is_signed(receiver: RunningReceiver) -> None:
    post = twilio_post(STOP, query="tag=a%20b&x=1")
    assert receiver.send(post).status == 200
    assert receiver.send(post.changed(query="tag=a%20b&x=2")).status == 401


def test_repeated_fields_keep_all_their_values(receiver: RunningReceiver, log: EventLog) -> None:
    body = b"MessageSid=SM9&Tag=b&Tag=a&Tag=b"
    url = f"{PUBLIC_URL}/webhooks/{TENANT}/twilio"
    # Each different value once, in order: as RequestValidator does for a multi-valued mapping.
    signed = RequestValidator(TWILIO_TOKEN).compute_signature(url + "MessageSidSM9TagaTagb", {})
    receiver.send(twilio_post(body).with_headers(x_twilio_signature=signed))
    assert orjson.loads(only_event(log).payload) == {"MessageSid": "SM9", "Tag": ["b", "a", "b"]}


@pytest.mark.parametrize("token", ["new-token", "old-token"])
def test_every_live_token_passes(start: StartReceiver, token: str) -> None:
    environ = environment() | {"FRONTDESK_SALON_TWILIO_AUTH_TOKEN": "new-token,old-token"}
    assert start(environ=environ).send(twilio_post(STOP, token=token)).status == 200


@pytest.mark.parametrize(
    ("header", "reason"), [(None, "signature_missing"), ("AAAA", "signature_invalid"), ("\xff", "signature_invalid")]
)
def test_missing_and_wrong_signatures(receiver: RunningReceiver, header: str | None, reason: str) -> None:
    answer = receiver.send(twilio_post(STOP).with_headers(x_twilio_signature=header))
    assert (answer.status, answer.outcome) == (401, reason)


def test_an_unknown_algorithm_is_refused(receiver: RunningReceiver) -> None:
    post = twilio_post(STOP).with_headers(x_twilio_webhooks_signature_settings="key=k,algorithm=NONE")
    assert receiver.send(post).outcome == "signature_invalid"


def test_a_json_body_must_match_the_hash_that_is_signed(receiver: RunningReceiver) -> None:
    post = twilio_json_post({"MessageSid": "SM1", "MessageStatus": "sent"})
    assert receiver.send(post).status == 200
    assert receiver.send(post.changed(body=post.body + b" ")).outcome == "signature_invalid"
    assert receiver.send(post.changed(query="")).outcome == "signature_missing"
    other = sha256(b"{}").hexdigest()
    assert receiver.send(post.changed(body=b"{}", query=f"bodySHA256={other}")).outcome == "signature_invalid"


def test_another_accounts_callbacks_are_refused(start: StartReceiver) -> None:
    receiver = start(source_settings={"twilio": {"account_sid": "AC1"}})
    assert receiver.send(twilio_post(STOP)).outcome == "wrong_account"
    assert receiver.send(twilio_post(UNDELIVERED)).status == 200


def test_what_is_no_message_is_kept_too(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(twilio_post({"CallSid": "CA1", "CallStatus": "completed"}))
    receiver.send(twilio_post({"Anything": "else"}))
    kept = [(event.type, event.subject_id) for event in log.read_after(0, limit=10)]
    assert kept == [("twilio.call.completed", "CA1"), ("twilio.callback", None)]


def test_more_fields_than_any_form_has(receiver: RunningReceiver) -> None:
    body = b"&".join(b"a%d=" % number for number in range(1_001))
    answer = receiver.send(twilio_post(STOP).changed(body=body, headers={**FORM, "x-twilio-signature": "x"}))
    assert (answer.status, answer.outcome) == (400, "malformed")


def test_the_time_is_when_it_came(receiver: RunningReceiver, log: EventLog) -> None:
    receiver.send(twilio_post(STOP))
    assert only_event(log).occurred_at == datetime(2026, 11, 1, 12, 0, 30, tzinfo=UTC)
