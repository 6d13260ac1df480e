"""Twilio's stand-in, through Twilio's own SDK over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlparse

import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.sandbox.standins.conftest import NUMBER, PHONE, PUBLIC_URL, SID, TOKEN, Sandbox, wait_until

CALLBACK = f"{PUBLIC_URL}/webhooks/noizylab/twilio?command=remind-1#rc=2"


class LocalHttp:
    """Sends the SDK's requests to the sandbox, below the host that they were meant for."""

    def __init__(self, base: str, *, timeout_s: float = 2) -> None:
        self._base = base
        self._http = TwilioHttpClient(timeout=timeout_s)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlparse(url)
        query = f"?{parts.query}" if parts.query else ""
        return self._http.request(method, f"{self._base}/{parts.netloc}{parts.path}{query}", *args, **kwargs)


def client(sandbox: Sandbox, token: str = TOKEN) -> Any:
    return Client(SID, token, http_client=LocalHttp(sandbox.url)).messages


def code_of(messages: Any, **fields: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as refused:
        messages.create(**{"to": PHONE, "from_": NUMBER, "body": "Hi", **fields})
    return refused.value.status, refused.value.code


def test_a_text_is_accepted_delivered_and_called_back_with_right_signatures(sandbox: Sandbox) -> None:
    message = client(sandbox).create(to=PHONE, from_=NUMBER, body="Déjà là 👋", status_callback=CALLBACK)

    assert (message.status, message.num_segments, message.date_sent) == ("queued", "1", None)
    callbacks = sandbox.receiver.wait_for(3)
    told = [dict(parse_qsl(posted.body.decode())) for posted in callbacks]
    assert [one["MessageStatus"] for one in told] == ["sending", "sent", "delivered"]
    assert {one["MessageSid"] for one in told} == {message.sid}
    for posted, fields in zip(callbacks, told, strict=True):
        assert posted.path == "/webhooks/noizylab/twilio?command=remind-1"
        signature = posted.headers["x-twilio-signature"]
        assert RequestValidator(TOKEN).validate(f"{PUBLIC_URL}{posted.path}", fields, signature)
        assert not RequestValidator("other").validate(f"{PUBLIC_URL}{posted.path}", fields, signature)
    fetched = client(sandbox)(message.sid).fetch()
    assert fetched.status == "delivered"
    assert fetched.date_sent is not None


def test_an_undelivered_text_tells_its_error(sandbox: Sandbox) -> None:
    sandbox.behave("twilio", delivery="undelivered", callback_delay_ms=0)
    client(sandbox).create(to=PHONE, from_=NUMBER, body="Hi", status_callback=CALLBACK)

    last = dict(parse_qsl(sandbox.receiver.wait_for(3)[2].body.decode()))
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30003")


def test_a_service_decides_number_and_parts_later(sandbox: Sandbox) -> None:
    sandbox.behave("twilio", delivery="silent")
    message = client(sandbox).create(to=PHONE, messaging_service_sid="MG1", body="Hi")

    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"to": "0161 55"}, (400, 21211)),
        ({"to": "+15005550009"}, (400, 21614)),
        ({"from_": "+16135550199"}, (400, 21606)),
        ({"body": ""}, (400, 21602)),
        ({"body": "x" * 1601}, (400, 21617)),
        ({"status_callback": "https://my_host.example/x"}, (400, 21609)),
    ],
)
def test_wrong_requests_get_twilios_codes(
    sandbox: Sandbox, fields: dict[str, str], expected: tuple[int, int]
) -> None:
    assert code_of(client(sandbox), **fields) == expected
    assert sandbox.ledger()["count"] == 0


def test_wrong_credentials_and_unknown_texts(sandbox: Sandbox) -> None:
    assert code_of(client(sandbox, token="wrong")) == (401, 20003)
    with pytest.raises(TwilioRestException) as missing:
        client(sandbox)("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_after_stop_a_phone_is_texted_no_more_until_start(sandbox: Sandbox) -> None:
    def text(words: str) -> None:
        inbound = {"provider": "twilio", "tenant": "noizylab", "phone": PHONE, "text": words}
        answer = httpx.post(f"{sandbox.url}/control/inbound", json=inbound)
        assert answer.json() == {"outcome": "the receiver answered 200"}

    text(" stop ")
    assert code_of(client(sandbox)) == (400, 21610)
    text("please stop calling me")
    text("START")
    client(sandbox).create(to=PHONE, from_=NUMBER, body="Welcome back")

    first = sandbox.receiver.posted[0]
    fields = dict(parse_qsl(first.body.decode(), keep_blank_values=True))
    assert fields["OptOutType"] == "STOP"
    url = f"{PUBLIC_URL}/webhooks/noizylab/twilio"
    assert RequestValidator(TOKEN).validate(url, fields, first.headers["x-twilio-signature"])


def test_the_sdk_pages_through_a_list_and_filters_it(sandbox: Sandbox) -> None:
    sandbox.behave("twilio", delivery="silent")
    messages = client(sandbox)
    for number in range(7):
        messages.create(to=PHONE, from_=NUMBER, body=f"Text {number}")
    messages.create(to="+16135550143", from_=NUMBER, body="To another")
    now = datetime.now(UTC)

    assert [one.body for one in messages.list(to=PHONE, page_size=3)] == [f"Text {n}" for n in range(6, -1, -1)]
    assert len(messages.list(to=PHONE, date_sent_after=now - timedelta(minutes=1))) == 7
    assert messages.list(to=PHONE, date_sent_after=now + timedelta(minutes=1)) == []
    assert len(messages.list(date_sent_before=now + timedelta(minutes=1))) == 8


def test_trouble_for_so_many_requests_then_none(sandbox: Sandbox) -> None:
    messages = client(sandbox)
    sandbox.behave("twilio", mode="rate_limited", times=2, delivery="silent")
    assert code_of(messages) == code_of(messages) == (429, 20429)
    messages.create(to=PHONE, from_=NUMBER, body="Third time")
    sandbox.behave("twilio", mode="server_error", status=502, times=1, delivery="silent")
    assert code_of(messages)[0] == 502
    sandbox.behave("twilio", mode="permanent_error", code="21408", delivery="silent")
    assert code_of(messages) == (400, 21408)

    ledger = sandbox.ledger()
    assert [entry["text"] for entry in ledger["entries"]] == ["Third time"]
    assert ledger["requests"]["twilio"] == {"429": 2, "201": 1, "502": 1, "400": 1}


@pytest.mark.parametrize("hold_ms", [0, 60_000])
def test_a_timeout_after_accepting_is_found_by_look_up(sandbox: Sandbox, hold_ms: int) -> None:
    sandbox.behave("twilio", mode="timeout_after_accepting", hold_ms=hold_ms, times=1, delivery="silent")
    with pytest.raises(requests.RequestException):
        create_impatiently(sandbox)

    assert [one.body for one in client(sandbox).list(to=PHONE)] == ["Hi"]
    ledger = sandbox.ledger()
    assert (ledger["count"], ledger["count_unanswered"], ledger["repeated_references"]) == (1, 1, [])
    client(sandbox).create(to=PHONE, from_=NUMBER, body="Hi", status_callback=CALLBACK)
    ledger = sandbox.ledger(entries=False)
    assert [one["count"] for one in ledger["repeated_references"]] == [2]
    assert [one["count"] for one in ledger["repeated_contents"]] == [2]


def create_impatiently(sandbox: Sandbox) -> None:
    http = LocalHttp(sandbox.url, timeout_s=0.3)
    Client(SID, TOKEN, http_client=http).messages.create(to=PHONE, from_=NUMBER, body="Hi", status_callback=CALLBACK)


def test_down_resets_look_ups_too(sandbox: Sandbox) -> None:
    sandbox.behave("twilio", mode="down")
    with pytest.raises(requests.ConnectionError):
        client(sandbox).list()
    assert sandbox.ledger()["requests"]["twilio"]["down"] >= 1


def test_an_unreachable_callback_is_shown(sandbox: Sandbox) -> None:
    client(sandbox).create(to=PHONE, from_=NUMBER, body="Hi", status_callback="http://127.0.0.1:9/none")
    wait_until(lambda: sandbox.ledger(entries=False)["callbacks"].get("unreachable", 0) == 3)
    assert "127.0.0.1:9" in sandbox.ledger(entries=False)["callbacks"]["problems"][0]
