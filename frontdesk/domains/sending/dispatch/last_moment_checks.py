"""Checks at the last moment before a call: what may not go out now, or at all, though it was intended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from frontdesk.connectors.content import Composed, Letter
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.outbox.commands import Channel, MessageClass, NewCommand
from frontdesk.domains.sending.outbox.transitions import QUIET_HOURS
from frontdesk.domains.sending.quiet_hours import end_of_quiet_hours


@dataclass(frozen=True, slots=True)
class Postpone:
    """Not before `at` (aware UTC)."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Suppress:
    """Not at all."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Not as things stand: a person has to put something right, then redrive."""

    reason: str


Verdict = Postpone | Suppress | Fail


class SentCounts(Protocol):
    """What went, or may have gone, out already; the outbox knows."""

    def count_sent(
        self,
        tenant_id: str,
        *,
        contact_id: str,
        message_class: MessageClass,
        since: datetime,
        channel: Channel | None = None,
    ) -> int:
        """Return how many of a class went to one contact."""
        ...

    def count_sent_in_channel(self, tenant_id: str, *, channel: Channel, since: datetime) -> int:
        """Return how many of a tenant's went out by a channel."""
        ...


def check_expiry(command: NewCommand, *, now: datetime) -> Verdict | None:
    """Refuse what has lost its sense by now, such as a reminder of an appointment that has begun."""
    if command.expires_at is not None and command.expires_at <= now:
        return Suppress(f"expired at {command.expires_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    return None


def check_quiet_hours(
    command: NewCommand, content: Composed, *, tenant: SendingBusiness, now: datetime
) -> Verdict | None:
    """Hold marketing, and texts that nobody waits for, until the recipient is up."""
    if not isinstance(content, Letter):
        return None
    is_marketing = command.message_class is MessageClass.MARKETING
    is_text_for_later = command.channel is Channel.SMS and not content.is_immediate
    if not (is_marketing or is_text_for_later):
        return None
    end = end_of_quiet_hours(
        now,
        hours=tenant.delivery.quiet_hours,
        phone=content.to if command.channel is Channel.SMS else None,
        tenant_zone=tenant.zone,
    )
    return None if end is None else Postpone(end, QUIET_HOURS)


def is_quiet(reason: str) -> bool:
    """Tell whether a reason to postpone is that of quiet hours."""
    return reason == QUIET_HOURS


def is_counted(command: NewCommand, *, tenant: SendingBusiness) -> bool:
    """Tell whether a cap or quota counts the command, so that two of its kind must not be decided on at once."""
    is_capped = command.message_class is MessageClass.MARKETING and command.contact_id is not None
    return is_capped or (command.channel is Channel.SMS and tenant.delivery.monthly_texts is not None)


def check_counts(
    command: NewCommand, *, tenant: SendingBusiness, now: datetime, counts: SentCounts
) -> Verdict | None:
    """Refuse what goes beyond the marketing cap of one contact, or the texts of the tenant's plan."""
    delivery = tenant.delivery
    if command.message_class is MessageClass.MARKETING and command.contact_id is not None:
        cap = delivery.marketing_cap
        sent = counts.count_sent(
            command.tenant_id,
            contact_id=command.contact_id,
            message_class=MessageClass.MARKETING,
            since=now - timedelta(days=cap.days),
        )
        if sent >= cap.messages:
            return Suppress(f"marketing cap: {sent} messages to this contact in {cap.days} days")
    if command.channel is Channel.SMS and delivery.monthly_texts is not None:
        month = now.astimezone(ZoneInfo(tenant.zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        sent = counts.count_sent_in_channel(command.tenant_id, channel=Channel.SMS, since=month.astimezone(UTC))
        if sent >= delivery.monthly_texts:
            return Suppress(f"plan quota: {sent} texts this month")
    return None
