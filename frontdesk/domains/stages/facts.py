"""Facts about stages of sales pipelines."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Payload
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.rules.vocabulary import STAGE_CHANGED


class StageFact(Payload):
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


#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    STAGE_CHANGED: StageFact,
}
