"""Prices in a business's file: surcharges and when they are added, promo codes, tax, and what goes first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, model_validator

from frontdesk.core.durations import Duration
from frontdesk.core.tenant.business import OpenHours
from frontdesk.core.tenant.fields import Key, Price, Strict, Weekday
from frontdesk.domains.catalogue.settings import BookableBusiness

#: Sections without which a price would be another than the business wrote.
PRICED_BY = frozenset({"surcharges", "tax_rate_percent", "promo_codes", "prices"})

Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _in_capitals(code: str) -> str:
    return code.upper()


#: A promo code as it is compared: in capitals.
PromoCodeName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=40), AfterValidator(_in_capitals)
]


class PriceCondition(Strict):
    """When a surcharge is added: where several are given, all of them must hold."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = Field(
        default=None, description="The start is on one of these days, by the business's clock."
    )
    outside_hours: OpenHours | None = Field(
        default=None, description="The start is before these hours open, or not before they close."
    )
    notice_under: Duration | None = Field(
        default=None, description="Less time than this passes between asking and the start."
    )

    @model_validator(mode="after")
    def _says_something(self) -> PriceCondition:
        if self.weekdays is None and self.outside_hours is None and self.notice_under is None:
            raise ValueError("say weekdays, outside_hours or notice_under; or leave `when` out")
        return self


class Surcharge(Strict):
    """What is added to a price: by itself where its conditions hold, else where it is asked for."""

    key: Key = Field(description="Its name in requests and reports.")
    name: str = Field(description="As customers know it.")
    price: Price = Field(description="What is added.")
    unit: Literal["booking", "mile"] = Field(
        default="booking",
        description="What it is added for: each booking, or each mile beyond the service's radius_miles.",
    )
    services: tuple[Key, ...] = Field(default=(), description="For these services alone; left out: for all.")
    when: PriceCondition | None = Field(
        default=None, description="Left out: each mile counts always, anything else where it is asked for by its key."
    )

    @property
    def is_extra(self) -> bool:
        """Whether it is added only where it is asked for."""
        return self.when is None and self.unit == "booking"

    def concerns(self, service_key: str) -> bool:
        """Tell whether it can be added to this service."""
        return not self.services or service_key in self.services


class PromoCode(Strict):
    """A code that takes something off; it is compared without regard to capitals."""

    code: PromoCodeName = Field(description="What customers type.", examples=["WELCOME10"])
    name: str = Field(description="As customers know it.")
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=4)] | None = Field(
        default=None, description="How much per cent it takes off. This or amount."
    )
    amount: Annotated[Decimal, Field(gt=0, decimal_places=4, max_digits=14)] | None = Field(
        default=None,
        description="How much money it takes off, and never more than there is to pay. This or percent.",
        examples=[15.0],
    )
    services: tuple[Key, ...] = Field(
        default=(),
        description="Off the own price of these services; left out: off all lines.",
        examples=[["loan_signing"]],
    )
    first_day: date | None = Field(
        default=None, description="Counts from this day on, by the business's clock.", examples=["2026-11-01"]
    )
    last_day: date | None = Field(default=None, description="The last day it counts.", examples=["2026-12-31"])
    uses: Count | None = Field(default=None, description="How often it can be used in all.", examples=[100])
    uses_per_person: Count | None = Field(default=None, description="How often one person can use it.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> PromoCode:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("give percent or amount, and not both")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("last_day is before first_day; change one of them")
        return self


class PriceTerms(Strict):
    """What holds for every price that is told."""

    discounts: Literal["before_tax", "after_tax"] = Field(
        default="before_tax",
        description="Whether a promo code is taken off before tax is counted, which is then less, or after it.",
    )
    tax_name: str = Field(default="Tax", description="As customers know it.")
    quote_valid_for: Duration = Field(
        default=timedelta(minutes=30), description="How long a price holds after it was told."
    )


class PricedBusiness(BookableBusiness):
    """A business with what its prices are made of."""

    surcharges: tuple[Surcharge, ...] = ()
    tax_rate_percent: Percent = Field(
        default=Decimal(0), description="Tax on top of its prices, which are net; 0 where they are what is paid."
    )
    promo_codes: tuple[PromoCode, ...] = ()
    prices: PriceTerms = PriceTerms()

    #: What of this was wrong and is left out: prices without it would be others than were written.
    _prices_left_out: frozenset[str] = PrivateAttr(frozenset())

    @property
    def prices_left_out(self) -> frozenset[str]:
        """The sections of prices that could not be read."""
        return self._prices_left_out

    def note_left_out(self, content: Mapping[str, object], *, left_out: Collection[str]) -> None:
        """Keep which sections of prices are left out."""
        super().note_left_out(content, left_out=left_out)
        self._prices_left_out = PRICED_BY.intersection(left_out)
