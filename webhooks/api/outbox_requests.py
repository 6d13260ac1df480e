"""What /v1 takes about the outbox: which commands are meant, and what was found out about one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from webhooks.api.requests import NO_NUL

MAX_COMMANDS_PER_PAGE = 1_000
#: A text that goes into a column as it is.
StoredText = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=NO_NUL)]


class CommandQuery(BaseModel):
    """Which commands to list; those for which every given part matches."""

    model_config = ConfigDict(extra="forbid")

    state: list[CommandState] = Field(default=[], description="Several can be given; with none, all.")
    channel: Channel | None = None
    rule: StoredText | None = None
    contact: StoredText | None = None
    before: StoredText | None = Field(default=None, description="Go on after the command with this key.")
    limit: int = Field(default=100, ge=1, le=MAX_COMMANDS_PER_PAGE)


class FilterBody(BaseModel):
    """Which commands are meant: those for which every given part matches; with none, all."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel | None = None
    provider: StoredText | None = None
    rule_id: StoredText | None = None
    contact_id: StoredText | None = None
    reason_contains: StoredText | None = Field(default=None, description="In capitals or small letters.")


class _LookedUp(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attempt_number: int = Field(ge=1, lt=2**31, description="Of the attempt that was looked up.")
    resolved_by: StoredText


class FoundSent(_LookedUp):
    """The provider did accept the last attempt."""

    found: Literal["sent"]
    provider_id: StoredText | None = Field(default=None, description="The provider's id of what it accepted.")


class FoundNotSent(_LookedUp):
    """The provider surely did not accept the last attempt."""

    found: Literal["not_sent"]


#: What was found out about the last attempt of an uncertain command.
ResolveBody = Annotated[FoundSent | FoundNotSent, Field(discriminator="found")]
