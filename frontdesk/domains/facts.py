"""Canonical fact types and their payloads: what our own commands and imports write, and staging maps to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
    field_validator,
    model_validator,
)

from frontdesk.core.errors import located_message
from frontdesk.core.money import is_currency
from frontdesk.core.plain_text import Identifier, Text
from frontdesk.domains.identity.decisions import IdentityDecision

#: The source name of events that Frontdesk itself writes.
FRONTDESK_SOURCE = "frontdesk"
#: Years that a fact can tell of; beyond them a date was read in the wrong format.
FIRST_YEAR, LAST_YEAR = 1900, 2199

CommandKey = Annotated[str, StringConstraints(min_length=1, max_length=512)]
_Moment = TypeVar("_Moment", bound=date)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _plausible(moment: _Moment) -> _Moment:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"year {moment.year} is not in {FIRST_YEAR} to {LAST_YEAR}; check the date's format")
    return moment


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f"{code} is no currency of ISO 4217, such as AUD")
    return code


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Input should be a valid integer, not true or false")  # noqa: TRY004 - pydantic's
    return value


def _only_a_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("write a day as 2026-03-02")
    return value


def _instant_or_day(value: object, read_instant: Callable[[object], datetime]) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    return read_instant(value)


def _as_written(value: date) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


#: A calendar day without a time; a time of midnight is no day.
Day = Annotated[date, BeforeValidator(_only_a_day), AfterValidator(_plausible)]
#: A calendar day, of a time of midnight too.
DateOnly = Annotated[date, AfterValidator(_plausible)]
Instant = Annotated[
    AwareDatetime, AfterValidator(_plausible), Field(json_schema_extra={"pattern": r"^(19|20|21)\d\d-"})
]
InstantOrDay = Annotated[
    AwareDatetime,
    WrapValidator(_instant_or_day),
    AfterValidator(_plausible),
    PlainSerializer(_as_written, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]
_TOO_MANY = 2**53
WholeNumber = Annotated[int, BeforeValidator(_no_truth)]
MinorUnits = Annotated[
    WholeNumber, Field(ge=0, lt=_TOO_MANY, description="Amount in minor units of the currency (cents).")
]
SignedMinorUnits = Annotated[
    WholeNumber,
    Field(gt=-_TOO_MANY, lt=_TOO_MANY, description="Minor units of the currency; below zero for a discount."),
]
#: A number kept as it is written, so that no digit is lost: "8.875".
DecimalText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^-?\d+(\.\d+)?$"),
    BeforeValidator(_as_text),
]


class _Payload(BaseModel):
    # Unknown keys stay: history from older systems carries more than we model, and the log loses nothing.
    model_config = ConfigDict(extra="allow", frozen=True)


class ContactPayload(_Payload):
    """Who it is about. At least one identifier; phones in any common form, E.164 preferred."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("external_id", "phone", "email")
            ]
        }
    )

    external_id: Identifier | None = Field(default=None, description="The person's id in the writing system.")
    system: Identifier | None = Field(
        default=None, description="The business system whose id external_id is; the source where left out."
    )
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


class SpendFact(_Payload):
    """spend.recorded: what a channel cost over some days. Told again for these days, it is a correction."""

    channel: Text = Field(description="As in touches and leads: google, instagram, ...")
    campaign: Text | None = None
    period_start: DateOnly = Field(description="First day, on the business's calendar.")
    period_end: DateOnly = Field(description="Last day; the first again where it is one day.")
    amount_minor: MinorUnits
    currency: Currency

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.period_end < self.period_start:
            raise ValueError("period_end is before period_start; swap them")
        return self


class BookingFact(_Payload):
    """booking.created, .confirmed, .rescheduled, .cancelled, .completed, .no_show."""

    booking_id: Identifier
    contact: ContactPayload | None = None
    service: Text | None = None
    starts_at: InstantOrDay | None = Field(
        default=None, description="With its offset; or a day such as 2026-03-02, for a booking without a time of day."
    )
    ends_at: InstantOrDay | None = None
    occurred_on: Day | None = Field(
        default=None, description="Day of the fact, where no time of it is known; occurred_at is in that day."
    )
    price_minor: MinorUnits | None = None
    currency: Currency | None = None
    staff: Text | None = None
    location: Text | None = None
    reason: Text | None = None


class Tax(_Payload):
    """One tax that an amount includes. Below zero where it was withheld or is a discount's."""

    name: Identifier = Field(description="As the receipt names it: GST, VAT, Sales tax.")
    rate: DecimalText | None = Field(default=None, description='In per cent, as text: "8.875".')
    amount_minor: SignedMinorUnits


Taxes = Annotated[list[Tax], Field(max_length=50, description="Each tax that is in the amount, by its name.")]


class ReceiptLine(_Payload):
    """One line of a receipt, in the currency of its payment."""

    line_id: Identifier | None = Field(
        default=None, description="The line's own id; told again under it, the line is corrected."
    )
    description: Text | None = None
    quantity: DecimalText | None = None
    unit_price_minor: SignedMinorUnits | None = None
    amount_minor: SignedMinorUnits = Field(
        description="What the customer pays for the line, taxes included; below zero for a discount."
    )
    service: Text | None = None
    staff: Text | None = None
    taxes: Taxes | None = Field(default=None, description="The taxes that are in the line's amount.")


Lines = Annotated[list[ReceiptLine], Field(max_length=500)]


class _AboutPayment(_Payload):
    payment_id: Identifier
    contact: ContactPayload | None = None
    booking_id: Identifier | None = None
    currency: Currency
    staff: Text | None = Field(default=None, description="Who did what is paid for.")
    service: Text | None = Field(default=None, description="What is paid for.")


class _AboutMoney(_AboutPayment):
    # What does not add up (lines, taxes, amount) is taken as it is told; rpt_odd_money lists it.
    tax_minor: SignedMinorUnits | None = Field(default=None, description="All taxes that are in amount_minor.")
    taxes: Taxes | None = None
    lines: Lines | None = Field(
        default=None, description="What was bought: all lines, in place of those told before."
    )
    refunded_minor: MinorUnits | None = Field(default=None, description="Total refunded so far, cumulative.")
    method: Text | None = None
    failure_reason: Text | None = None


class PaymentFact(_AboutMoney):
    """payment.succeeded, .failed."""

    amount_minor: MinorUnits


class RefundFact(_AboutMoney):
    """payment.refunded. A refund that does not know the payment's amount says refunded_minor alone."""

    amount_minor: MinorUnits | None = Field(default=None, description="The payment's amount, not the refund's.")

    @model_validator(mode="after")
    def _has_amount(self) -> RefundFact:
        if self.refunded_minor is None and self.amount_minor is None:
            raise ValueError("payment.refunded needs refunded_minor, or amount_minor where all of it was refunded")
        return self


class ItemisedFact(_AboutPayment):
    """payment.itemised: lines of a payment, told apart from it. Each such fact adds its lines to those known."""

    lines: Annotated[list[ReceiptLine], Field(min_length=1, max_length=500)]


class MessageFact(_Payload):
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


class ConsentFact(_AboutContact):
    """consent.granted, consent.revoked."""

    channel: Literal["sms", "email", "whatsapp", "call", "all"]
    purpose: Literal["marketing", "transactional", "all"] = "all"
    evidence: Text | None = None


class TaskFact(_Payload):
    """task.created, .completed, .snoozed, .reassigned, .cancelled."""

    task_id: Identifier
    contact: ContactPayload | None = None
    booking_id: Identifier | None = Field(default=None, description="Booking that it is for.")
    kind: Identifier | None = Field(default=None, description="What sort of task, such as welcome_call.")
    title: Text | None = None
    due_at: Instant | None = None
    assigned_to: Text | None = None
    snoozed_until: Instant | None = Field(default=None, description="Until when it is out of sight.")
    by: Text | None = Field(default=None, description="Who did this; none for what a rule did.")
    reason: Text | None = None


class NoteFact(_AboutContact):
    """note.added."""

    note_id: Identifier | None = None
    text: Text


class StageFact(_Payload):
    """stage.changed: a booking, or a person, came into a stage of a pipeline."""

    booking_id: Identifier | None = Field(default=None, description="Or give a contact.")
    contact: ContactPayload | None = None
    pipeline: Identifier = Field(description="Key of the pipeline in the business's file.")
    stage: Identifier = Field(description="Key of the stage that was come into.")
    title: Text | None = Field(default=None, description="What more there is to say, such as a tracking number.")
    by: Text | None = Field(default=None, description="Who moved it.")

    @model_validator(mode="after")
    def _is_about_something(self) -> StageFact:
        if self.booking_id is None and self.contact is None:
            raise ValueError("stage.changed needs booking_id or contact")
        return self


class MessageText(_AboutContact):
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


class CommandOutcome(_Payload):
    """message.suppressed, message.uncertain, webhook.*, report.sent and so on: what became of a command."""

    command_key: CommandKey
    command_type: Identifier | None = None
    rule_id: Identifier | None = None
    contact: ContactPayload | None = None
    attempt_number: Annotated[WholeNumber, Field(ge=0)] | None = None
    provider: Identifier | None = None
    reason: Text | None = None


class ReportFact(_Payload):
    """report.computed: a version of a report is in the archive. It is about no contact."""

    report_id: Identifier = Field(description="Kind, first day and log sequence, such as weekly-2026-03-02-1234.")
    kind: Literal["weekly", "monthly"]
    period_start: DateOnly
    period_end: DateOnly = Field(description="The day after the last.")
    log_sequence: Annotated[WholeNumber, Field(ge=0)] = Field(description="Newest event that the figures know of.")
    models_fingerprint: Identifier
    figures: list[dict[str, object]]
    files: dict[str, str] = Field(description="SHA-256 of each file, by its ending.")


class ImportRunFact(_Payload):
    """import.undone, import.restored: the events of a run of an import no longer count, or count again."""

    run: Identifier = Field(description="Name of the run, as frontdesk import runs lists it.")
    by: Text | None = Field(default=None, description="Who said so.")
    reason: Text | None = None


CANONICAL_PAYLOADS: dict[str, type[BaseModel]] = {
    "contact.created": ContactFact,
    "contact.updated": ContactFact,
    "lead.created": LeadFact,
    "touch.recorded": TouchFact,
    "spend.recorded": SpendFact,
    **{
        f"booking.{verb}": BookingFact
        for verb in ("created", "confirmed", "rescheduled", "cancelled", "completed", "no_show")
    },
    "payment.succeeded": PaymentFact,
    "payment.failed": PaymentFact,
    "payment.refunded": RefundFact,
    "payment.itemised": ItemisedFact,
    **{f"message.{verb}": MessageFact for verb in ("received", "sent", "delivered", "failed")},
    "message.read": MessageReadFact,
    "consent.granted": ConsentFact,
    "consent.revoked": ConsentFact,
    **{f"task.{verb}": TaskFact for verb in ("created", "completed", "snoozed", "reassigned", "cancelled")},
    "note.added": NoteFact,
    "stage.changed": StageFact,
    "identity.decided": IdentityDecision,
    "import.undone": ImportRunFact,
    "import.restored": ImportRunFact,
    "message.requested": MessageRequest,
    "message.suppressed": CommandOutcome,
    "message.uncertain": CommandOutcome,
    **{f"webhook.{verb}": CommandOutcome for verb in ("delivered", "failed", "suppressed", "uncertain")},
    **{f"task.{verb}": CommandOutcome for verb in ("failed", "suppressed")},
    "report.computed": ReportFact,
    **{f"report.{verb}": CommandOutcome for verb in ("sent", "failed", "suppressed", "uncertain")},
}
#: What is no contact's: of the business alone, or about who people are. Nothing that a rule could be about.
BUSINESS_FACTS = frozenset(
    {
        "identity.decided",
        "import.undone",
        "import.restored",
        "spend.recorded",
        *(f"report.{verb}" for verb in ("computed", "sent", "failed", "suppressed", "uncertain")),
    }
)
#: What only tells of commands. No rule can wait for it, or commands could cause one another for ever.
COMMAND_FACTS = frozenset(
    {"message.requested", *(type_ for type_, model in CANONICAL_PAYLOADS.items() if model is CommandOutcome)}
)


class ImportedEvent(BaseModel):
    """One line of an event import: the envelope without what the log itself gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
    source_event_id: Identifier
    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$", max_length=200)]
    occurred_at: Instant
    payload: dict[str, object]
    subject_id: Identifier | None = None
    correlation_id: Identifier | None = None
    causation_id: Identifier | None = None
    tenant_id: str | None = Field(default=None, description="If given, must be the key's tenant.")
    schema_version: Literal[1] = 1

    @field_validator("payload")
    @classmethod
    def _canonical_payload_is_valid(cls, payload: dict[str, object], info: ValidationInfo) -> dict[str, object]:
        model = CANONICAL_PAYLOADS.get(info.data.get("type", ""))
        if model is None:
            return payload
        try:
            # As the model understood it: "4500" becomes 4500, so that staging reads what was validated.
            return model.model_validate(payload).model_dump(mode="json", exclude_unset=True)
        except ValidationError as error:
            raise ValueError("; ".join(map(located_message, error.errors()))) from error
