"""Stripe: HMAC-SHA256 over `t.body` under the endpoint's whole whsec_ secret (docs.stripe.com/webhooks)."""

from __future__ import annotations

import hmac
from typing import ClassVar, Self

from frontdesk.connectors.bodies import (
    as_object,
    body_id,
    event_type,
    find_text,
    instant_of_seconds,
    instant_of_text,
    parse_json,
)
from frontdesk.connectors.signature_checks import is_any_of
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration
from frontdesk.core.errors import ConfigurationError

#: Stripe's own library looks back this far. It lets any future timestamp pass; we do not.
TOLERANCE_S = 300
#: A connected account whose id is not known yet: `connected_account: any` takes every event of the endpoint.
ANY_ACCOUNT = "any"
_SIGNATURE = b"stripe-signature"
_MAX_TIMESTAMP_DIGITS = 12


class StripeSource(Source):
    """Events of a Stripe endpoint, or of one connected account of a platform's endpoint."""

    name: ClassVar[str] = "stripe"
    secret_names: ClassVar[tuple[str, ...]] = ("STRIPE_WEBHOOK_SECRET",)
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", _SIGNATURE)

    def __init__(self, keys: tuple[bytes, ...], *, connected_account: str | None, livemode: bool | None) -> None:
        self._signers = [hmac.new(key, digestmod="sha256") for key in keys]
        self._connected_account = connected_account
        self._livemode = livemode

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        keys = configuration.secret_keys("STRIPE_WEBHOOK_SECRET")
        if not keys:
            return None
        account = configuration.settings.get("connected_account")
        return cls(keys, connected_account=account, livemode=_livemode(configuration, account=account))

    def receive(self, request: Request) -> Delivery:
        """Check Stripe-Signature; return the event's envelope."""
        self._check_signature(request)
        event = as_object(parse_json(request.body))
        name = event.get("type")
        if not isinstance(name, str) or not name:
            raise RefusedError(Reason.MALFORMED, "the event has no type")
        self._check_account(find_text(event, "account"))
        if self._livemode is not None and event.get("livemode") is not self._livemode:
            # Not refused: a live Connect endpoint gets test events too, and Stripe gives up on one that refuses.
            name = f"other_mode.{name}"
        created = event.get("created")
        return Delivery(
            source_event_id=find_text(event, "id") or body_id(request.body),
            type=event_type(self.name, name),
            payload=request.body,
            parsed=event,
            # Thin events (v2) name the object instead of carrying it, and write `created` as text.
            subject_id=find_text(event, "data", "object", "id") or find_text(event, "related_object", "id"),
            occurred_at=instant_of_seconds(created) or instant_of_text(created),
        )

    def _check_account(self, account: str | None) -> None:
        if self._connected_account == ANY_ACCOUNT:
            return
        if account is None and self._connected_account is not None:
            raise RefusedError(Reason.WRONG_ACCOUNT, "the event is of the platform, not of the connected account")
        if account is not None and self._connected_account is None:
            raise RefusedError(
                Reason.WRONG_ACCOUNT,
                "the event is of a connected account; name it as connected_account under the source's settings",
            )
        if account != self._connected_account:
            raise RefusedError(Reason.WRONG_ACCOUNT, "the event is of another connected account")

    def _check_signature(self, request: Request) -> None:
        header = request.headers.get(_SIGNATURE)
        if not header:
            raise RefusedError(Reason.SIGNATURE_MISSING, "no stripe-signature header")
        timestamp, signatures = _read_signature(header)
        signed = b"%b.%b" % (timestamp, request.body)
        expected = [_hex_of(signer, signed) for signer in self._signers]
        if not any(is_any_of(signature, expected) for signature in signatures):
            raise RefusedError(
                Reason.SIGNATURE_INVALID, "no v1 signature matches the body under any live endpoint secret"
            )
        if abs(request.received_at.timestamp() - int(timestamp)) > TOLERANCE_S:
            raise RefusedError(
                Reason.OUTSIDE_TIME_WINDOW,
                f"signed more than {TOLERANCE_S} s ago, or as far ahead; check both clocks",
            )


def _livemode(configuration: SourceConfiguration, *, account: str | None) -> bool | None:
    """Return the mode whose events count; None for both."""
    text = configuration.settings.get("livemode")
    if text is None:
        return True if account not in (None, ANY_ACCOUNT) else None
    if text.lower() not in ("true", "false"):
        raise ConfigurationError(
            f"tenant {configuration.tenant_id}: stripe: livemode is {text!r}; give true or false"
        )
    return text.lower() == "true"


def _hex_of(signer: hmac.HMAC, signed: bytes) -> bytes:
    # Not hmac.digest: it gives Python's lock away for a microsecond's work, and the log's writer takes it.
    mine = signer.copy()
    mine.update(signed)
    return mine.hexdigest().encode()


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
