"""What the stand-ins' tests share: two businesses, a receiver that keeps what it gets, the app over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from sandbox.secrets import TenantSecrets
from sandbox.standins.accounts import Account, Accounts
from sandbox.standins.app import create_app
from sandbox.standins.callbacks import ReceiverAddress
from sandbox.standins.server import running_in_thread

PUBLIC_URL = "https://hooks.example.com"
SID, TOKEN = "AC" + "1" * 32, "twilio-token"
NUMBER, PHONE = "+16135550101", "+16135550142"
CLICKSEND = ("noizylab-user", "clicksend-key")
MAILBOX = "office@noizylab.example"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

ACCOUNTS = Accounts.of(
    [
        Account(
            tenant="noizylab",
            name="NOIZYLAB <repairs>",
            country="CA",
            email=MAILBOX,
            numbers=(NUMBER,),
            secrets=TenantSecrets(
                {
                    "TWILIO_ACCOUNT_SID": SID,
                    "TWILIO_AUTH_TOKEN": TOKEN,
                    "CLICKSEND_USERNAME": CLICKSEND[0],
                    "CLICKSEND_API_KEY": CLICKSEND[1],
                    "CLICKSEND_WEBHOOK_TOKEN": "hook-token",
                    "GRAPH_TENANT_ID": "directory-1",
                    "GRAPH_CLIENT_ID": "client-1",
                    "GRAPH_CLIENT_SECRET": "graph-secret",
                    "OUTGOING_WEBHOOK_SECRET": WEBHOOK_SECRET,
                }
            ),
        ),
        Account("bare", "Bare", "CA", "office@bare.example", ("+16135550177",), TenantSecrets({})),
    ]
)


@dataclass(frozen=True, slots=True)
class Posted:
    """One request that the stand-ins made."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """What came in at the receiver's place."""

    url: str
    posted: list[Posted] = field(default_factory=list)

    def wait_for(self, count: int) -> list[Posted]:
        wait_until(lambda: len(self.posted) >= count)
        return self.posted


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The running stand-ins."""

    url: str
    receiver: Receiver

    def behave(self, provider: str, **behaviour: Any) -> None:
        httpx.post(f"{self.url}/control/behaviour/{provider}", json=behaviour).raise_for_status()

    def ledger(self, **query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/control/ledger", params=query).raise_for_status().json()
        return answer


def wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


@contextmanager
def _receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with _receiver() as receiver:
        app = create_app(ACCOUNTS, receiver=ReceiverAddress(receiver.url, PUBLIC_URL))
        with running_in_thread(app) as url:
            yield Sandbox(url, receiver)


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    httpx.post(f"{running.url}/control/reset").raise_for_status()
    running.receiver.posted.clear()
    for provider in ("twilio", "clicksend"):
        running.behave(provider, callback_delay_ms=0)
    return running
