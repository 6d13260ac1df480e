"""Canonical facts by their types: what our own commands and imports write, and staging maps to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from frontdesk.core.errors import located_message
from frontdesk.core.plain_text import Identifier
from frontdesk.core.values import Instant
from frontdesk.domains.attribution.facts import LeadFact, SpendFact, TouchFact
from frontdesk.domains.bookings.facts import BookingFact
from frontdesk.domains.identity.decisions import IdentityDecision
from frontdesk.domains.identity.facts import ContactFact, NoteFact
from frontdesk.domains.imports.facts import ImportRunFact
from frontdesk.domains.payments.facts import ItemisedFact, PaymentFact, RefundFact
from frontdesk.domains.reports.facts import ReportFact
from frontdesk.domains.sending.facts import OUTCOME_FACTS, ConsentFact, MessageFact, MessageReadFact, MessageRequest
from frontdesk.domains.stages.facts import StageFact
from frontdesk.domains.tasks.facts import TaskFact

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
    **OUTCOME_FACTS,
    "report.computed": ReportFact,
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
