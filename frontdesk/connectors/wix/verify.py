"""Wix: an app's webhook is one JWT (RS256) with three layers of JSON in it; a site's own code signs with HMAC.

Source: dev.wix.com "About webhooks" and the event handlers of @wix/sdk 1.21. No Wix page defines the HMAC headers:
they are an agreement between the site's Velo code and this receiver, see _receive_signed_post.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from frontdesk.connectors.bodies import (
    as_object,
    body_id,
    event_type,
    find_text,
    instant_of_milliseconds,
    instant_of_seconds,
    instant_of_text,
    parse_json,
)
from frontdesk.connectors.keys import load_rsa_keys
from frontdesk.connectors.signature_checks import check_hmac_sha256_hex, check_window
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration

#: A site's own posts are refused beyond it; app webhooks bring their own expiry.
TOLERANCE_S = 300
#: How far the clocks may disagree about a token's expiry.
EXPIRY_LEEWAY_S = 60
_SIGNATURE = b"x-wix-webhook-signature"
_TIMESTAMP = b"x-wix-webhook-timestamp"
_MILLISECOND_DIGITS = 13
_JWT_DOTS = 2  # header, claims, signature
#: Checked here against our own clock; PyJWT would use the machine's.
_DECODE_OPTIONS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


class WixSource(Source):
    """Domain events of an installed Wix app, and signed posts of a site's own code."""

    name: ClassVar[str] = "wix"
    secret_names: ClassVar[tuple[str, ...]] = ("WIX_PUBLIC_KEY", "WIX_WEBHOOK_SECRET")
    media_types: ClassVar[tuple[str, ...] | None] = (
        "text/plain",
        "application/jwt",
        "application/json",
        "application/octet-stream",
    )
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", _SIGNATURE, _TIMESTAMP)
    patience_s: ClassVar[float] = 1.0  # Wix waits 1,250 ms

    def __init__(
        self, *, public_keys: tuple[RSAPublicKey, ...], hmac_keys: tuple[bytes, ...], instance_id: str | None
    ) -> None:
        self._public_keys = public_keys
        self._hmac_keys = hmac_keys
        self._instance_id = instance_id

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        public_keys = load_rsa_keys(configuration, "WIX_PUBLIC_KEY")
        hmac_keys = configuration.secret_keys("WIX_WEBHOOK_SECRET")
        if not public_keys and not hmac_keys:
            return None
        return cls(
            public_keys=public_keys,
            hmac_keys=hmac_keys,
            instance_id=configuration.settings.get("instance_id"),
        )

    def receive(self, request: Request) -> Delivery:
        """Check the JWT or the HMAC; return the event's envelope."""
        if _SIGNATURE in request.headers:
            return self._receive_signed_post(request)
        return self._receive_app_webhook(request)

    def _receive_app_webhook(self, request: Request) -> Delivery:
        claims = self._decode(request.body.strip())
        _check_lifetime(claims, now=request.received_at)
        message = as_object(_unwrap(claims.get("data")))
        if self._instance_id and message.get("instanceId") != self._instance_id:
            # Any event of the app verifies, of whatever site: the instance tells whose it is.
            raise RefusedError(Reason.WRONG_ACCOUNT, "instanceId is not the configured installation")
        event = as_object(_unwrap(message.get("data")))
        name = find_text(message, "eventType")
        if not name:
            raise RefusedError(Reason.MALFORMED, "the message has no eventType")
        identity = message.get("identity")
        payload = {
            "eventType": name,
            "instanceId": message.get("instanceId"),
            "identity": None if identity is None else _unwrap(identity),
            "event": _verbatim(message["data"]),
        }
        return Delivery(
            # Not the body's hash: a redelivery is signed anew.
            source_event_id=find_text(event, "id") or body_id(orjson.dumps(payload)),
            type=event_type(self.name, name.removeprefix(f"{self.name}.")),
            payload=orjson.dumps(payload),
            subject_id=find_text(event, "entityId"),
            occurred_at=instant_of_text(event.get("eventTime")),
        )

    def _decode(self, token: bytes) -> dict[str, Any]:
        if token.count(b".") != _JWT_DOTS:
            raise RefusedError(Reason.SIGNATURE_MISSING, "no JWT in the body, and no x-wix-webhook-signature header")
        for key in self._public_keys:
            try:
                return jwt.decode(token, key, algorithms=["RS256"], options=_DECODE_OPTIONS)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
                raise RefusedError(Reason.SIGNATURE_INVALID, "the JWT is no RS256 token with claims") from error
        raise RefusedError(Reason.SIGNATURE_INVALID, "the JWT is signed by none of the configured public keys")

    def _receive_signed_post(self, request: Request) -> Delivery:
        """Read a post of the site's own code.

        X-Wix-Webhook-Signature is the lower-case hex HMAC-SHA256 of the raw body under WIX_WEBHOOK_SECRET.
        X-Wix-Webhook-Timestamp (Unix seconds or milliseconds, or ISO 8601) is optional and not signed; if it is
        given it must be within the window.
        """
        check_hmac_sha256_hex(request, _SIGNATURE, request.body, self._hmac_keys)
        if _TIMESTAMP in request.headers:
            check_window(_timestamp(request), now=request.received_at, seconds=TOLERANCE_S)
        event = as_object(parse_json(request.body))
        name = find_text(event, "event") or find_text(event, "eventType") or "unnamed"
        return Delivery(
            # Not `id`: in hand-written posts that is as often the booking's as the event's.
            source_event_id=find_text(event, "eventId") or body_id(request.body),
            type=event_type(self.name, name.removeprefix(f"{self.name}.")),
            payload=request.body,
            subject_id=find_text(event, "bookingId") or find_text(event, "entityId"),
            occurred_at=instant_of_text(event.get("eventTime")),
        )


def _check_lifetime(claims: dict[str, Any], *, now: datetime) -> None:
    for claim, sign in (("exp", 1), ("nbf", -1)):
        if claim not in claims:
            continue
        limit = instant_of_seconds(claims[claim])
        if limit is None or sign * (now - limit).total_seconds() > EXPIRY_LEEWAY_S:
            raise RefusedError(Reason.OUTSIDE_TIME_WINDOW, f"the JWT's {claim} does not allow it now")


def _timestamp(request: Request) -> datetime | None:
    text = request.headers[_TIMESTAMP].decode("latin-1")
    if len(text) == _MILLISECOND_DIGITS and text.isdigit():
        return instant_of_milliseconds(text)
    return instant_of_seconds(text) or instant_of_text(text)


def _unwrap(value: Any) -> Any:
    """Return what a string of JSON holds; Wix nests them, and some legacy events do not."""
    # surrogatepass: what is no valid text becomes bytes that the parser refuses.
    return parse_json(value.encode(errors="surrogatepass")) if isinstance(value, str) else value


def _verbatim(value: Any) -> Any:
    # The event's JSON as Wix wrote it, so that no number changes on the way.
    return orjson.Fragment(value) if isinstance(value, str) else value
