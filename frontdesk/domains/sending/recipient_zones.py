"""Which clock somebody goes by who is known by a phone number."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

_UNKNOWN = "Etc/Unknown"
_KEPT_NUMBERS = 10_000


@lru_cache(maxsize=_KEPT_NUMBERS)
def zones_of(phone: str, tenant_zone: str) -> tuple[str, ...]:
    """Return the zones that a phone number (E.164) may be in: the tenant's alone if it is one of them."""
    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return (tenant_zone,)
    known = tuple(zone for zone in found if zone != _UNKNOWN)
    return (tenant_zone,) if tenant_zone in known or not known else known
