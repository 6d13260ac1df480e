"""An endpoint for webhooks that Frontdesk sends: verifies Standard Webhooks, takes each webhook-id once.

The caller's reference in the ledger is the webhook-id. A repeated id is answered 200 and counted as `duplicate` among
the requests, not accepted again: that is what the id is for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.sender import utc_now
from sandbox.standins.accounts import OUTGOING_WEBHOOK_SECRET
from sandbox.standins.behaviour import Behaviour
from sandbox.standins.state import StandinState

_TOLERANCE_S = 300
_PERMANENT = 410


class SinkForms:
    """The errors that have nothing to do with the request."""

    def rate_limited(self) -> Response:
        """Return 429."""
        return JSONResponse({"error": "too many requests"}, status_code=429)

    def server_error(self, status: int) -> Response:
        """Return a 5xx."""
        return JSONResponse({"error": "server error"}, status_code=status)


@dataclass(frozen=True, slots=True)
class WebhookSink:
    """The endpoint of every tenant, /hooks/{tenant}, over the ids it has seen."""

    state: StandinState
    seen: set[tuple[str, str]] = field(default_factory=set)  # tenant and webhook-id

    def routes(self) -> Iterator[Route]:
        """Yield the routes."""
        yield Route("/hooks/{tenant}", self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        """Accept a webhook: 200, or 401 if its signature or time is wrong."""
        body = await request.body()
        tenant = request.path_params["tenant"]
        return await self.state.answer(
            request,
            "webhook",
            tenant,
            is_send=True,
            forms=SinkForms(),
            serve=lambda behaviour: self._take(request, tenant, body, behaviour),
        )

    def _take(self, request: Request, tenant: str, body: bytes, behaviour: Behaviour) -> Response:
        if behaviour.mode == "permanent_error":
            return JSONResponse({"error": "refused for good"}, status_code=int(behaviour.code or _PERMANENT))
        account = self.state.accounts.by_tenant.get(tenant)
        secret = account.secret(OUTGOING_WEBHOOK_SECRET) if account else ""
        if fault := find_signature_fault(secret, request.headers, body, now=int(utc_now().timestamp())):
            return JSONResponse({"error": fault}, status_code=401)
        id_ = request.headers["webhook-id"]
        if (tenant, id_) in self.seen:
            self.state.ledger.count_request("webhook", "duplicate")
            return JSONResponse({"status": "duplicate"})
        self.seen.add((tenant, id_))
        self.state.ledger.accept(
            "webhook",
            tenant,
            kind="webhook",
            id=id_,
            sender="",
            recipient=request.url.path,
            text=body.decode(errors="replace"),
            reference=id_,
        )
        return JSONResponse({"status": "accepted"})


def find_signature_fault(secret: str, headers: Mapping[str, str], body: bytes, *, now: int) -> str | None:
    """Return what is wrong with a delivery by https://www.standardwebhooks.com, None if it is right.

    `now` is in Unix seconds; the delivery's time may be 300 s off either way. Only v1 signatures count.
    """
    id_, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not secret:
        return f"this tenant has no {OUTGOING_WEBHOOK_SECRET}"
    if not id_ or not sent_at.isdecimal():
        return "webhook-id or webhook-timestamp is missing or no whole number of seconds"
    if abs(now - int(sent_at)) > _TOLERANCE_S:
        return f"webhook-timestamp is more than {_TOLERANCE_S} s off"
    try:
        encoded = secret.removeprefix("whsec_")
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        return f"{OUTGOING_WEBHOOK_SECRET} is not base64"
    digest = hmac.digest(key, f"{id_}.{sent_at}.".encode() + body, hashlib.sha256)
    expected = b"v1," + base64.b64encode(digest)
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return None if any(hmac.compare_digest(expected, one) for one in given) else "no v1 signature is right"
