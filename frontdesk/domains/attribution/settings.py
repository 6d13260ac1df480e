"""How a tenant credits its marketing: what a conversion is, what it is worth, how far back touches count."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.fields import Strict

Conversion = Literal["booking.created", "booking.confirmed", "booking.completed", "payment.succeeded", "lead.created"]
Revenue = Literal["payments", "booking_price", "none"]
LookbackDays = Annotated[int, Field(ge=1, le=3_650)]
#: As in fct_touchpoints: lower case, without blanks around.
Channel = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=255)]
_PERCENT = 100.0


class Attribution(Strict):
    """The settings of fct_conversions and of the models over it; docs/attribution.md has the formulas."""

    conversion: Conversion = Field(default="booking.created", description="The fact that ends a journey.")
    revenue: Revenue = Field(
        default="payments", description="What a conversion is worth: payments, the booking's price, or nothing."
    )
    lookbacks_days: Annotated[tuple[LookbackDays | None, ...], Field(min_length=1, max_length=12)] = Field(
        default=(7, 30, 90, None), description="Touches older than this at the conversion don't count; null: all do."
    )
    half_life_days: Annotated[float, Field(gt=0, le=3_650)] = Field(
        default=7.0, description="Time decay: a touch that is older by this counts half as much."
    )
    position: tuple[float, float, float] = Field(
        default=(40.0, 20.0, 40.0), description="Percent for the first touch, those between together, and the last."
    )
    direct_channels: tuple[Channel, ...] = Field(
        default=("direct", "unknown"), description="Channels that the model last_non_direct passes over."
    )

    @field_validator("lookbacks_days")
    @classmethod
    def _lookbacks_differ(cls, lookbacks: tuple[int | None, ...]) -> tuple[int | None, ...]:
        if len(set(lookbacks)) != len(lookbacks):
            raise ValueError("names a lookback twice; keep one of each")
        return lookbacks

    @field_validator("position")
    @classmethod
    def _position_is_a_whole(cls, position: tuple[float, float, float]) -> tuple[float, float, float]:
        first, between, last = position
        if not all(math.isfinite(part) and part >= 0 for part in position):
            raise ValueError("needs three percentages of 0 or more, such as [40, 20, 40]")
        if not math.isclose(first + between + last, _PERCENT):
            raise ValueError(f"adds up to {first + between + last:g}; make it 100, such as [40, 20, 40]")
        if first + last == 0:
            raise ValueError("gives nothing to first and last; a journey of two touches has no others")
        return position

    @model_validator(mode="after")
    def _price_is_of_a_booking(self) -> Attribution:
        if self.revenue == "booking_price" and not self.conversion.startswith("booking."):
            raise ValueError(
                f"revenue: booking_price goes with bookings as conversions, not {self.conversion}; use payments"
            )
        return self


class AttributingBusiness(Business):
    """A business with how it credits its marketing."""

    attribution: Attribution = Attribution()
