"""What the clinic's marketing cost, as an advertising account tells it: one line a month and campaign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sandbox.providers import history
from sandbox.story.agenda import Agenda, Setting

SYSTEM = "ads-account"
#: Campaign to its channel and what a usual month costs, in cents; a referral costs nothing.
_MONTHLY = {
    "winter_mri": ("facebook", 92_000),
    "body_scan_new_year": ("instagram", 64_000),
    "imaging_near_me": ("google", 148_000),
}
_INVOICED = time(7, 30)


def tell_spend(setting: Setting, *, key: str, scale: float, starts_at: datetime, ends_at: datetime) -> Agenda:
    """Tell each whole month's spend on the first of the next. `key` is unique in the story, and seeds the amounts."""
    agenda = Agenda()
    zone, rng = setting.business.zone, Random(f"{key}:spend")
    for first, following in _months(starts_at.astimezone(zone).date(), ends_at.astimezone(zone).date()):
        told_at = datetime.combine(following, _INVOICED, tzinfo=zone).astimezone(UTC)
        for campaign, (channel, usual) in _MONTHLY.items():
            payload = {
                "channel": channel, "campaign": campaign, "period_start": first.isoformat(),
                "period_end": (following - timedelta(days=1)).isoformat(),
                "amount_minor": round(usual * scale * rng.uniform(0.8, 1.2)),
                "currency": setting.business.currency,
            }  # fmt: skip
            agenda.add(
                told_at, history.fact, setting.slug, system=SYSTEM,
                fact_type="spend.recorded", key=f"{key}/{campaign}/{first:%Y-%m}", payload=payload,
            )  # fmt: skip
    return agenda


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield (first day, first day of the next) of the whole months from `start` to before `end`."""
    first = _next_month(start - timedelta(days=1))
    while (following := _next_month(first)) <= end:
        yield first, following
        first = following


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
