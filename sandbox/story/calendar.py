"""When things happen: seasons, weekdays, opening hours, all in the business's local time and returned as UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sandbox.businesses import Business, Offer

_SLOT = timedelta(minutes=15)
_LATEST_ENQUIRY = 22.0  # hours of the local day
_EARLIEST_ENQUIRY = 7.0
_BUSIEST_ENQUIRY = 12.5
_CLOSED_DAY_WEIGHT = 0.25  # people write on closed days too
_YEARLY_GROWTH = 0.5


def arrivals(
    business: Business, rng: Random, *, count: int, starts_at: datetime, ends_at: datetime, seasons: Sequence[float]
) -> list[datetime]:
    """Return `count` instants in order of time, more in busy months and on open days.

    `seasons` weighs the twelve months, January first.
    """
    first, last = starts_at.astimezone(business.zone).date(), ends_at.astimezone(business.zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    weights = [
        seasons[day.month - 1]
        * (1.0 if day.weekday() in business.hours else _CLOSED_DAY_WEIGHT)
        * (1.0 + _YEARLY_GROWTH * number / len(days))
        for number, day in enumerate(days)
    ]
    instants = (_enquiry_time(business, day, rng) for day in rng.choices(days, weights, k=count))
    # The first and last day are only partly inside; those outside move to the nearest end.
    return sorted(min(max(instant, starts_at), ends_at) for instant in instants)


def free_slot(business: Business, offer: Offer, rng: Random, *, after: datetime, days: float) -> datetime:
    """Return the start of a slot about `days` days after an instant, inside the hours of business or offer."""
    day = (after + timedelta(days=days)).astimezone(business.zone).date()
    while True:
        slot = _slot_on(business, offer, rng, day)
        if slot is not None and slot > after + timedelta(minutes=30):
            return slot
        day += timedelta(days=1)


def _slot_on(business: Business, offer: Offer, rng: Random, day: date) -> datetime | None:
    if day.weekday() not in business.hours:
        return None
    opens, closes = business.hours[day.weekday()]
    opens, closes = offer.opens or opens, offer.closes or closes
    room = _minutes(closes) - _minutes(opens) - offer.minutes
    if room < 0:
        return None
    quarter = rng.randint(0, room // 15)
    local = datetime.combine(day, opens, tzinfo=business.zone) + quarter * _SLOT
    return local.astimezone(UTC)


def _enquiry_time(business: Business, day: date, rng: Random) -> datetime:
    hour = rng.triangular(_EARLIEST_ENQUIRY, _LATEST_ENQUIRY, _BUSIEST_ENQUIRY)
    midnight = datetime.combine(day, time(), tzinfo=business.zone)
    # Milliseconds, no finer: what providers write.
    return midnight.astimezone(UTC) + timedelta(milliseconds=int(hour * 3_600_000))


def _minutes(local: time) -> int:
    return local.hour * 60 + local.minute
