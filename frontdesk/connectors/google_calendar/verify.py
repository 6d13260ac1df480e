"""Google Calendar: push notifications say all they say in headers; the channel's token is the only proof."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Self

import orjson

from frontdesk.connectors.bodies import event_type
from frontdesk.connectors.signature_checks import is_any_of
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration

_TOKEN = b"x-goog-channel-token"
_CHANNEL = b"x-goog-channel-id"
_MESSAGE_NUMBER = b"x-goog-message-number"
_RESOURCE_STATE = b"x-goog-resource-state"
_PAYLOAD_KEYS = {
    _CHANNEL: "channel_id",
    _MESSAGE_NUMBER: "message_number",
    b"x-goog-resource-id": "resource_id",
    _RESOURCE_STATE: "resource_state",
    b"x-goog-resource-uri": "resource_uri",
    b"x-goog-channel-expiration": "channel_expiration",
}


class GoogleCalendarSource(Source):
    """Notifications that a watched calendar changed; what changed must be read back."""

    name: ClassVar[str] = "google-calendar"
    secret_names: ClassVar[tuple[str, ...]] = ("GOOGLE_CALENDAR_CHANNEL_TOKEN",)
    media_types: ClassVar[tuple[str, ...] | None] = None  # it says JSON and sends nothing
    kept_headers: ClassVar[tuple[bytes, ...]] = (b"user-agent", *_PAYLOAD_KEYS)
    #: Anything but 500, 502, 503 and 504 is a lost notification.
    rate_limited_status: ClassVar[int] = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, tokens: tuple[bytes, ...]) -> None:
        self._tokens = tokens

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        tokens = configuration.secret_keys("GOOGLE_CALENDAR_CHANNEL_TOKEN")
        return cls(tokens) if tokens else None

    def receive(self, request: Request) -> Delivery:
        """Check X-Goog-Channel-Token; return the notification's envelope. `sync` is kept like any other."""
        token = request.headers.get(_TOKEN)
        if not token:
            raise RefusedError(Reason.SIGNATURE_MISSING, "no x-goog-channel-token header")
        if not is_any_of(token, self._tokens):
            raise RefusedError(Reason.SIGNATURE_INVALID, "x-goog-channel-token is none of the live tokens")
        payload = {
            key: request.headers[header].decode("latin-1")
            for header, key in _PAYLOAD_KEYS.items()
            if header in request.headers
        }
        state = payload.get("resource_state")
        if not state or not payload.get("channel_id") or not payload.get("message_number"):
            raise RefusedError(Reason.MALFORMED, "x-goog-channel-id, -message-number and -resource-state are needed")
        return Delivery(
            source_event_id=f"{payload['channel_id']}:{payload['message_number']}",
            type=event_type("google_calendar", state),
            payload=orjson.dumps(payload),
            subject_id=payload.get("resource_id"),
        )
