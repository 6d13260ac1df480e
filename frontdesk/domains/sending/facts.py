"""Facts about messages, consent, and what became of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Payload, WholeNumber
from frontdesk.domains.identity.facts import AboutContact, ContactPayload

CommandKey = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class MessageFact(Payload):
    """message.received, .sent, .delivered, .failed."""

    message_id: Identifier
    contact: ContactPayload | None = None
    channel: Literal["sms", "email", "whatsapp", "chat", "call"] = "sms"
    body: str | None = Field(default=None, max_length=100_000)
    error_code: Identifier | None = None
    booking_id: Identifier | None = Field(default=None, description="Booking that it is about.")


class MessageReadFact(MessageFact):
    """message.read: staff read what a contact wrote, and it needs no reply."""

    by: Text | None = Field(default=None, description="Who said so.")


class ConsentFact(AboutContact):
    """consent.granted, consent.revoked."""

    channel: Literal["sms", "email", "whatsapp", "call", "all"]
    purpose: Literal["marketing", "transactional", "all"] = "all"
    evidence: Text | None = None


class MessageText(AboutContact):
    """One text or e-mail that staff asks for."""

    channel: Literal["sms", "email"]
    text: Text | None = Field(default=None, description="What to send, as it stands; or give a template.")
    template: Identifier | None = Field(default=None, description="Key of one of the business's templates.")
    subject: Text | None = Field(default=None, description="Subject of an e-mail without a template.")
    requested_by: Text | None = None

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if (self.text is None) == (self.template is None):
            raise ValueError("a message needs text or template, and not both")
        if self.subject is not None and (self.channel != "email" or self.template is not None):
            raise ValueError("a subject goes with an e-mail's text alone; a template has its own")
        if self.channel == "email" and self.template is None and self.subject is None:
            raise ValueError("an e-mail's text needs a subject")
        return self


class MessageRequest(MessageText):
    """message.requested."""

    message_id: Identifier


class CommandOutcome(Payload):
    """message.suppressed, message.uncertain, webhook.*, report.sent and so on: what became of a command."""

    command_key: CommandKey
    command_type: Identifier | None = None
    rule_id: Identifier | None = None
    contact: ContactPayload | None = None
    attempt_number: Annotated[WholeNumber, Field(ge=0)] | None = None
    provider: Identifier | None = None
    reason: Text | None = None


MESSAGE_REQUESTED, MESSAGE_READ, MESSAGE_SENT = "message.requested", "message.read", "message.sent"
CONSENT_GRANTED, CONSENT_REVOKED = "consent.granted", "consent.revoked"
#: What became of a command, by the fact that tells it.
OUTCOME_FACTS: Mapping[str, type[CommandOutcome]] = {
    "message.suppressed": CommandOutcome,
    "message.uncertain": CommandOutcome,
    **{f"webhook.{verb}": CommandOutcome for verb in ("delivered", "failed", "suppressed", "uncertain")},
    **{f"task.{verb}": CommandOutcome for verb in ("failed", "suppressed")},
    **{f"report.{verb}": CommandOutcome for verb in ("sent", "failed", "suppressed", "uncertain")},
}
#: What only tells of commands. No rule can wait for it, or commands could cause one another for ever.
COMMAND_FACTS = frozenset({MESSAGE_REQUESTED, *OUTCOME_FACTS})
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    "message.received": MessageFact,
    MESSAGE_SENT: MessageFact,
    "message.delivered": MessageFact,
    "message.failed": MessageFact,
    MESSAGE_READ: MessageReadFact,
    CONSENT_GRANTED: ConsentFact,
    CONSENT_REVOKED: ConsentFact,
    MESSAGE_REQUESTED: MessageRequest,
    **OUTCOME_FACTS,
}
