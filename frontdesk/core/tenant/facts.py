"""Facts about businesses themselves: what is in force of their configuration."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from frontdesk.core.plain_text import Identifier
from frontdesk.core.tenant.configurations import CONFIGURED, REMOVED
from frontdesk.core.values import Payload


class ConfiguredFact(Payload):
    """tenant.configured: a version of a business's document is in force. It is about no contact."""

    document: dict[str, object] = Field(description="The business's document, as docs/configuration.md has its keys.")
    sha256: Identifier = Field(description="SHA-256 of the document as JSON with sorted keys.")
    by: Identifier = Field(description="Who wrote it.")


class RemovedFact(Payload):
    """tenant.removed: the business has left; its events stay, and nothing acts for it."""

    by: Identifier = Field(description="Who removed it.")


#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {CONFIGURED: ConfiguredFact, REMOVED: RemovedFact}
