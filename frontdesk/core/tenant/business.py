"""What a business is to everybody: its name, zone, currency, country and hours. Each domain adds what it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import time
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, StringConstraints, field_validator, model_validator

from frontdesk.core.money import decimal_mark_of
from frontdesk.core.tenant.fields import ClosingTime, E164Phone, Email, LocalTime, Slug, Strict, Weekday
from frontdesk.core.values import Currency


class OpenHours(Strict):
    """One opening period of a day, in local time; closing must be after opening."""

    opens: LocalTime = Field(description="When it opens.")
    closes: ClosingTime = Field(description="When it closes; `24:00` is the day's end.")

    @model_validator(mode="after")
    def _closes_after_opening(self) -> OpenHours:
        if self.closes <= self.opens:
            raise ValueError("closes must be later than opens; split periods that pass midnight")
        return self


class Business(Strict):
    """One business, as far as everybody knows it."""

    #: What facts are read by: where one of these is wrong its default would give other facts, so nothing is read.
    read_by: ClassVar[frozenset[str]] = frozenset(
        {"decimal_mark", "all_day_time", "phone_calling_code", "phone_trunk_prefix"}
    )

    slug: Slug = Field(description="Its name in addresses, secrets and the log; that of the file. It stays.")
    name: str = Field(description="As customers know it.")
    industry: str = Field(description="What it does, in its own words.")
    zone: str = Field(description="IANA zone, such as Australia/Perth.")
    currency: Currency = Field(description="ISO 4217, of prices and reports.")
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        description="ISO 3166: how phone numbers and amounts are read."
    )
    phone_calling_code: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")] | None = Field(
        default=None, description="Not needed: numbers are read as those of the country."
    )
    phone_trunk_prefix: Annotated[str, StringConstraints(pattern=r"^[0-9]?$")] = Field(
        default="", description="Not needed: numbers are read as those of the country."
    )
    decimal_mark: Literal[".", ","] | None = Field(
        examples=[","],
        default=None,
        description="What its systems write before decimals, where that is not the country's way.",
    )
    email: Email = Field(description="Where customers reach it.")
    phone: E164Phone | None = Field(default=None, description="E.164, such as +16135550100.")
    hours: dict[Weekday, tuple[OpenHours, ...]] = Field(
        description="When it is open, by day; a day that is left out is closed."
    )
    all_day_time: LocalTime = Field(
        default=time(9),
        description="What reminders of an appointment without a time of day count from, such as 09:00.",
    )

    @property
    def written_decimal_mark(self) -> str:
        """What its systems write before decimals."""
        return self.decimal_mark or decimal_mark_of(self.country)

    def note_left_out(self, content: Mapping[str, object], *, left_out: Collection[str]) -> None:
        """Take notice of what is left out of a wrong file; nothing here needs to."""

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is no IANA zone; write one such as Australia/Perth") from error
        return zone

    @field_validator("country")
    @classmethod
    def _country_has_numbers(cls, country: str) -> str:
        if country not in SUPPORTED_REGIONS:
            raise ValueError(f"{country!r} is no country with phone numbers of its own; write one such as AU")
        return country


def refuse_repeats(key: str, names: list[str]) -> None:
    """Raise ValueError if a name of the list stands in it twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{key}: given twice: {', '.join(repeated)}; keep one of each")
