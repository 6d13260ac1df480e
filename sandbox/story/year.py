"""The whole story: every business, a year of customers, ending at a given instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sandbox.businesses import Business
from sandbox.delivery import Delivery
from sandbox.people import invent_person
from sandbox.story import clinic, detailing, ecommerce, notary, repair_shop
from sandbox.story.advertising import tell_spend
from sandbox.story.agenda import Agenda, Life, Setting, Step
from sandbox.story.background import tell_background
from sandbox.story.calendar import arrivals
from sandbox.story.disturbances import disturb

YEAR = timedelta(days=365)
#: How much of the past is told through the providers that put no time in what they post: see Setting.dated_from.
DATED_DAYS = timedelta(days=7)
_FIRST_STAY = timedelta(days=21)
#: Businesses that import what their marketing costs.
_ADVERTISERS = frozenset({"avatar-imaging"})


@dataclass(frozen=True, slots=True)
class Plot:
    """How one business's customers live."""

    life: Life
    customers_per_year: int
    seasons: Sequence[float]  # weight of each month, January first


PLOTS: Mapping[str, Plot] = {
    "avatar-imaging": Plot(clinic.life, clinic.PATIENTS_PER_YEAR, clinic.SEASONS),
    "hmnp": Plot(notary.life, notary.CUSTOMERS_PER_YEAR, notary.SEASONS),
    "noizylab": Plot(repair_shop.life, repair_shop.CUSTOMERS_PER_YEAR, repair_shop.SEASONS),
    "technifold": Plot(ecommerce.life, ecommerce.CUSTOMERS_PER_YEAR, ecommerce.SEASONS),
    **{slug: Plot(detailing.life, count, detailing.SEASONS) for slug, count in detailing.CUSTOMERS_PER_YEAR.items()},
}


#: What was due so long before the year's end is history for Frontdesk, and no more sent.
FRONTDESK_TEXTS = timedelta(days=1)


def tell_year(
    businesses: Mapping[str, Business], *, seed: int, ends_at: datetime, scale: float = 1.0
) -> list[Delivery]:
    """Return the year's deliveries in the order in which they are sent; none of them happened after `ends_at`.

    The same seed, end, scale and tenant files give the same bodies, byte for byte. Scale 1 is about 25,000.
    """
    deliveries: list[Delivery] = []
    for slug in sorted(PLOTS.keys() & businesses.keys()):
        setting = Setting(businesses[slug], dated_from=ends_at - DATED_DAYS, texts_until=ends_at - FRONTDESK_TEXTS)
        steps = (
            step for agenda in _tell(setting, seed=seed, ends_at=ends_at, scale=scale) for step in agenda.steps()
        )
        deliveries.extend(step.make(step.at) for step in steps if step.at <= ends_at)
    deliveries.sort(key=lambda delivery: (delivery.at, delivery.identity))
    return disturb(deliveries, Random(f"{seed}:disturbances"))


def begin_life(setting: Setting, *, key: str, number: int, at: datetime) -> Agenda:
    """Return a new customer's agenda. `key` is unique in the story, `number` within the business."""
    rng = Random(key)
    person = invent_person(rng, key=key, number=2 * number, country=setting.business.country)
    return PLOTS[setting.slug].life(setting, person, at, rng)


def customers(slug: str, scale: float) -> int:
    """Return how many customers turn up at a business within the year."""
    return max(1, round(PLOTS[slug].customers_per_year * scale))


def _tell(setting: Setting, *, seed: int, ends_at: datetime, scale: float) -> Iterator[Agenda]:
    slug, starts_at = setting.slug, ends_at - YEAR
    rng = Random(f"{seed}:{slug}")
    turn_up = arrivals(
        setting.business, rng, count=customers(slug, scale), starts_at=starts_at, ends_at=ends_at,
        seasons=PLOTS[slug].seasons,
    )  # fmt: skip
    for number, at in enumerate(turn_up):
        yield begin_life(setting, key=f"{seed}:{slug}:{number}", number=number, at=at)
    yield tell_background(setting, rng, key=f"{seed}:{slug}", starts_at=starts_at, ends_at=ends_at)
    if slug in _ADVERTISERS:
        yield tell_spend(setting, key=f"{seed}:{slug}", scale=scale, starts_at=starts_at, ends_at=ends_at)


def steps_for_real_time(agenda: Agenda, begins_at: datetime) -> list[Step]:
    """Return the steps that can be told in minutes: none after an appointment begins, nobody back after months."""
    ends_at = min(agenda.first_appointment or datetime.max.replace(tzinfo=UTC), begins_at + _FIRST_STAY)
    return [step for step in agenda.steps() if step.at < ends_at]
