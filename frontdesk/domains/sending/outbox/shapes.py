"""The outbox as /v1 shows it: commands, attempts, depths, holds. The receiver answers these, and pages read them."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from frontdesk.domains.sending.outbox.commands import AttemptOutcome, Channel, CommandState, MessageClass, Resolution


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class CommandRead(_Answer):
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
    cause_event_ids: tuple[str, ...]
    state: CommandState
    reason: str | None
    next_attempt_at: AwareDatetime | None
    provider_id: str | None
    attempts_count: int
    redrives_count: int
    enqueued_at: AwareDatetime
    changed_at: AwareDatetime


class AttemptRead(_Answer):
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

    attempts: tuple[AttemptRead, ...]


class DepthRead(_Answer):
    """How much is not over in one channel."""

    channel: Channel
    waiting_count: int
    due_count: int = Field(description="Of the waiting ones, those that could go out now but for holds.")
    in_flight_count: int
    uncertain_count: int
    dead_count: int
    oldest_due_at: AwareDatetime | None


class CommandPage(_Answer):
    """Some commands, newest first."""

    commands: tuple[CommandRead, ...]
    next_before: str | None = Field(description="The `before` that goes on from here; None: this was the end.")
    depth: tuple[DepthRead, ...] = Field(description="Of all the business's commands, whatever was asked for.")


class HoldRead(_Answer):
    """A hold in force."""

    tenant_id: str | None = Field(description="None: every business is held, by who runs this installation.")
    channel: Channel | None
    rule_id: str | None
    reason: str
    held_at: AwareDatetime
    held_by: str


class Redriven(_Answer):
    """The commands that wait again."""

    command_keys: tuple[str, ...]


class EventAccepted(_Answer):
    """What was asked for is in the log."""

    event_id: str


class MessageAccepted(EventAccepted):
    """The message is asked for; whether it may go out is decided from the log, and shown by its command."""

    message_id: str
    command_key: str = Field(description="Key of the command in the outbox, as soon as it is there.")
