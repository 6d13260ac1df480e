"""A receiver of the salon over real HTTP, and requests about its bookings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.files import read_as
from frontdesk.domains.tenancy.tenant import Tenant
from tests.domains.bookings.salon import document
from tests.domains.staff.conftest import quick_passwords
from tests.webhooks.server import served
from tests.webhooks.signing import OWNER_KEY, TENANT, environment
from webhooks.app import create_app


def tenant(**changes: Any) -> Tenant:
    """The salon as a whole business."""
    content = document(**changes) | {
        "slug": TENANT,
        "pipelines": [{"key": "sales", "name": "Sales", "stages": [{"key": "new", "name": "New"}]}],
        "sources": [{"name": "stripe", "secrets": ["STRIPE_WEBHOOK_SECRET"]}],
    }
    return read_as(Tenant, content, name=TENANT)


@contextmanager
def desk(engine: Engine, *, home: Path, clock: Clock, business: Tenant | None = None) -> Iterator[Desk]:
    """Serve the salon; yield who asks it with the owner's key."""
    app = create_app(
        Settings(home=home),
        engine=engine,
        secrets=Secrets(environment()),
        tenants={TENANT: business or tenant()},
        clock=clock,
        passwords=quick_passwords(),
    )
    with served(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Desk(client)


class Desk:
    """Asks in the owner's name, or by another token."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(
        self,
        path: str,
        *,
        token: str = OWNER_KEY,
        begins: datetime | None = None,
        ends: datetime | None = None,
        **query: str,
    ) -> httpx.Response:
        """Ask for something, of a time where one is given."""
        times = {name: at.isoformat() for name, at in (("from", begins), ("to", ends)) if at is not None}
        return self.client.get(f"/v1/{path}", params=query | times, headers=_headers(token))

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, token: str = OWNER_KEY, key: str | None = None
    ) -> httpx.Response:
        """Ask for a change."""
        headers = _headers(token) | ({} if key is None else {"idempotency-key": key})
        return self.client.post(f"/v1/{path}", json=dict(body or {}), headers=headers)

    def patch(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Ask for other details."""
        return self.client.patch(f"/v1/{path}", json=dict(body), headers=_headers(OWNER_KEY))

    def book(self, at: datetime, *, service: str = "cut", key: str | None = None, **more: Any) -> httpx.Response:
        """Ask for a booking."""
        contact = {"phone": "+13125550123", "name": "Ana Ruiz"}
        body = {"service_key": service, "starts_at": at.isoformat(), "contact": contact} | more
        return self.post("bookings", body, key=key)


def _headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
