"""Facts about persons: who they are, and what else is told of them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Payload
from frontdesk.domains.identity.decisions import IdentityDecision


class ContactPayload(Payload):
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


class AboutContact(Payload):
    """What a fact about a person tells of them."""

    contact: ContactPayload


class ContactFact(AboutContact):
    """contact.created, contact.updated."""


class NoteFact(AboutContact):
    """note.added."""

    note_id: Identifier | None = None
    text: Text


IDENTITY_DECIDED = "identity.decided"
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    "contact.created": ContactFact,
    "contact.updated": ContactFact,
    "note.added": NoteFact,
    IDENTITY_DECIDED: IdentityDecision,
}
