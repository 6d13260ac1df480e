"""How a tenant's commands go out: its providers and senders, quiet hours, caps, quota and retries."""

from __future__ import annotations

from datetime import time
from functools import partial
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from frontdesk.connectors.descriptor import one_of, senders
from frontdesk.core.tenant.fields import E164Phone, Email, LocalTime, Strict
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.outbox.retry import DEFAULT_SCHEDULES, RetrySchedule, schedule_of_minutes

SmsProvider = Annotated[str, one_of(partial(senders, "sms"))]
EmailProvider = Annotated[str, one_of(partial(senders, "email"))]
#: Of submission with STARTTLS (RFC 6409).
SUBMISSION_PORT = 587
#: Providers of commands that need nothing in the tenant's file.
TASK_PROVIDER, WEBHOOK_PROVIDER = "frontdesk", "webhook"
#: Letters and digits, shown in place of a number; ClickSend takes 3 to 11 of them.
AlphaTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{3,11}$")]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253)]


class _Delivery(Strict):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SmsDelivery(_Delivery):
    """By whom texts go out. A rate above what the carrier grants the number only moves the queue to the provider."""

    provider: SmsProvider = Field(description="Who sends them.")
    sender: E164Phone | AlphaTag = Field(alias="from", description="E.164; with ClickSend also a name.")
    per_second: Annotated[float, Field(gt=0, le=1_000)] = Field(
        default=1.0, description="Texts a second from this number."
    )

    @model_validator(mode="after")
    def _has_sender_of_its_kind(self) -> SmsDelivery:
        if self.provider == "twilio" and not self.sender.startswith("+"):
            raise ValueError('from: Twilio needs a number in E.164, such as "+16135550101"')
        return self


class EmailDelivery(_Delivery):
    """By whom e-mails go out."""

    provider: EmailProvider = Field(description="Who sends them.")
    sender: Email = Field(description="Address that they come from.", alias="from")
    host: HostName | None = Field(default=None, description="SMTP only.")
    port: Annotated[int, Field(gt=0, le=65_535)] = Field(
        default=SUBMISSION_PORT, description="SMTP only; of submission with STARTTLS."
    )

    @model_validator(mode="after")
    def _has_host_where_it_needs_one(self) -> EmailDelivery:
        if self.provider == "smtp" and self.host is None:
            raise ValueError("host: smtp needs the server's name, such as smtp.office365.com")
        if self.provider == "graph" and (self.host is not None or "port" in self.model_fields_set):
            raise ValueError("host and port are of smtp; graph has one address for all; remove them")
        return self


class QuietHours(_Delivery):
    """When nobody wants to be written to, by the recipient's clock; may pass midnight."""

    starts: LocalTime = Field(description="When they begin.", default=time(21), alias="from")
    ends: LocalTime = Field(description="When they end.", default=time(8), alias="until")

    @model_validator(mode="after")
    def _has_length(self) -> QuietHours:
        if self.starts == self.ends:
            raise ValueError("from and until are the same; the hours would be the whole day, or none")
        return self


class MarketingCap(_Delivery):
    """At most so many marketing messages to one contact in so many days, over all channels."""

    messages: Annotated[int, Field(ge=1)] = Field(default=3, description="At most so many.")
    days: Annotated[int, Field(ge=1, le=366)] = Field(default=7, description="In so many days.")


class Retries(_Delivery):
    """Minutes between attempts, and how many attempts there are in all; the last wait repeats."""

    minutes: Annotated[tuple[Annotated[float, Field(gt=0, le=10_080)], ...], Field(min_length=1)] = Field(
        description="Waits between attempts."
    )
    attempts: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None, description="Left out: every wait is used once."
    )


class Delivery(_Delivery):
    """All of it. A channel without its part can't be sent by this tenant."""

    sms: SmsDelivery | None = None
    email: EmailDelivery | None = None
    quiet_hours: QuietHours = QuietHours()
    marketing_cap: MarketingCap = MarketingCap()
    monthly_texts: Annotated[int, Field(ge=0)] | None = Field(
        examples=[500],
        default=None,
        description="Texts that the plan includes in a calendar month of the tenant's zone.",
    )
    retries: dict[Channel, Retries] = Field(default_factory=dict)

    def schedule_of(self, channel: Channel) -> RetrySchedule:
        """Return when refused calls of a channel are made again: the tenant's own schedule, or the usual one."""
        own = self.retries.get(channel)
        if own is None:
            return DEFAULT_SCHEDULES[channel]
        return schedule_of_minutes(own.minutes, max_attempts=own.attempts)

    def provider_of(self, channel: Channel) -> str | None:
        """Return who sends a channel's commands; None if this tenant can't, or nothing of ours does."""
        match channel:
            case Channel.SMS:
                return self.sms.provider if self.sms else None
            case Channel.EMAIL:
                return self.email.provider if self.email else None
            case Channel.TASK:
                return TASK_PROVIDER
            case Channel.WEBHOOK:
                return WEBHOOK_PROVIDER
            case Channel.SYNC:
                return None
