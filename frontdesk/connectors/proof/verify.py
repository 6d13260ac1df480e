"""Proof (formerly Notarize): HMAC-SHA256 of the raw body under the API key, in lower-case hex."""

from __future__ import annotations

from typing import ClassVar, Self

from frontdesk.connectors.bodies import (
    as_object,
    body_id,
    event_type,
    find_text,
    instant_of_text,
    made_id,
    parse_json,
)
from frontdesk.connectors.signature_checks import check_hmac_sha256_hex
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration

_SIGNATURE = b"x-notarize-signature"


class ProofSource(Source):
    """Transaction events of both webhook versions."""

    name: ClassVar[str] = "proof"
    #: The API key signs unless the webhook was created with a signing key of its own.
    secret_names: ClassVar[tuple[str, ...]] = ("PROOF_API_KEY", "PROOF_SIGNING_KEY")
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", _SIGNATURE)

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = keys

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        keys = configuration.secret_keys("PROOF_API_KEY") + configuration.secret_keys("PROOF_SIGNING_KEY")
        return cls(keys) if keys else None

    def receive(self, request: Request) -> Delivery:
        """Check X-Notarize-Signature; return the event's envelope."""
        check_hmac_sha256_hex(request, _SIGNATURE, request.body, self._keys)
        event = as_object(parse_json(request.body))
        name = find_text(event, "event")
        if not name:
            raise RefusedError(Reason.MALFORMED, "the body names no event")
        transaction = find_text(event, "data", "transaction_id")
        date = find_text(event, "data", "date_occurred")
        about = (find_text(event, "data", "meeting_id"), find_text(event, "data", "document_id"))
        parts = (name, transaction, *about, date)
        # There is no event id, and version 1 gives no date either.
        identity = made_id(parts, request.body) if transaction and date else body_id(request.body)
        return Delivery(
            source_event_id=identity,
            type=event_type(self.name, name),
            payload=request.body,
            parsed=event,
            subject_id=transaction or find_text(event, "data", "id"),
            occurred_at=instant_of_text(date),
        )
