"""The payload of identity.decided: staff say whether two identifiers are one person's."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from frontdesk.core.plain_text import Identifier, Text


class NamedIdentifier(BaseModel):
    """One identifier of a person as bdg_contact_identifiers shows it: its kind and normalised value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = Field(
        description="phone, email, or a source's own kind of id."
    )
    value: Identifier = Field(description="Normalised: a phone in E.164, an e-mail address in lower case.")


class IdentityDecision(BaseModel):
    """identity.decided. The newest about a pair counts; the order of the two says nothing."""

    # Unknown keys stay, as in every canonical payload.
    model_config = ConfigDict(extra="allow", frozen=True)

    decision: Literal["same_person", "different_people"]
    identifiers: Annotated[
        list[NamedIdentifier], Field(min_length=2, max_length=2, json_schema_extra={"uniqueItems": True})
    ]
    by: Text | None = Field(default=None, description="Who decided.")
    reason: Text | None = None

    @model_validator(mode="after")
    def _is_about_two(self) -> Self:
        one, other = self.identifiers
        if one == other:
            raise ValueError("identifiers: the two are equal; name two different ones")
        return self
