"""What a command is on its way through the outbox: its key, its states, and the shapes that go in and come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

#: Characters of a command_key; PostgreSQL's unique index takes at most 2,704 bytes a row.
MAX_COMMAND_KEY = 512


class Channel(StrEnum):
    """What a command goes out by."""

    SMS = "sms"
    EMAIL = "email"
    TASK = "task"
    SYNC = "sync"
    WEBHOOK = "webhook"


class MessageClass(StrEnum):
    """Which consent and which hours a message needs."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class CommandState(StrEnum):
    """Where a command stands. Only `sent` is never left; see transitions.py for what leads where."""

    WAITING = "waiting"  #: not due yet, due, or between two attempts
    CLAIMED = "claimed"  #: leased by a worker that has not called the provider yet
    CALLING = "calling"  #: leased by a worker that may have called the provider
    SENT = "sent"  #: the provider accepted it
    DEAD = "dead"  #: the provider refused it for good, or attempts are used up
    UNCERTAIN = "uncertain"  #: the provider may have accepted it; never sent again by itself
    CANCELLED = "cancelled"  #: no longer intended, for good
    WITHDRAWN = "withdrawn"  #: no longer intended as things stand; waits again where it is enqueued again
    SUPPRESSED = "suppressed"  #: a guard refused it, such as for want of consent


class AttemptOutcome(StrEnum):
    """How one call of a provider ended."""

    SENT = "sent"
    RETRY = "retry"  #: refused for now
    FAILED = "failed"  #: refused for good, or for the last time
    UNCERTAIN = "uncertain"  #: no answer: a time-out, or the worker died

    @property
    def words(self) -> str:
        """How it reads on the command line."""
        return _OUTCOME_WORDS[self]


_OUTCOME_WORDS = {
    AttemptOutcome.SENT: "accepted",
    AttemptOutcome.RETRY: "refused for now",
    AttemptOutcome.FAILED: "refused for good",
    AttemptOutcome.UNCERTAIN: "no answer",
}


class Resolution(StrEnum):
    """What was found out later about an uncertain attempt."""

    SENT = "sent"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A command that is intended. Raises ValueError if it can't be kept; its times are aware."""

    tenant_id: str
    command_key: str  #: unique for ever, over all tenants; begins with the tenant's id by convention
    command_type: str  #: such as "send_sms", "create_task"
    channel: Channel
    provider: str  #: such as "twilio", "smtp"
    message_class: MessageClass
    due_at: datetime
    payload: Mapping[str, Any]  #: JSON object: template, variables, recipient; never a secret
    contact_id: str | None = None  #: None: it concerns nobody in particular
    rule_id: str | None = None  #: None: no rule asked for it, such as for a report
    rule_version: str | None = None
    cause_event_ids: tuple[str, ...] = ()  #: event_ids in the log
    expires_at: datetime | None = None  #: from then on it must not go out any more; None: it never grows stale

    def __post_init__(self) -> None:
        if not 0 < len(self.command_key) <= MAX_COMMAND_KEY:
            raise ValueError(
                f"command_key has {len(self.command_key)} characters; give 1 to {MAX_COMMAND_KEY}: "
                f"{self.command_key[:60]!r}"
            )
        for name, instant in (("due_at", self.due_at), ("expires_at", self.expires_at)):
            if instant is not None and instant.tzinfo is None:
                raise ValueError(f"command {self.command_key}: {name} is naive; give an aware datetime")
        if (self.rule_id is None) != (self.rule_version is None):
            raise ValueError(f"command {self.command_key}: give rule_id and rule_version together, or neither")
        texts = (self.tenant_id, self.command_key, self.command_type, self.provider)
        optional = (self.contact_id or "", self.rule_id or "", self.rule_version or "")
        if any("\x00" in text for text in (*texts, *optional)):
            raise ValueError(
                f"command {self.command_key!r}: a text holds NUL, which PostgreSQL can't keep; remove it"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCommand(NewCommand):
    """A command that this worker alone may send, until its lease runs out. All times are aware UTC datetimes."""

    token: str  #: names this lease; every write about the command gives it
    leased_until: datetime
    attempt_number: int  #: of the call that would come next, from 1, over the command's whole life
    try_number: int  #: the same, but from 1 again after a redrive; what a retry schedule counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of a provider. All times are aware UTC datetimes."""

    attempt_number: int  #: from 1
    token: str
    started_at: datetime
    ended_at: datetime | None  #: None while it runs
    outcome: AttemptOutcome | None  #: None while it runs
    detail: str | None  #: what the provider or the network said
    provider_id: str | None  #: the provider's id of what it accepted
    next_attempt_at: datetime | None  #: after RETRY
    resolution: Resolution | None  #: of an uncertain one
    resolved_at: datetime | None
    resolved_by: str | None  #: a person, or what looked it up


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCommand(NewCommand):
    """A command as the outbox keeps it. All times are aware UTC datetimes."""

    state: CommandState
    reason: str | None  #: of a dead, uncertain, cancelled, withdrawn, suppressed, or postponed one
    next_attempt_at: datetime | None  #: of a waiting one: not claimed before
    leased_until: datetime | None
    provider_id: str | None
    attempts_count: int
    redrives_count: int
    enqueued_at: datetime
    changed_at: datetime  #: when it came into its state
    attempts: tuple[Attempt, ...] = field(default=())  #: ascending; only where one command was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFilter:
    """Which commands are meant: those for which every given part matches."""

    tenant_id: str | None = None
    channel: Channel | None = None
    provider: str | None = None
    rule_id: str | None = None
    contact_id: str | None = None
    message_class: MessageClass | None = None
    reason_contains: str | None = None  #: in capitals or small letters


class Enqueued(NamedTuple):
    """What the outbox answers to one enqueued command."""

    command_key: str
    is_new: bool  #: False: the key was known already, in whatever state; nothing was added
    is_refreshed: bool = False  #: the known command was changed to what is intended now, or waits again


class Lane(NamedTuple):
    """What fails, and is slowed down, together: one provider of one tenant."""

    tenant_id: str
    provider: str


class Expired(NamedTuple):
    """What became of leases that ran out."""

    waiting: list[str]  #: command_keys that had not been called: waiting again
    uncertain: list[str]  #: command_keys that may have been called


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much one tenant has in one channel that is not over."""

    tenant_id: str
    channel: Channel
    waiting_count: int  #: due or not, held or not
    due_count: int  #: of these, those that could go out now but for holds
    in_flight_count: int  #: claimed or calling
    uncertain_count: int
    dead_count: int
    oldest_due_at: datetime | None  #: due_at of the oldest due one


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Commands of one provider of a tenant that are due and wait for the same reason. Times are aware UTC."""

    tenant_id: str
    channel: Channel
    provider: str
    reason: str | None  #: what the last try or guard said; None: nobody has tried
    is_held: bool
    count: int
    oldest_due_at: datetime
    oldest_attempt_at: datetime  #: the earliest time at which one of them may be claimed


#: Stands where the key of a rule's command has the rule.
MANUAL, REPORT = "manual", "report"


def manual_command_key(tenant_id: str, *, command_type: str, message_id: str) -> str:
    """Return the key of the command for a message that staff asked for."""
    return f"{tenant_id}/{MANUAL}/{command_type}/{message_id}"


def report_command_key(tenant_id: str, *, report_id: str, recipient: str) -> str:
    """Return the key of the command that sends one version of a report to one of those who get it."""
    return f"{tenant_id}/{REPORT}/send_email/{report_id}/{recipient}"


def report_of(payload: Mapping[str, Any]) -> str | None:
    """Return the report that a command's payload sends; None: it is a message to a contact."""
    report_id = payload.get("report_id")
    return None if report_id is None else str(report_id)
