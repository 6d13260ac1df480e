"""GoHighLevel: Ed25519 over the raw body; the older RSA only if no Ed25519 signature came; workflows by token.

Source: GoHighLevel/highlevel-api-docs, @gohighlevel/api-client 3.1 and help article 155000007071.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from frontdesk.connectors.bodies import as_object, body_id, event_type, find_text, instant_of_text, parse_json
from frontdesk.connectors.keys import load_ed25519_keys, load_rsa_keys
from frontdesk.connectors.signature_checks import check_token, find_token
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration
from frontdesk.core.errors import ConfigurationError

#: The advised five minutes would refuse genuine retries, which come for 70 minutes with the first body, and history
#: that is sent again. A replay adds nothing in any case: the log knows its webhookId for ever.
DEFAULT_REPLAY_WINDOW_DAYS = 800
_ED25519 = b"x-ghl-signature"
_RSA = b"x-wh-signature"
_ABSENT = b"N/A"  # sent in the place of a signature that there is not


class GoHighLevelSource(Source):
    """Marketplace webhooks, which are signed, and workflow actions, which are not."""

    name: ClassVar[str] = "gohighlevel"
    secret_names: ClassVar[tuple[str, ...]] = (
        "GOHIGHLEVEL_ED25519_PUBLIC_KEY",
        "GOHIGHLEVEL_RSA_PUBLIC_KEY",
        "GOHIGHLEVEL_WEBHOOK_TOKEN",
    )
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", _ED25519, _RSA)
    #: Every other answer, 5xx included, is final: the event would be lost.
    unavailable_status: ClassVar[int] = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(
        self,
        *,
        ed25519_keys: tuple[Ed25519PublicKey, ...],
        rsa_keys: tuple[RSAPublicKey, ...],
        tokens: tuple[bytes, ...],
        location_id: str | None,
        replay_window: timedelta,
    ) -> None:
        self._ed25519_keys = ed25519_keys
        self._rsa_keys = rsa_keys
        self._tokens = tokens
        self._location_id = location_id
        self._replay_window = replay_window

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        ed25519_keys = load_ed25519_keys(configuration, "GOHIGHLEVEL_ED25519_PUBLIC_KEY")
        rsa_keys = load_rsa_keys(configuration, "GOHIGHLEVEL_RSA_PUBLIC_KEY")
        tokens = configuration.secret_keys("GOHIGHLEVEL_WEBHOOK_TOKEN")
        if not ed25519_keys and not rsa_keys and not tokens:
            return None
        return cls(
            ed25519_keys=ed25519_keys,
            rsa_keys=rsa_keys,
            tokens=tokens,
            location_id=configuration.settings.get("location_id"),
            replay_window=_replay_window(configuration),
        )

    def receive(self, request: Request) -> Delivery:
        """Check the signature or token; return the event's envelope."""
        is_signed = self._check_proof(request)
        event = as_object(parse_json(request.body))
        location = find_text(event, "locationId") or find_text(event, "location", "id")
        if self._location_id and location != self._location_id:
            # The keys are HighLevel's own, the same for all: the location tells whose it is.
            raise RefusedError(Reason.WRONG_ACCOUNT, "locationId is not the configured location")
        occurred_at = instant_of_text(event.get("timestamp"))
        if is_signed and occurred_at and request.received_at - occurred_at > self._replay_window:
            raise RefusedError(Reason.OUTSIDE_TIME_WINDOW, f"the event is older than {self._replay_window.days} days")
        name = find_text(event, "type")
        return Delivery(
            source_event_id=find_text(event, "webhookId") or body_id(request.body),
            type=event_type(self.name, (name or "unnamed") if is_signed else "workflow"),
            payload=request.body,
            parsed=event,
            subject_id=_find_subject(event),
            occurred_at=occurred_at,
        )

    def _check_proof(self, request: Request) -> bool:
        """Return whether the request is signed (True) or brought the workflows' token (False)."""
        ed25519 = _signature(request, _ED25519)
        rsa = _signature(request, _RSA)
        if ed25519 is not None:  # a wrong one is refused: falling back would let the weaker scheme decide
            if not any(_verifies_ed25519(key, ed25519, request.body) for key in self._ed25519_keys):
                raise RefusedError(Reason.SIGNATURE_INVALID, "x-ghl-signature matches the body under no live key")
            return True
        if rsa is not None and self._rsa_keys:
            if not any(_verifies_rsa(key, rsa, request.body) for key in self._rsa_keys):
                raise RefusedError(Reason.SIGNATURE_INVALID, "x-wh-signature matches the body under no live key")
            return True
        if self._tokens:
            check_token(find_token(request), self._tokens)
            return False
        raise RefusedError(Reason.SIGNATURE_MISSING, "no x-ghl-signature header")


def _signature(request: Request, header: bytes) -> bytes | None:
    value = request.headers.get(header, b"").strip()
    return value if value and value != _ABSENT else None


def _verifies_ed25519(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(b64decode(signature, validate=True), body)
    except (InvalidSignature, ValueError):
        return False
    return True


def _verifies_rsa(key: RSAPublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(b64decode(signature, validate=True), body, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _find_subject(event: dict[str, Any]) -> str | None:
    paths = (("id",), ("appointment", "id"), ("messageId",), ("contactId",), ("contact_id",))
    return next((found for path in paths if (found := find_text(event, *path))), None)


def _replay_window(configuration: SourceConfiguration) -> timedelta:
    text = configuration.settings.get("replay_window_days", str(DEFAULT_REPLAY_WINDOW_DAYS))
    try:
        return timedelta(days=float(text))
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"tenant {configuration.tenant_id}: gohighlevel: replay_window_days is {text!r}; give a number of days"
        ) from error
