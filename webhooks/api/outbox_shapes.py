"""The outbox's commands, depths and decisions as /v1 shows and takes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from core.outbox.commands import AttemptOutcome, Channel, CommandState, MessageClass, Resolution
from webhooks.api.requests import NO_NUL

MAX_COMMANDS_PER_PAGE = 1_000
#: A text that goes into a column as it is.
StoredText = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=NO_NUL)]


class _FromOutbox(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CommandRead(_FromOutbox):
    """A command as the outbox keeps it."""

    command_key: str
    command_type: str
    channel: Channel
    provider: str
    message_class: MessageClass
    contact_id: str | None
    rule_id: str | None = Field(description="None: no rule asked for it, such as for a report.")
    rule_version: str | None
    due_at: AwareDatetime
    expires_at: AwareDatetime | None
    payload: dict[str, Any]
    cause_event_ids: list[str]
    state: CommandState
    reason: str | None
    next_attempt_at: AwareDatetime | None
    provider_id: str | None
    attempts_count: int
    redrives_count: int
    enqueued_at: AwareDatetime
    changed_at: AwareDatetime


class AttemptRead(_FromOutbox):
    """One call of a provider."""

    attempt_number: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    outcome: AttemptOutcome | None
    detail: str | None
    provider_id: str | None
    next_attempt_at: AwareDatetime | None
    resolution: Resolution | None
    resolved_at: AwareDatetime | None
    resolved_by: str | None


class CommandWithAttempts(CommandRead):
    """A command and every attempt to send it."""

    attempts: list[AttemptRead]


class DepthRead(_FromOutbox):
    """How much is not over in one channel."""

    channel: Channel
    waiting_count: int
    due_count: int = Field(description="Of the waiting ones, those that could go out now but for holds.")
    in_flight_count: int
    uncertain_count: int
    dead_count: int
    oldest_due_at: AwareDatetime | None


class CommandPage(BaseModel):
    """Some commands, newest first."""

    commands: list[CommandRead]
    next_before: str | None = Field(description="The `before` that goes on from here; None: this was the end.")
    depth: list[DepthRead] = Field(description="Of all the business's commands, whatever was asked for.")


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


class Redriven(BaseModel):
    """The commands that wait again."""

    command_keys: list[str]


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
