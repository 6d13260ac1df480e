"""Providers in a business's file: who posts to it, and the names of the secrets that prove it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from frontdesk.connectors.descriptor import one_of, source_names
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.fields import SecretName, Strict

SourceName = Annotated[str, one_of(source_names)]


class Source(Strict):
    """A provider that posts to this business, and the names of its secrets (never the secrets)."""

    name: SourceName = Field(description="The provider.")
    secrets: Annotated[tuple[SecretName, ...], Field(min_length=1)] = Field(
        description="Names of the secrets that prove its deliveries; see docs/configuration.md."
    )
    settings: dict[str, str] = Field(default_factory=dict, description="Public ids, such as a location id.")

    @model_validator(mode="after")
    def _secrets_are_its_own(self) -> Source:
        prefix = f"{self.name.upper().replace('-', '_')}_"
        foreign = [secret for secret in self.secrets if not secret.startswith(prefix)]
        if foreign:
            raise ValueError(f"secrets: {', '.join(foreign)} must begin with {prefix}")
        return self


class ConnectedBusiness(Business):
    """A business with the providers that post to it."""

    sources: tuple[Source, ...] = Field(description="Who posts to it; an empty list if nobody does.")

    def find_source(self, name: str) -> Source | None:
        """Return the source of that name, None if this business has none."""
        return next((source for source in self.sources if source.name == name), None)
