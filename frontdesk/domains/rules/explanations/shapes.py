"""The answers, as they are shown, printed as JSON and served over /v1."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from frontdesk.domains.sending.outbox.commands import Channel, CommandState
from frontdesk.domains.sending.outbox.shapes import AttemptRead


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class EventRead(_Answer):
    """An event of the log."""

    event_id: str
    sequence: int
    source: str
    type: str
    subject_id: str | None = Field(description="The source's id of what it is about.")
    occurred_at: AwareDatetime
    received_at: AwareDatetime


class RuleRead(_Answer):
    """The rule that decided, and what has become of it."""

    rule_id: str | None = Field(description="None: no rule asked for it, such as for a report.")
    version: str | None = Field(description="The version that decided.")
    version_now: int | None = Field(
        description="The version in the business's file now; None: it is gone from there."
    )
    is_changed: bool


class DecisionRead(_Answer):
    """One decision: the row of fct_decisions in words."""

    command_key: str
    command_type: str
    verdict: str = Field(description="intended, refused, shadow or held_out.")
    reason: str | None = Field(description="The first condition that failed.")
    words: str = Field(description="Verdict and reason in a sentence.")
    cause_type: str
    caused_at: AwareDatetime
    due_at: AwareDatetime
    expires_at: AwareDatetime | None
    state: CommandState | None = Field(default=None, description="Where it stands in the outbox; None: not there.")


class ConsentRead(_Answer):
    """The consent that allowed or refused it."""

    is_granted: bool
    evidence: str | None
    event: EventRead | None


class GuardsRead(_Answer):
    """What was asked before it went out, in words; None: it does not concern it."""

    consent: str | None
    quiet_hours: str | None


class ContentRead(_Answer):
    """The words: those that went out, or were to; what was never composed, as the template would make it now."""

    is_sent: bool
    template: str | None
    template_version: str | None
    to: str | None
    subject: str | None
    text: str | None
    segments: int | None
    problem: str | None = Field(default=None, description="Why it can't be rendered.")


class DeliveryRead(_Answer):
    """Where it stands in the outbox, with what quiet hours, rates, caps and providers said."""

    channel: Channel
    provider: str
    state: CommandState
    reason: str | None
    next_attempt_at: AwareDatetime | None
    provider_id: str | None
    enqueued_at: AwareDatetime
    changed_at: AwareDatetime
    attempts: tuple[AttemptRead, ...]


class OutcomeRead(_Answer):
    """What the log tells of it afterwards, with the provider's receipts."""

    outcome: str
    message_id: str | None
    done_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    failed_at: AwareDatetime | None
    suppressed_at: AwareDatetime | None
    uncertain_at: AwareDatetime | None
    reason: str | None
    error_code: str | None


class CommandExplanation(_Answer):
    """Why a command is what it is."""

    command_key: str
    tenant_id: str
    command_type: str
    contact_id: str | None
    summary: str
    rule: RuleRead
    decision: DecisionRead | None = Field(description="None: the rules as they are now decide nothing of this key.")
    causes: tuple[EventRead, ...]
    reason_event: EventRead | None = Field(description="What prevented it, where an event did.")
    guards: GuardsRead = Field(description="What consent and quiet hours said, also where they allowed it.")
    consent: ConsentRead | None = Field(description="None: none was needed, or none is known.")
    content: ContentRead | None
    delivery: DeliveryRead | None = Field(description="None: it is not in the outbox.")
    outcome: OutcomeRead | None
    lag_events: int = Field(description="Events of the log that the decisions do not know yet.")


class AwaitedRead(_Answer):
    """A type of fact that the rule waits for, and what the contact has of it."""

    fact_type: str
    count: int
    last_at: AwareDatetime | None


class AbsenceExplanation(_Answer):
    """Why a rule did not act for a contact; or that it did."""

    tenant_id: str
    rule_id: str
    contact_id: str
    contact_name: str
    summary: str
    decisions: tuple[DecisionRead, ...] = Field(description="The latest due first; none: nothing made it consider.")
    awaited: tuple[AwaitedRead, ...]
    sent_keys: tuple[str, ...] = Field(description="Commands of the rule that did go out to the contact.")
    lag_events: int = Field(description="Events of the log that the decisions do not know yet.")
