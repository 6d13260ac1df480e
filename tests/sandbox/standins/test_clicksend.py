"""ClickSend's stand-in over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from tests.sandbox.standins.conftest import CLICKSEND, NUMBER, PHONE, Sandbox

MESSAGE = {"to": PHONE, "body": "Your repair is done", "custom_string": "ready-1"}


def send(sandbox: Sandbox, *messages: dict[str, Any], auth: tuple[str, str] = CLICKSEND) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/v3/sms/send", json={"messages": messages}, auth=auth)


def statuses(response: httpx.Response) -> list[str]:
    assert (response.status_code, response.json()["response_code"]) == (200, "SUCCESS")
    return [message["status"] for message in response.json()["data"]["messages"]]


def test_a_text_is_accepted_kept_in_the_history_and_receipted(sandbox: Sandbox) -> None:
    sent = send(sandbox, MESSAGE).json()["data"]["messages"][0]

    receipt = sandbox.receiver.wait_for(1)[0]
    fields = dict(parse_qsl(receipt.body.decode()))
    assert urlsplit(receipt.path).path == "/webhooks/noizylab/clicksend"
    assert parse_qs(urlsplit(receipt.path).query) == {"token": ["hook-token"]}
    assert (fields["message_id"], fields["status_code"], fields["custom_string"]) == (
        sent["message_id"],
        "201",
        "ready-1",
    )
    history = httpx.get(f"{sandbox.url}/v3/sms/history", params={"q": "custom_string:ready-1"}, auth=CLICKSEND)
    assert [one["message_id"] for one in history.json()["data"]["data"]] == [sent["message_id"]]
    other = httpx.get(f"{sandbox.url}/v3/sms/history", params={"q": "custom_string:ready-2"}, auth=CLICKSEND)
    assert other.json()["data"]["total"] == 0
    looked_up = httpx.get(f"{sandbox.url}/v3/sms/receipts/{sent['message_id']}", auth=CLICKSEND)
    assert looked_up.json()["data"]["status_code"] == 201


def test_a_success_with_messages_that_were_not_accepted(sandbox: Sandbox) -> None:
    wrong = [{**MESSAGE, "to": "abc"}, {**MESSAGE, "body": ""}, {**MESSAGE, "from": "+16135550199"}]
    answer = send(sandbox, MESSAGE, *wrong, MESSAGE)

    assert statuses(answer) == ["SUCCESS", "INVALID_RECIPIENT", "EMPTY_MESSAGE", "INVALID_SENDER_ID", "THROTTLED"]
    assert (answer.json()["data"]["queued_count"], answer.json()["data"]["blocked_count"]) == (1, 4)
    assert [entry["reference"] for entry in sandbox.ledger()["entries"]] == ["ready-1"]


def test_asked_for_errors(sandbox: Sandbox) -> None:
    sandbox.behave("clicksend", mode="permanent_error", code="INSUFFICIENT_CREDIT", times=1)
    assert statuses(send(sandbox, MESSAGE)) == ["INSUFFICIENT_CREDIT"]
    sandbox.behave("clicksend", mode="rate_limited", retry_after_s=None, times=1)
    limited = send(sandbox, MESSAGE)
    assert (limited.status_code, limited.json()["response_code"]) == (429, "TOO_MANY_REQUESTS")
    assert "retry-after" not in limited.headers
    assert send(sandbox, MESSAGE, auth=("noizylab-user", "wrong")).status_code == 401
    assert httpx.post(f"{sandbox.url}/v3/sms/send", content=b"[]", auth=CLICKSEND).status_code == 400
    assert sandbox.ledger()["count"] == 0


def test_a_timeout_after_accepting_is_in_the_history(sandbox: Sandbox) -> None:
    sandbox.behave("clicksend", mode="timeout_after_accepting", hold_ms=0, delivery="silent")
    with pytest.raises(httpx.TransportError):
        send(sandbox, MESSAGE)
    history = httpx.get(f"{sandbox.url}/v3/sms/history", params={"q": "custom_string:ready-1"}, auth=CLICKSEND)
    assert history.json()["data"]["total"] == 1


def test_a_reply_names_the_text_that_it_answers(sandbox: Sandbox) -> None:
    sandbox.behave("clicksend", delivery="silent")
    sent = send(sandbox, MESSAGE).json()["data"]["messages"][0]
    inbound = {"provider": "clicksend", "tenant": "noizylab", "phone": PHONE, "text": "Thanks"}
    httpx.post(f"{sandbox.url}/control/inbound", json=inbound).raise_for_status()

    body = httpx.Response(200, content=sandbox.receiver.wait_for(1)[0].body).json()
    assert (body["from"], body["to"], body["body"]) == (PHONE, NUMBER, "Thanks")
    assert body["original_message_id"] == sent["message_id"]
