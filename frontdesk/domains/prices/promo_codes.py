"""Whether a promo code counts for what is asked for: known, in its days, used less often than it may be."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from frontdesk.domains.prices.asked import Asked
from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.settings import PromoCode


def find_code(rules: PriceRules, asked: Asked) -> PromoCode | None:
    """Return the code that counts, None if none was given. Raises NotPriceableError for one that does not count."""
    if asked.request.promo_code is None:
        return None
    code = rules.find_promo_code(asked.request.promo_code)
    if code is None:
        raise _refused("there is none of this name; leave it out, or correct it", "promo-code-unknown")
    _check_days(code, asked, zone=ZoneInfo(rules.zone))
    _check_uses(code, asked)
    if code.services and not set(code.services).intersection(asked.request.service_keys):
        services = ", ".join(code.services)
        raise _refused(f"{code.code} counts for {services} alone; leave it out", "promo-code-of-other-services")
    return code


def _check_days(code: PromoCode, asked: Asked, *, zone: ZoneInfo) -> None:
    today = asked.asked_at.astimezone(zone).date()
    if code.first_day is not None and today < code.first_day:
        raise _refused(f"{code.code} counts from {code.first_day} on; leave it out", "promo-code-not-begun")
    if code.last_day is not None and today > code.last_day:
        raise _refused(f"{code.code} counted until {code.last_day}; leave it out", "promo-code-expired")


def _check_uses(code: PromoCode, asked: Asked) -> None:
    uses = asked.code_uses
    if code.uses is not None and uses.in_all >= code.uses:
        raise _refused(f"{code.code} was used {uses.in_all} times, and no more; leave it out", "promo-code-used-up")
    if code.uses_per_person is None:
        return
    if uses.by_person is None:
        needed = f"{code.code} counts {code.uses_per_person} x a person; say who asks, by contact"
        raise _refused(needed, "promo-code-needs-contact")
    if uses.by_person >= code.uses_per_person:
        raise _refused(f"{code.code} was used by this person before; leave it out", "promo-code-used-by-person")


def _refused(detail: str, reason: str) -> NotPriceableError:
    return NotPriceableError(f"promo_code: {detail}", reason=reason)
