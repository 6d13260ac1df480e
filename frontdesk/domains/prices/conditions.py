"""Which surcharges a request gets, and how many of each: by the local start, the notice and the distance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from frontdesk.core.tenant.fields import WEEKDAYS
from frontdesk.domains.prices.asked import Asked
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.settings import PriceCondition, Surcharge


class Unknown(StrEnum):
    """What a surcharge depends on and nobody has said."""

    START = "start-unknown"
    DISTANCE = "distance-unknown"
    #: It was asked for after the start: nobody gave notice, or the time of asking is not known.
    NOTICE = "notice-unknown"


@dataclass(frozen=True, slots=True)
class Added:
    """A surcharge that is added so many times."""

    surcharge: Surcharge
    quantity: Fraction


@dataclass(frozen=True, slots=True)
class Undecided:
    """A surcharge of which nobody can tell whether it is added."""

    surcharge: Surcharge
    unknown: Unknown


def find_surcharges(rules: PriceRules, asked: Asked) -> Iterator[Added | Undecided]:
    """Yield the surcharges of what is asked for, in the order of the rules, and those that can't be decided.

    The services must be those of the rules.
    """
    for surcharge in rules.surcharges:
        if any(map(surcharge.concerns, asked.request.service_keys)):
            found = _decide(surcharge, rules, asked)
            if isinstance(found, Unknown):
                yield Undecided(surcharge, found)
            elif found:
                yield Added(surcharge, found)


def _decide(surcharge: Surcharge, rules: PriceRules, asked: Asked) -> Fraction | Unknown:
    """Return how many times it is added."""
    if surcharge.is_extra:
        return Fraction(surcharge.key in asked.request.extras)
    if surcharge.when is not None:
        holds = _holds(surcharge.when, asked, zone=ZoneInfo(rules.zone))
        if holds is not True:
            return holds or Fraction(0)
    return Fraction(1) if surcharge.unit == "booking" else _miles_beyond(surcharge, rules, asked)


def _holds(condition: PriceCondition, asked: Asked, *, zone: ZoneInfo) -> bool | Unknown:
    starts_at = asked.request.starts_at
    if starts_at is None:
        return Unknown.START
    local = starts_at.astimezone(zone)
    if condition.weekdays is not None and WEEKDAYS[local.weekday()] not in condition.weekdays:
        return False
    hours = condition.outside_hours
    if hours is not None and hours.opens <= local.time() < hours.closes:
        return False
    if condition.notice_under is None:
        return True
    # Elapsed time, of two instants in UTC: where clocks change in between, it is not what the wall clock says.
    notice = starts_at - asked.asked_at
    return Unknown.NOTICE if notice.total_seconds() < 0 else notice < condition.notice_under


def _miles_beyond(surcharge: Surcharge, rules: PriceRules, asked: Asked) -> Fraction | Unknown:
    """Return the miles beyond the widest radius of the services that it concerns; none where no one drives."""
    radii = [
        service.radius_miles
        for service in rules.services
        if service.key in asked.request.service_keys
        and surcharge.concerns(service.key)
        and service.radius_miles is not None
    ]
    if not radii:
        return Fraction(0)
    miles = asked.request.miles
    return Unknown.DISTANCE if miles is None else max(miles - max(radii), Fraction(0))
