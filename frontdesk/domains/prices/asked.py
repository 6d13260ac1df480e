"""What is asked for when a price is wanted: services, start, distance, extras, promo code, and when it was asked."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from frontdesk.core.tenant.business import refuse_repeats
from frontdesk.core.tenant.fields import Key, Strict
from frontdesk.core.values import Instant
from frontdesk.domains.prices.settings import PromoCodeName

MOST_ITEMS: Final = 50
MOST_EXTRAS: Final = 20
#: Half the way around the Earth, and a bit.
FARTHEST_MILES, FARTHEST_METRES = 12_500, 20_100_000
_METRES_PER_MILE: Final = Fraction(1_609_344, 1000)


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


UtcInstant = Annotated[Instant, AfterValidator(_in_utc)]


class AskedItem(Strict):
    """A service or product, and how many of it."""

    service_key: Key = Field(description="A key under `services` of the business's file.")
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1


class PriceRequest(Strict):
    """What somebody wants to know the price of."""

    items: Annotated[tuple[AskedItem, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    starts_at: UtcInstant | None = Field(
        default=None, description="With its offset. Needed where a surcharge depends on it."
    )
    distance_miles: Annotated[Decimal, Field(ge=0, le=FARTHEST_MILES, decimal_places=3)] | None = Field(
        default=None, description="From the business to the customer. Needed where a service is charged by the mile."
    )
    distance_metres: Annotated[int, Field(ge=0, le=FARTHEST_METRES)] | None = Field(
        default=None, description="The same in metres, in place of miles."
    )
    extras: Annotated[tuple[Key, ...], Field(max_length=MOST_EXTRAS)] = Field(
        default=(), description="Keys of surcharges that are added where they are asked for."
    )
    promo_code: PromoCodeName | None = None

    @model_validator(mode="after")
    def _says_each_once(self) -> PriceRequest:
        if self.distance_miles is not None and self.distance_metres is not None:
            raise ValueError("give distance_miles or distance_metres, and not both")
        refuse_repeats("items", [item.service_key for item in self.items])
        refuse_repeats("extras", list(self.extras))
        return self

    @property
    def service_keys(self) -> tuple[str, ...]:
        """What is asked for, in its order."""
        return tuple(item.service_key for item in self.items)

    @property
    def miles(self) -> Fraction | None:
        """The distance, exact; None where it is not known."""
        if self.distance_metres is not None:
            return self.distance_metres / _METRES_PER_MILE
        return None if self.distance_miles is None else Fraction(self.distance_miles)


class CodeUses(Strict):
    """How often a promo code had been used when the price was asked for."""

    in_all: Annotated[int, Field(ge=0)]
    by_person: Annotated[int, Field(ge=0)] | None = None  #: None: nobody said who asks


class Asked(Strict):
    """A request with all else that a price depends on: it and the rules give the same price on any day."""

    request: PriceRequest
    asked_at: UtcInstant
    code_uses: CodeUses = CodeUses(in_all=0)
