"""What allowed a command, or held it: consent and quiet hours, told when they allow as well as when they refuse."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from frontdesk.core.published.reader import Row
from frontdesk.domains.rules.explaining.words import instant
from frontdesk.domains.rules.settings import RuledBusiness
from frontdesk.domains.sending.outbox.commands import Channel, KnownCommand, MessageClass
from frontdesk.domains.sending.quiet_hours import end_of_quiet_hours
from frontdesk.domains.sending.recipient_zones import zones_of

_NAMES = {"sms": "texts", "email": "e-mails"}


def consent_in_words(decision: Row | None, *, has_event: bool) -> str | None:
    """Return what consent said of a text or e-mail; None for what needs none, such as a task."""
    if decision is None or decision["channel"] not in _NAMES:
        return None
    kind = _NAMES[decision["channel"]]
    if decision["reason"] == "opted_out" or decision["stopped_by"] == "opted_out":
        return f"opted out of {kind}: {decision['reason_detail'] or decision['stopped_detail']}"
    if decision["reason"] == "no_consent":
        return f"never agreed to marketing by {kind}"
    if decision["reason"] is not None:
        return None  # something else refused it first
    if has_event:
        return f"agreed to {kind} of this kind"
    return f"none needed: a {decision['message_class']} message, and the contact has not opted out of {kind}"


def quiet_hours_in_words(known: KnownCommand | None, *, tenant: RuledBusiness | None, now: datetime) -> str | None:
    """Return what quiet hours said of a text or e-mail when it went out, or say now; None where they say nothing."""
    if known is None or tenant is None or known.channel not in (Channel.SMS, Channel.EMAIL):
        return None
    is_marketing = known.message_class is MessageClass.MARKETING
    if known.channel is Channel.EMAIL and not is_marketing:
        return "not asked: e-mails that are no marketing wait for nobody"
    phone = known.payload.get("to") if known.channel is Channel.SMS else None
    moment = known.attempts[-1].started_at if known.attempts else max(now, known.due_at)
    hours = tenant.delivery.quiet_hours
    zones = zones_of(str(phone), tenant.zone) if phone else (tenant.zone,)
    clocks = ", ".join(f"{moment.astimezone(ZoneInfo(zone)):%H:%M} in {zone}" for zone in zones)
    when = f"{clocks}; quiet from {hours.starts:%H:%M} to {hours.ends:%H:%M}"
    end = end_of_quiet_hours(moment, hours=hours, phone=phone, tenant_zone=tenant.zone)
    if end is None:
        return f"awake: {when}"
    if known.payload.get("is_immediate") and not is_marketing:
        return f"not held: an immediate answer to what the contact did ({when})"
    return f"held until {instant(end)}: {when}"
