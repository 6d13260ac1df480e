"""The page and the control API over HTTP."""

from __future__ import annotations

import time

import httpx
import pytest

from sandbox.standins.feed import plain_text
from sandbox.standins.segments import count_segments
from tests.sandbox.standins.conftest import CLICKSEND, NUMBER, PHONE, Sandbox, wait_until


def send(sandbox: Sandbox, text: str, *, to: str = PHONE) -> None:
    message = {"to": to, "body": text, "from": NUMBER}
    httpx.post(f"{sandbox.url}/v3/sms/send", json={"messages": [message]}, auth=CLICKSEND).raise_for_status()


def page(sandbox: Sandbox, **query: str) -> str:
    return httpx.get(sandbox.url, params=query).raise_for_status().text


def test_texts_are_shown_newest_first_and_escaped(sandbox: Sandbox) -> None:
    assert "Nothing has been sent yet" in page(sandbox)
    send(sandbox, "First <script>alert(1)</script>")
    send(sandbox, "Second")

    shown = page(sandbox)
    assert shown.index("Second") < shown.index("First &lt;script&gt;alert(1)&lt;/script&gt;")
    assert "NOIZYLAB &lt;repairs&gt;" in shown
    wait_until(lambda: httpx.get(f"{sandbox.url}/feed").text.count("delivered") == 2)


def test_a_reply_is_posted_signed_and_shown(sandbox: Sandbox) -> None:
    sandbox.behave("clicksend", delivery="silent")
    send(sandbox, "Come at nine?")
    send(sandbox, "Another one", to="+16135550143")
    assert f"as {PHONE}</label>" in page(sandbox, tenant="noizylab", phone=PHONE)
    form = {"provider": "twilio", "tenant": "noizylab", "phone": PHONE, "number": NUMBER}

    answer = httpx.post(f"{sandbox.url}/reply", data={**form, "text": "Yes, please"}, follow_redirects=True)
    assert "Yes, please" in answer.text
    stopped = httpx.post(f"{sandbox.url}/reply", data={**form, "keyword": "STOP"}, follow_redirects=True)
    assert "Twilio texts this phone no more" in stopped.text
    assert [b"Body=Yes%2C+please" in one.body for one in sandbox.receiver.posted] == [True, False]
    assert "x-twilio-signature" in sandbox.receiver.posted[0].headers


def test_replies_that_cannot_be_posted(sandbox: Sandbox) -> None:
    assert httpx.post(f"{sandbox.url}/reply", data={"tenant": "noizylab"}).status_code == 422
    inbound = {"provider": "twilio", "tenant": "bare", "phone": PHONE, "text": "Hi"}
    answer = httpx.post(f"{sandbox.url}/control/inbound", json=inbound)
    assert answer.json() == {"outcome": "not delivered: Bare has no twilio account"}
    assert sandbox.receiver.posted == []


def test_behaviour_of_one_tenant_goes_before_that_of_all(sandbox: Sandbox) -> None:
    control = f"{sandbox.url}/control/behaviour/webhook"
    sandbox.behave("webhook", mode="rate_limited")
    httpx.post(control, params={"tenant": "bare"}, json={"mode": "server_error"}).raise_for_status()

    assert [httpx.post(f"{sandbox.url}/hooks/{tenant}").status_code for tenant in ("noizylab", "bare")] == [429, 503]
    assert set(httpx.get(f"{sandbox.url}/control/behaviour").json()) >= {"webhook", "webhook/bare"}
    assert httpx.post(control, params={"tenant": "none"}, json={}).status_code == 404
    assert httpx.post(control, json={"mode": "explode"}).status_code == 422
    wrong_code = httpx.post(control, json={"mode": "permanent_error", "code": "GONE"})
    assert wrong_code.json() == {"detail": "a code of webhook is a number, such as 410"}


def test_latency_is_added(sandbox: Sandbox) -> None:
    sandbox.behave("clicksend", latency_ms=80, delivery="silent")
    started_at = time.monotonic()
    send(sandbox, "Late")
    assert time.monotonic() - started_at >= 0.08


def test_the_ledger_is_read_in_parts_and_reset(sandbox: Sandbox) -> None:
    for text in ("One", "Two", "Three"):
        send(sandbox, text)

    assert [entry["text"] for entry in sandbox.ledger(after=1)["entries"]] == ["Two", "Three"]
    assert sandbox.ledger(provider="twilio")["count"] == sandbox.ledger(tenant="bare")["count"] == 0
    assert "entries" not in sandbox.ledger(entries=False)
    httpx.post(f"{sandbox.url}/control/reset").raise_for_status()
    assert sandbox.ledger()["count"] == 0


def test_an_e_mail_is_shown_as_words() -> None:
    html = (
        "<html><head><style>p {}</style></head><body><p>Dear  Ana,</p><p>due &amp; payable<br>today</p></body></html>"
    )
    assert plain_text(html) == "Dear Ana,\ndue & payable\ntoday"
    assert plain_text("2 < 3") == "2 < 3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ł" * 70, 1),
        ("👋" * 35, 1),
        ("👋" * 36, 2),
    ],
)
def test_parts_of_a_text(text: str, expected: int) -> None:
    assert count_segments(text) == expected
