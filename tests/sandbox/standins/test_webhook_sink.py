"""The webhook sink: it must take the standard's own vector, and nothing that differs from it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import httpx
import pytest

from sandbox.standins.webhook_sink import find_signature_fault
from tests.sandbox.standins.conftest import WEBHOOK_SECRET, Sandbox

# The vector of the Standard Webhooks libraries' own tests.
ID, SENT_AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(SENT_AT), "webhook-signature": f"v1a,AA {SIGNATURE}"}


@pytest.mark.parametrize("off", [-300, 0, 300])
def test_the_standards_vector_is_right(off: int) -> None:
    assert find_signature_fault(WEBHOOK_SECRET, HEADERS, BODY, now=SENT_AT + off) is None


@pytest.mark.parametrize(
    ("headers", "body", "off"),
    [
        (HEADERS, BODY + b" ", 0),
        (HEADERS, BODY, 301),
        (HEADERS, BODY, -301),
        ({**HEADERS, "webhook-id": "msg_other"}, BODY, 0),
        ({**HEADERS, "webhook-signature": "v1"}, BODY, 0),
        ({**HEADERS, "webhook-timestamp": "1614265330.5"}, BODY, 0),
        ({}, BODY, 0),
    ],
)
def test_anything_else_is_wrong(headers: dict[str, str], body: bytes, off: int) -> None:
    assert find_signature_fault(WEBHOOK_SECRET, headers, body, now=SENT_AT + off)


def post(sandbox: Sandbox, *, tenant: str = "noizylab", body: bytes = b'{"type":"a"}') -> httpx.Response:
    now = int(time.time())
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"msg_1.{now}.".encode() + b'{"type":"a"}', hashlib.sha256)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return httpx.post(f"{sandbox.url}/hooks/{tenant}", content=body, headers=headers)


def test_each_id_is_taken_once(sandbox: Sandbox) -> None:
    assert [post(sandbox).json()["status"] for _ in range(2)] == ["accepted", "duplicate"]

    ledger = sandbox.ledger()
    assert [entry["reference"] for entry in ledger["entries"]] == ["msg_1"]
    assert ledger["requests"]["webhook"] == {"200": 2, "duplicate": 1}


def test_refusals(sandbox: Sandbox) -> None:
    assert post(sandbox, body=b'{"type":"b"}').status_code == 401
    assert post(sandbox, tenant="bare").json() == {"error": "this tenant has no OUTGOING_WEBHOOK_SECRET"}
    sandbox.behave("webhook", mode="permanent_error")
    assert post(sandbox).status_code == 410
    sandbox.behave("webhook", mode="server_error", retry_after_s=3)
    assert (post(sandbox).status_code, post(sandbox).headers["retry-after"]) == (503, "3")
    assert sandbox.ledger()["count"] == 0
