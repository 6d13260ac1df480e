"""Stripe: HMAC-SHA256 over `t.body` under the endpoint's whole whsec_ secret (docs.stripe.com/webhooks)."""

from __future__ import annotations

import hmac
from typing import ClassVar, Self

from webhooks.sources.base import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration
from webhooks.sources.bodies import (
    as_object,
    body_id,
    event_type,
    find_text,
    instant_of_seconds,
    instant_of_text,
    parse_json,
)
from webhooks.sources.proofs import is_any_of

#: Stripe's own library looks back this far. It lets any future timestamp pass; we do not.
TOLERANCE_S = 300
_SIGNATURE = b"stripe-signature"
_MAX_TIMESTAMP_DIGITS = 12


class StripeSource(Source):
    """Events of a Stripe endpoint, or of one connected account of a platform's endpoint."""

    name: ClassVar[str] = "stripe"
    secret_names: ClassVar[tuple[str, ...]] = ("STRIPE_WEBHOOK_SECRET",)
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", _SIGNATURE)

    def __init__(self, keys: tuple[bytes, ...], *, connected_account: str | None) -> None:
        self._keys = keys
        self._connected_account = connected_account

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        keys = configuration.secret_keys("STRIPE_WEBHOOK_SECRET")
        return cls(keys, connected_account=configuration.settings.get("connected_account")) if keys else None

    def receive(self, request: Request) -> Delivery:
        """Check Stripe-Signature; return the event's envelope."""
        self._check_signature(request)
        event = as_object(parse_json(request.body))
        name = event.get("type")
        if not isinstance(name, str) or not name:
            raise RefusedError(Reason.MALFORMED, "the event has no type")
        account = event.get("account")
        if self._connected_account and account and account != self._connected_account:
            raise RefusedError(Reason.WRONG_ACCOUNT, "the event is of another connected account")
        created = event.get("created")
        return Delivery(
            source_event_id=find_text(event, "id") or body_id(request.body),
            type=event_type(self.name, name),
            payload=request.body,
            # Thin events (v2) name the object instead of carrying it, and write `created` as text.
            subject_id=find_text(event, "data", "object", "id") or find_text(event, "related_object", "id"),
            occurred_at=instant_of_seconds(created) or instant_of_text(created),
        )

    def _check_signature(self, request: Request) -> None:
        header = request.headers.get(_SIGNATURE)
        if not header:
            raise RefusedError(Reason.SIGNATURE_MISSING, "no stripe-signature header")
        timestamp, signatures = _read_signature(header)
        signed = b"%b.%b" % (timestamp, request.body)
        expected = [hmac.digest(key, signed, "sha256").hex().encode() for key in self._keys]
        if not any(is_any_of(signature, expected) for signature in signatures):
            raise RefusedError(
                Reason.SIGNATURE_INVALID, "no v1 signature matches the body under any live endpoint secret"
            )
        if abs(request.received_at.timestamp() - int(timestamp)) > TOLERANCE_S:
            raise RefusedError(
                Reason.OUTSIDE_TIME_WINDOW,
                f"signed more than {TOLERANCE_S} s ago, or as far ahead; check both clocks",
            )


def _read_signature(header: bytes) -> tuple[bytes, list[bytes]]:
    timestamp = b""
    signatures = []
    for part in header.split(b","):
        key, _, value = part.strip().partition(b"=")
        if key == b"t":
            timestamp = value
        elif key == b"v1":  # several while a secret is being rolled; v0 is a fake scheme for tests
            signatures.append(value)
    if not timestamp.isdigit() or len(timestamp) > _MAX_TIMESTAMP_DIGITS or not signatures:
        raise RefusedError(Reason.SIGNATURE_INVALID, "stripe-signature must read t=<unix seconds>,v1=<hex>")
    return timestamp, signatures
