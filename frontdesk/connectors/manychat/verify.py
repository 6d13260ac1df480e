"""ManyChat: signs nothing; the author of the flow types our token, and the body, by hand."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from frontdesk.connectors.bodies import (
    as_object,
    body_id,
    event_type,
    find_text,
    instant_of_text,
    made_id,
    parse_json,
)
from frontdesk.connectors.signature_checks import check_token, find_token
from frontdesk.connectors.source import Delivery, Reason, RefusedError, Request, Source, SourceConfiguration

#: "Full Contact Data" carries no name of what happened unless the author adds one.
_UNNAMED = "full_contact_data"
_UNPARSABLE_PAYLOAD = b'{"unparsable":true}'


class ManyChatSource(Source):
    """External Requests of a ManyChat flow."""

    name: ClassVar[str] = "manychat"
    secret_names: ClassVar[tuple[str, ...]] = ("MANYCHAT_WEBHOOK_TOKEN",)
    media_types: ClassVar[tuple[str, ...] | None] = ("application/json", "text/plain")

    def __init__(self, tokens: tuple[bytes, ...]) -> None:
        self._tokens = tokens

    @classmethod
    def configure(cls, configuration: SourceConfiguration) -> Self | None:
        """Return the source; see Source.configure."""
        tokens = configuration.secret_keys("MANYCHAT_WEBHOOK_TOKEN")
        return cls(tokens) if tokens else None

    def receive(self, request: Request) -> Delivery:
        """Check the token; return the envelope.

        A failed call is never repeated and a quote in a variable breaks a hand-written body, so what can't be
        parsed is kept as it is, for a person to look at.
        """
        check_token(find_token(request), self._tokens)
        try:
            contact = as_object(parse_json(request.body))
        except RefusedError as refusal:
            if refusal.reason is not Reason.MALFORMED:
                raise
            return Delivery(body_id(request.body), event_type(self.name, "unparsable"), _UNPARSABLE_PAYLOAD)
        return self._deliver(contact, request.body)

    def _deliver(self, contact: dict[str, Any], body: bytes) -> Delivery:
        subscriber = find_text(contact, "id")
        event = find_text(contact, "event")
        # For Instagram contacts only the ig_ twin is filled.
        interaction = find_text(contact, "last_interaction") or find_text(contact, "ig_last_interaction")
        return Delivery(
            # A flow can post twice within one interaction, the second time with more.
            source_event_id=made_id((subscriber, interaction, event), body),
            type=event_type(self.name, event or _UNNAMED),
            payload=body,
            subject_id=subscriber,
            occurred_at=instant_of_text(interaction),
        )
