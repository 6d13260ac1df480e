"""ClickSend: signs nothing; the rule's URL carries our token. Texts that come in, and delivery receipts."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import orjson

from frontdesk.connectors.bodies import (
    FORM,
    JSON,
    as_object,
    body_id,
    event_type,
    find_text,
    form_object,
    instant_of_seconds,
    parse_form,
    parse_json,
    sends_json,
)
from frontdesk.connectors.signature_checks import check_token, find_token, without_token
from frontdesk.connectors.source import Delivery, Request, Source, SourceConfiguration


class ClickSendSource(Source):
    """Inbound texts and receipts, by POST (form or JSON) or GET, as the rule's `webhook_type` says."""

    name: ClassVar[str] = "clicksend"
    secret_names: ClassVar[tuple[str, ...]] = ("CLICKSEND_WEBHOOK_TOKEN",)
    methods: ClassVar[frozenset[str]] = frozenset({"POST", "GET"})
    media_types: ClassVar[tuple[str, ...] | None] = (FORM, JSON)

    def __init__(self, tokens: tuple[bytes, ...]) -> None:
        self._tokens = tokens

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        tokens = configuration.secret_keys("CLICKSEND_WEBHOOK_TOKEN")
        return cls(tokens) if tokens else None

    def receive(self, request: Request) -> Delivery:
        """Check the token; return the text's or receipt's envelope."""
        check_token(find_token(request), self._tokens)
        if request.method == "GET":
            return self._deliver(form_object(without_token(parse_form(request.query_string))), None)
        if sends_json(request):
            return self._deliver(as_object(parse_json(request.body)), request.body)
        return self._deliver(form_object(parse_form(request.body)), None)

    def _deliver(self, fields: dict[str, Any], payload: bytes | None) -> Delivery:
        payload = payload or orjson.dumps(fields)
        message = find_text(fields, "message_id")
        status = find_text(fields, "status_code")
        timestamp = find_text(fields, "timestamp")
        parts = (message, status, timestamp) if status else (message,)
        return Delivery(
            # ClickSend's ids are text that only looks like a UUID.
            source_event_id=":".join(part for part in parts if part) if message else body_id(payload),
            type=event_type(self.name, "message.receipt" if status else "message.received"),
            payload=payload,
            subject_id=message,
            occurred_at=instant_of_seconds(timestamp),
        )
