"""Canonical facts by their types: what our own commands and imports write, and staging maps to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from frontdesk.core.errors import located_message
from frontdesk.core.plain_text import Identifier
from frontdesk.core.tenant import facts as tenant
from frontdesk.core.values import Instant
from frontdesk.domains.attribution import facts as attribution
from frontdesk.domains.bookings import facts as bookings
from frontdesk.domains.identity import facts as identity
from frontdesk.domains.imports import facts as imports
from frontdesk.domains.payments import facts as payments
from frontdesk.domains.prices import facts as prices
from frontdesk.domains.reports import facts as reports
from frontdesk.domains.sending import facts as sending
from frontdesk.domains.stages import facts as stages
from frontdesk.domains.tasks import facts as tasks

CANONICAL_PAYLOADS: Mapping[str, type[BaseModel]] = {
    type_: payload
    for noun in (identity, attribution, bookings, payments, prices, sending, tasks, stages, reports, imports)
    for type_, payload in noun.FACTS.items()
}


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

    @field_validator("type")
    @classmethod
    def _configures_no_business(cls, type_: str) -> str:
        if type_ in tenant.FACTS:
            raise ValueError(f"{type_} is not imported: a business is configured by its file")
        return type_

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
