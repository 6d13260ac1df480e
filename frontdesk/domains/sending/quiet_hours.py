"""When the recipient does not want to be written to, by the clock of where the recipient is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from frontdesk.domains.sending.recipient_zones import zones_of
from frontdesk.domains.sending.settings import QuietHours

#: Zones of one number, each of which may be asleep when another wakes up.
_MOST_ROUNDS = 5


def end_of_quiet_hours(now: datetime, *, hours: QuietHours, phone: str | None, tenant_zone: str) -> datetime | None:
    """Return when the quiet hours that now falls into are over (aware UTC), None if it falls into none.

    phone: E.164, None for somebody reached by e-mail only. A number that may be in several zones counts as in the
    tenant's, if that is among them; else it has to be awake in all.
    """
    zones = (tenant_zone,) if phone is None else zones_of(phone, tenant_zone)
    instant = now
    for _ in range(_MOST_ROUNDS):
        ends = [_end(instant, hours=hours, zone=ZoneInfo(zone)) for zone in zones]
        latest = max((end for end in ends if end is not None), default=None)
        if latest is None:
            break
        instant = latest
    return instant if instant > now else None


def _end(now: datetime, *, hours: QuietHours, zone: ZoneInfo) -> datetime | None:
    local = now.astimezone(zone)
    clock = local.time()
    passes_midnight = hours.starts > hours.ends
    is_quiet = clock >= hours.starts or clock < hours.ends if passes_midnight else hours.starts <= clock < hours.ends
    if not is_quiet:
        return None
    is_tomorrow = passes_midnight and clock >= hours.starts
    day = local.date() + timedelta(days=1) if is_tomorrow else local.date()
    end = datetime.combine(day, hours.ends, tzinfo=zone).astimezone(UTC)
    if end <= now:
        # Clocks were put back: the hour in which quiet ends comes twice, and this is the second time.
        end = datetime.combine(day, hours.ends.replace(fold=1), tzinfo=zone).astimezone(UTC)
    return end
