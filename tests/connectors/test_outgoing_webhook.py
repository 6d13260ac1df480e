"""Where webhooks may go: to the internet, by TLS, to the very address that was looked at."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest

from frontdesk.connectors.answers import Refused
from frontdesk.connectors.content import WebhookBody
from frontdesk.connectors.http_calls import open_client
from frontdesk.connectors.outgoing_webhook.addresses import (
    AddressRefusedError,
    NameUnknownError,
    OutgoingAddresses,
    is_public,
)
from frontdesk.connectors.outgoing_webhook.deliver import WebhookDeliverer
from frontdesk.core.errors import ConfigurationError
from tests.clocks import SetClock

SECRET = "whsec_" + base64.b64encode(bytes(24)).decode()


def addresses(*found: str, private: str = "") -> OutgoingAddresses:
    return OutgoingAddresses(private_hosts=frozenset(filter(None, [private])), resolve=lambda *_: list(found))


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
        ),
        *("192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.192"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fc00::1", "ff02::1", "2001:db8::1", "fec0::1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1", "2001::1"),
        "no address",
    ],
)
def test_what_is_inside_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(AddressRefusedError, match="FRONTDESK_WEBHOOK_PRIVATE_HOSTS"):
        addresses(address).find("https://partner.example/hook")
    with pytest.raises(AddressRefusedError):  # one of several is enough
        addresses("1.1.1.1", address).find("https://partner.example/hook")


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hook",
        "https://user@partner.example/hook",
        "ftp://partner.example/hook",
        "https://",
        "//partner.example",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://2130706433/hook",
        "https://0x7f.1/hook",
        "https://localhost/hook",
        "https://127.0.0.1.:8443/hook",
    ],
)
def test_spellings_of_the_inside_are_refused(url: str) -> None:
    with pytest.raises((AddressRefusedError, NameUnknownError)):
        OutgoingAddresses().find(url)


def test_the_request_goes_to_the_address_that_was_looked_at_in_the_name_of_the_host() -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["1.1.1.1"] if len(asked) == 1 else ["127.0.0.1"]

    target = OutgoingAddresses(resolve=resolve).find("https://Partner.example:8443/hook?a=b")
    assert (str(target.url), target.host, target.server_name) == (
        "https://1.1.1.1:8443/hook?a=b",
        "partner.example:8443",
        "partner.example",
    )
    assert asked == ["partner.example"]


def test_a_name_that_is_not_found_is_tried_again() -> None:
    with pytest.raises(NameUnknownError):
        OutgoingAddresses().find("https://nothing.invalid/hook")
    with pytest.raises(NameUnknownError):
        addresses().find("https://partner.example/hook")


class Partner(BaseHTTPRequestHandler):
    """Answers a post by sending it on to another address of this machine."""

    paths: ClassVar[list[tuple[str, str | None]]] = []

    def do_POST(self) -> None:
        Partner.paths.append((self.path, self.headers["host"]))
        self.send_response(307)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_named_host_inside_is_posted_to_and_redirects_are_not_followed() -> None:
    server = HTTPServer(("127.0.0.1", 0), Partner)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://office.internal:{server.server_port}/hook"
    body = WebhookBody(endpoint="office", body=b"{}")

    def post(outgoing: OutgoingAddresses) -> Any:
        deliverer = WebhookDeliverer(
            open_client("http://127.0.0.1", timeout=httpx.Timeout(5)),
            addresses=outgoing,
            endpoints={"office": (url, (SECRET,))},
            clock=SetClock(datetime(2026, 11, 1, tzinfo=UTC)),
        )
        return deliverer.deliver("key", body)

    refused = post(addresses("127.0.0.1"))
    assert isinstance(refused, Refused)
    assert refused.is_permanent
    assert Partner.paths == []
    answered = post(addresses("127.0.0.1", private="office.internal"))
    server.shutdown()
    server.server_close()
    assert isinstance(answered, Refused)
    assert answered.error_code == "307"
    assert Partner.paths == [("/hook", f"office.internal:{server.server_port}")]


@pytest.mark.parametrize("size", [0, 1, 16, 23])
def test_a_short_secret_is_refused(size: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(size)).decode()
    with pytest.raises(ConfigurationError, match="24 are needed"):
        WebhookDeliverer(
            httpx.Client(),
            addresses=OutgoingAddresses(),
            endpoints={"office": ("https://office.example", (secret,))},
            clock=SetClock(datetime(2026, 11, 1, tzinfo=UTC)),
        )
