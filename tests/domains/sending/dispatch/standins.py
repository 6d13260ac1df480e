"""The providers' stand-ins as these tests drive them: over HTTP, as anybody would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from sandbox.businesses import load_businesses
from sandbox.secrets import TenantSecrets, environment, load_or_make_secrets
from sandbox.standins.accounts import OUTGOING_WEBHOOK_SECRET, open_accounts
from sandbox.standins.app import create_app
from sandbox.standins.callbacks import ReceiverAddress
from sandbox.standins.server import running_in_thread

TENANTS_DIR = Path(__file__).parents[4] / "tenants"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROVIDERS = ("twilio", "clicksend", "graph", "smtp", "webhook")


@dataclass(frozen=True)
class StandIns:
    """Running stand-ins, and what reaches them."""

    url: str
    smtp_port: int
    environ: Mapping[str, str]

    @property
    def secrets(self) -> Secrets:
        return Secrets(self.environ)

    def settings(self, **changes: Any) -> Settings:
        return Settings(
            api_url_twilio=self.url,
            api_url_clicksend=self.url,
            api_url_graph=self.url,
            api_url_graph_login=self.url,
            smtp_host="127.0.0.1",
            webhook_private_hosts="127.0.0.1",
            smtp_port=self.smtp_port,
            tenants_dir=TENANTS_DIR,
            **changes,
        )

    def reset(self) -> None:
        httpx.post(f"{self.url}/control/reset").raise_for_status()
        for provider in ("twilio", "clicksend"):
            self.behave(provider, delivery="silent")

    def behave(self, provider: str, tenant: str | None = None, **behaviour: Any) -> None:
        query = {"tenant": tenant} if tenant else {}
        body = {"delivery": "silent", **behaviour}
        httpx.post(f"{self.url}/control/behaviour/{provider}", json=body, params=query).raise_for_status()

    def ledger(self, **query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/control/ledger", params=query).raise_for_status().json()
        return answer

    def entries(self, **query: Any) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.ledger(**query)["entries"]
        return entries

    def requests(self, provider: str) -> dict[str, int]:
        counts: dict[str, int] = self.ledger()["requests"].get(provider, {})
        return counts

    def stop(self, *, tenant: str, phone: str) -> None:
        """Text STOP from a phone to a tenant; there is no receiver, the provider heeds it all the same."""
        body = {"provider": "twilio", "tenant": tenant, "phone": phone, "text": "STOP"}
        httpx.post(f"{self.url}/control/inbound", json=body).raise_for_status()


@contextmanager
def standing_in(folder: Path) -> Iterator[StandIns]:
    businesses = load_businesses(TENANTS_DIR)
    secrets = {
        slug: TenantSecrets({**made.values, OUTGOING_WEBHOOK_SECRET: WEBHOOK_SECRET})
        for slug, made in load_or_make_secrets(folder, businesses).items()
    }
    nobody = ReceiverAddress("http://127.0.0.1:9", "http://127.0.0.1:9")
    app = create_app(open_accounts(businesses, secrets), receiver=nobody)
    with running_in_thread(app) as url:
        yield StandIns(url, app.state.smtp_port, dict(environment(secrets)))


def wait_until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)
