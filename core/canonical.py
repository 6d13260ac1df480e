"""Canonical fact types and their payloads: what our own commands and imports write, and staging maps to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

#: The source name of events that Frontdesk itself writes.
FRONTDESK_SOURCE = "frontdesk"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MinorUnits = Annotated[int, Field(ge=0, lt=2**53, description="Amount in minor units of the currency (cents).")]


class _Payload(BaseModel):
    # Unknown keys stay: history from older systems carries more than we model, and the log loses nothing.
    model_config = ConfigDict(extra="allow", frozen=True)


class ContactPayload(_Payload):
    """Who it is about. At least one identifier; phones in any common form, E.164 preferred."""

    external_id: Identifier | None = Field(default=None, description="The person's id in the writing system.")
    phone: Identifier | None = None
    email: Identifier | None = None
    name: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    company: Text | None = None

    @model_validator(mode="after")
    def _has_identifier(self) -> ContactPayload:
        if not (self.external_id or self.phone or self.email):
            raise ValueError("contact needs external_id, phone or email")
        return self


class _AboutContact(_Payload):
    contact: ContactPayload


class ContactFact(_AboutContact):
    """contact.created, contact.updated."""


class LeadFact(_AboutContact):
    """lead.created."""

    lead_id: Identifier | None = None
    channel: Text | None = Field(default=None, description="instagram, google, referral, ...")
    medium: Text | None = None
    campaign: Text | None = None
    interest: Text | None = None


class TouchFact(_AboutContact):
    """touch.recorded: one marketing touch."""

    channel: Text
    medium: Text | None = None
    campaign: Text | None = None
    cost_minor: MinorUnits | None = None
    currency: Currency | None = None


class BookingFact(_Payload):
    """booking.created, .confirmed, .rescheduled, .cancelled, .completed, .no_show."""

    booking_id: Identifier
    contact: ContactPayload | None = None
    service: Text | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    price_minor: MinorUnits | None = None
    currency: Currency | None = None
    staff: Text | None = None
    location: Text | None = None
    reason: Text | None = None


class PaymentFact(_Payload):
    """payment.succeeded, .failed, .refunded."""

    payment_id: Identifier
    contact: ContactPayload | None = None
    booking_id: Identifier | None = None
    amount_minor: MinorUnits
    refunded_minor: MinorUnits | None = Field(default=None, description="Total refunded so far, cumulative.")
    currency: Currency
    method: Text | None = None
    failure_reason: Text | None = None


class MessageFact(_Payload):
    """message.received, .sent, .delivered, .failed."""

    message_id: Identifier
    contact: ContactPayload | None = None
    channel: Literal["sms", "email", "whatsapp", "chat", "call"] = "sms"
    body: str | None = Field(default=None, max_length=100_000)
    error_code: Identifier | None = None


class ConsentFact(_AboutContact):
    """consent.granted, consent.revoked."""

    channel: Literal["sms", "email", "whatsapp", "call", "all"]
    purpose: Literal["marketing", "transactional", "all"] = "all"
    evidence: Text | None = None


class TaskFact(_Payload):
    """task.created, .completed, .snoozed, .reassigned, .cancelled."""

    task_id: Identifier
    contact: ContactPayload | None = None
    title: Text | None = None
    due_at: AwareDatetime | None = None
    assigned_to: Text | None = None


class NoteFact(_AboutContact):
    """note.added."""

    note_id: Identifier | None = None
    text: Text


CANONICAL_PAYLOADS: dict[str, type[BaseModel]] = {
    "contact.created": ContactFact,
    "contact.updated": ContactFact,
    "lead.created": LeadFact,
    "touch.recorded": TouchFact,
    **{
        f"booking.{verb}": BookingFact
        for verb in ("created", "confirmed", "rescheduled", "cancelled", "completed", "no_show")
    },
    **{f"payment.{verb}": PaymentFact for verb in ("succeeded", "failed", "refunded")},
    **{f"message.{verb}": MessageFact for verb in ("received", "sent", "delivered", "failed")},
    "consent.granted": ConsentFact,
    "consent.revoked": ConsentFact,
    **{f"task.{verb}": TaskFact for verb in ("created", "completed", "snoozed", "reassigned", "cancelled")},
    "note.added": NoteFact,
}


class ImportedEvent(BaseModel):
    """One line of an event import: the envelope without what the log itself gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
    source_event_id: Identifier
    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$", max_length=200)]
    occurred_at: AwareDatetime
    payload: dict[str, object]
    subject_id: Identifier | None = None
    correlation_id: Identifier | None = None
    causation_id: Identifier | None = None
    tenant_id: str | None = Field(default=None, description="If given, must be the key's tenant.")
    schema_version: Literal[1] = 1

    @model_validator(mode="after")
    def _canonical_payload_is_valid(self) -> ImportedEvent:
        model = CANONICAL_PAYLOADS.get(self.type)
        if model is not None:
            model.model_validate(self.payload)
        return self
