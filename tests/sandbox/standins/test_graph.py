"""Microsoft Graph's stand-in over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.standins.conftest import MAILBOX, Sandbox

CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "client-1",
    "client_secret": "graph-secret",
    "scope": "https://graph.microsoft.com/.default",
}
MESSAGE: dict[str, Any] = {
    "subject": "Invoice",
    "body": {"contentType": "HTML", "content": "<p>Due &amp; payable</p>"},
    "toRecipients": [{"emailAddress": {"address": "ana@example.com"}}],
    "internetMessageHeaders": [{"name": "x-frontdesk-command", "value": "invoice-1"}],
}


def ask_token(sandbox: Sandbox, **changes: str) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/directory-1/oauth2/v2.0/token", data={**CREDENTIALS, **changes})


@pytest.fixture
def graph(sandbox: Sandbox) -> httpx.Client:
    token = ask_token(sandbox).json()["access_token"]
    return httpx.Client(
        base_url=f"{sandbox.url}/v1.0/users/{MAILBOX}", headers={"Authorization": f"Bearer {token}"}, timeout=2
    )


def test_mail_is_accepted_without_an_id(sandbox: Sandbox, graph: httpx.Client) -> None:
    answer = graph.post("/sendMail", json={"message": MESSAGE})

    assert (answer.status_code, answer.content) == (202, b"")
    entry = sandbox.ledger()["entries"][0]
    assert (entry["kind"], entry["recipient"], entry["reference"]) == ("e-mail", "ana@example.com", "invoice-1")


def test_a_draft_is_sent_once_and_found_by_its_message_id(sandbox: Sandbox, graph: httpx.Client) -> None:
    draft = graph.post("/messages", json=MESSAGE)
    assert draft.status_code == 201
    assert sandbox.ledger()["count"] == 0
    sandbox.behave("graph", mode="timeout_after_accepting", hold_ms=0, times=1)
    with pytest.raises(httpx.TransportError):
        graph.post(f"/messages/{draft.json()['id']}/send")

    again = graph.post(f"/messages/{draft.json()['id']}/send")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "ErrorItemNotFound")
    wanted = {"$filter": f"internetMessageId eq '{draft.json()['internetMessageId']}'"}
    found = graph.get("/mailFolders/sentitems/messages", params=wanted).json()["value"]
    assert [one["isDraft"] for one in found] == [False]
    assert graph.get("/mailFolders/drafts/messages", params=wanted).json()["value"] == []
    assert sandbox.ledger()["count"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "other"}, 400, "unauthorized_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "Mail.Send"}, 400, "invalid_scope"),
    ],
)
def test_wrong_token_requests(sandbox: Sandbox, changes: dict[str, str], status: int, error: str) -> None:
    answer = ask_token(sandbox, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_throttling_says_when_to_come_back(sandbox: Sandbox, graph: httpx.Client) -> None:
    sandbox.behave("graph", mode="rate_limited", retry_after_s=7, times=1)
    assert ask_token(sandbox).status_code == 200  # no request that sends: it uses up nothing
    limited = graph.post("/sendMail", json={"message": MESSAGE})

    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert graph.post("/sendMail", json={"message": MESSAGE}).status_code == 202


def test_refusals(sandbox: Sandbox, graph: httpx.Client) -> None:
    url = f"{sandbox.url}/v1.0/users/{MAILBOX}/sendMail"
    assert httpx.post(url, json={"message": MESSAGE}).json()["error"]["code"] == "InvalidAuthenticationToken"
    other = str(graph.base_url).replace(MAILBOX, "someone@else.example")
    assert graph.post(f"{other}sendMail", json={"message": MESSAGE}).status_code == 403
    nobody = {**MESSAGE, "toRecipients": []}
    assert graph.post("/sendMail", json={"message": nobody}).json()["error"]["code"] == "ErrorInvalidRecipients"
    sandbox.behave("graph", mode="permanent_error")
    assert graph.post("/sendMail", json={"message": MESSAGE}).json()["error"]["code"] == "ErrorSendAsDenied"
    assert sandbox.ledger()["count"] == 0
