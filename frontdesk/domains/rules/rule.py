"""A rule: when something happened, and unless something else did, do this at that time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from frontdesk.core.durations import Duration, format_duration, parse_duration
from frontdesk.domains.rules.vocabulary import FACT_TYPES, BookingStatus, suggest
from frontdesk.domains.sending.templates import TemplateId, TemplateText

CommandType = Literal["send_sms", "send_email", "create_task", "sync_record", "call_webhook"]
Scope = Literal["contact", "booking", "entity"]
Operator = Literal[
    "equals", "not_equals", "one_of", "none_of", "contains", "greater_than", "at_least", "less_than", "at_most",
    "is_set", "is_not_set",
]  # fmt: skip
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=63)]


def _known_fact(fact: str) -> str:
    if fact not in FACT_TYPES:
        raise ValueError(f"no such fact; {suggest(fact, FACT_TYPES)}")
    return fact


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _task_due(value: object) -> object:
    if value == "end_of_day" or isinstance(value, timedelta):
        return value
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValueError(f"write end_of_day or a duration: {error}") from error


FactType = Annotated[str, AfterValidator(_known_fact)]
TaskDue = Annotated[
    Literal["end_of_day"] | timedelta,
    BeforeValidator(_task_due),
    PlainSerializer(lambda due: format_duration(due) if isinstance(due, timedelta) else due, when_used="json"),
]
Scopes = Annotated[tuple[Scope, ...], BeforeValidator(_as_list), Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Due(_Strict):
    """When to act: `immediately`, `{after: 4h}` from the fact, `{before: 24h}` or `{after: 1h, of: booking_start}`.

    The booking's start is the one it has now, so that what is due follows a reschedule. A moment that had passed when
    the fact that set it happened (the booking, or its last reschedule) intends nothing: who books at noon for
    tomorrow at nine gets no reminder of 24 hours.
    """

    after: Duration | None = Field(default=None, description="So long after it.")
    before: Duration | None = Field(default=None, description="So long before the booking's start.")
    of: Literal["fact", "booking_start"] | None = Field(
        default=None, description="What `after` counts from.", examples=["booking_start"]
    )

    @model_validator(mode="before")
    @classmethod
    def _read_immediately(cls, value: Any) -> Any:
        if value == "immediately":
            return {}
        if isinstance(value, str):
            message = "write immediately, or a mapping such as {after: 4h} or {before: 24h}"
            raise ValueError(message)  # noqa: TRY004 - pydantic reports a ValueError, and lets a TypeError through
        return value

    @model_validator(mode="after")
    def _is_one_moment(self) -> Due:
        if self.after and self.before:
            raise ValueError("has both after and before; keep one of them")
        if self.before and self.of == "fact":
            raise ValueError("nothing can be done before the fact that causes it; write after, or of: booking_start")
        if self.of and not (self.after or self.before):
            raise ValueError("has of without after or before; add one of them")
        return self

    @property
    def anchor(self) -> Literal["fact", "booking_start"]:
        """What the offset is counted from."""
        return self.of or ("booking_start" if self.before else "fact")

    @property
    def offset(self) -> timedelta:
        """Signed distance from the anchor; zero for immediately."""
        return -self.before if self.before else self.after or timedelta(0)


class Unless(_Strict):
    """What cancels it: facts after the cause and until it is due, and states of the booking at that time.

    A fact counts if it is about the same contact, booking or entity (payment, invoice, repair) as the cause.
    """

    happened: dict[FactType, Scopes] = Field(
        description="Facts that cancel it, and whose: of the same contact, booking or entity.", default_factory=dict
    )
    booking_is: Annotated[tuple[BookingStatus, ...], BeforeValidator(_as_list)] = Field(
        default=(), description="States of the booking that cancel it."
    )


class Condition(_Strict):
    """A field of contact, booking or fact compared with a value; an unknown value meets is_not_set alone."""

    field: str = Field(description="What is compared, such as fact.source.")
    operator: Operator = Field(default="equals", description="How it is compared.")
    value: Any = Field(default=None, description="With what.")


class SendText(_Strict):
    """A template sent to the contact's phone or e-mail address; the template's id alone stands for it."""

    template: TemplateId = Field(description="Id of the template.", examples=["reminder_24h"])

    @model_validator(mode="before")
    @classmethod
    def _read_id(cls, value: Any) -> Any:
        return {"template": value} if isinstance(value, str) else value


class CreateTask(_Strict):
    """A task for staff, due a duration after the rule or at the end of that day on the business's clock."""

    kind: RuleId = Field(description="What kind of task it is.")
    title: TemplateText = Field(description="What staff read, a template.")
    due: TaskDue = Field(default="end_of_day", description="When it is to be done.")


class SyncRecord(_Strict):
    """A record made equal, or removed, in a provider's system."""

    target: str = Field(description="The provider.")
    record: Literal["contact", "booking", "invoice", "session"] = Field(description="What is made equal.")
    operation: Literal["upsert", "delete"] = Field(default="upsert", description="What is done with it.")


class CallWebhook(_Strict):
    """A signed post to an endpoint of the tenant's file."""

    endpoint: RuleId = Field(description="Key of the endpoint.", examples=["crm"])


Action = SendText | CreateTask | SyncRecord | CallWebhook


class Actions(_Strict):
    """What is done: at most one command of each type, all held back together for a contact of the holdout."""

    send_sms: SendText | None = None
    send_email: SendText | None = None
    create_task: CreateTask | None = None
    sync_record: SyncRecord | None = None
    call_webhook: CallWebhook | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Actions:
        if not self.model_fields_set:
            raise ValueError(f"does nothing; add one of {', '.join(Actions.model_fields)}")
        return self

    def listed(self) -> Iterator[tuple[CommandType, Action]]:
        """Yield each command's type and action."""
        if self.send_sms:
            yield "send_sms", self.send_sms
        if self.send_email:
            yield "send_email", self.send_email
        if self.create_task:
            yield "create_task", self.create_task
        if self.sync_record:
            yield "sync_record", self.sync_record
        if self.call_webhook:
            yield "call_webhook", self.call_webhook


class Rule(_Strict):
    """One automation. Its version is raised by whoever changes what it means, and is kept with every command."""

    id: RuleId = Field(description="Its name, for ever: another id is another rule.")
    version: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Raise it when the rule means something else."
    )
    when: Annotated[tuple[FactType, ...], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        description="The facts that it answers to."
    )
    due: Due = Due()
    unless: Unless = Unless()
    only_if: tuple[Condition, ...] = ()
    once_per: Literal["fact", "entity", "booking", "guest", "contact"] = Field(
        default="fact", description="Of several facts about the same, only the first is acted upon."
    )
    do: Actions
    message_class: Annotated[Literal["transactional", "marketing"], Field(alias="class")] = Field(
        description="What consent, quiet hours and caps take it for."
    )
    holdout_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="Percent of contacts for whom nothing is done, to compare."
    )
    is_shadow: bool = Field(default=False, description="Decided and shown, never sent.")
