"""Proof: remote online notarization events (V2), signed with HMAC-SHA256 under the API key itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

from sandbox.delivery import JSON, Attempt, Delivery, SignedRequest
from sandbox.identifiers import base62


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Sign the raw body and nothing else."""
    key = attempt.secrets["PROOF_API_KEY"].encode()
    signature = hmac.new(key, delivery.body, hashlib.sha256).hexdigest()
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/proof",
        headers=(("Content-Type", JSON), ("X-Notarize-Signature", signature)),
        body=delivery.body,
    )


def transaction_id(booking_key: str) -> str:
    """Return Proof's id of a booking's transaction."""
    return f"ot_{base62('proof', booking_key, length=7).lower()}"


def event(at: datetime, tenant: str, name: str, *, booking_key: str, has_meeting: bool = False) -> Delivery:
    """Return `transaction.<name>`: no event id; time with microseconds, as Proof writes it."""
    data = {"transaction_id": transaction_id(booking_key)}
    if has_meeting:
        data["meeting_id"] = f"me_{base62('meeting', booking_key, length=7).lower()}"
    data["date_occurred"] = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    event_name = f"transaction.{name}"
    content = {"event": event_name, "data": data}
    body = json.dumps(content, separators=(",", ":")).encode()
    key = ":".join((event_name, *data.values()))
    return Delivery(tenant=tenant, source="proof", scheme="proof", at=at, key=key, body=body)
