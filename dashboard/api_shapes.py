"""What /v1 answers, as far as pages show it."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from core.outbox.commands import AttemptOutcome, Channel, CommandState, Resolution
from core.staff.roles import Role


class _Answer(BaseModel):
    # A receiver that was updated before the dashboard may answer more.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Attempt(_Answer):
    """One call of a provider."""

    attempt_number: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    outcome: AttemptOutcome | None = None
    detail: str | None = None
    provider_id: str | None = None
    next_attempt_at: AwareDatetime | None = None
    resolution: Resolution | None = None
    resolved_by: str | None = None


class Command(_Answer):
    """A command as the outbox keeps it; attempts only where it was asked for alone."""

    command_key: str
    command_type: str
    channel: Channel
    provider: str
    contact_id: str | None = None
    rule_id: str | None = None
    rule_version: str | None = None
    due_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    payload: dict[str, Any]
    state: CommandState
    reason: str | None = None
    next_attempt_at: AwareDatetime | None = None
    provider_id: str | None = None
    attempts_count: int = 0
    changed_at: AwareDatetime
    attempts: tuple[Attempt, ...] = ()


class Depth(_Answer):
    """How much is not over in one channel."""

    channel: Channel
    waiting_count: int
    due_count: int
    in_flight_count: int
    uncertain_count: int
    dead_count: int
    oldest_due_at: AwareDatetime | None = None


class CommandPage(_Answer):
    """Some commands, newest first, and the depth of all channels."""

    commands: tuple[Command, ...]
    depth: tuple[Depth, ...]


class Hold(_Answer):
    """A kill switch that is thrown; without channel and rule, all of the business is held."""

    tenant_id: str | None = None
    channel: Channel | None = None
    rule_id: str | None = None
    reason: str
    held_at: AwareDatetime
    held_by: str


class ReportMade(_Answer):
    """The version of a report that says what is known now."""

    report_id: str
    is_new: bool


class MessageAccepted(_Answer):
    """A message is asked for."""

    message_id: str
    command_key: str


class Consent(_Answer):
    """The consent that allowed or refused a command."""

    is_granted: bool
    evidence: str | None = None


class Content(_Answer):
    """The words of a command: those that went out, or as its template would make them now."""

    is_sent: bool
    template: str | None = None
    template_version: str | None = None
    subject: str | None = None
    text: str | None = None
    segments: int | None = None
    problem: str | None = None


class Explanation(_Answer):
    """Why a command is what it is, in so far as the published file does not tell."""

    summary: str
    consent: Consent | None = None
    content: Content | None = None


class ShownStaff(_Answer):
    """A person's account with one business."""

    tenant_id: str
    email: str
    name: str
    role: Role


class ShownSession(_Answer):
    """Whose session it is, and until when at the latest."""

    staff: ShownStaff
    expires_at: AwareDatetime


class KeptStage(_Answer):
    """What came of who came into one stage in the period of a report."""

    pipeline: str
    pipeline_name: str
    stage: str
    stage_name: str
    entered: int
    went_on: int
    won: int
    lost: int


class KeptCredit(_Answer):
    """What one channel was credited with."""

    channel: str
    conversions: float
    revenue_minor: int


class KeptCredits(_Answer):
    """A period's conversions by channel, by one model of attribution."""

    model: str
    lookback_days: int | None
    currency: str
    channels: tuple[KeptCredit, ...]


class KeptReport(_Answer):
    """What of a report's document is nowhere else: the oldest have neither stages nor credits."""

    stages: tuple[KeptStage, ...] = ()
    credits: KeptCredits | None = None
