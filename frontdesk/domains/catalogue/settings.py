"""What can be booked, in a business's file: services, surcharges, tax."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from frontdesk.core.tenant.business import Business, OpenHours
from frontdesk.core.tenant.fields import Key, Price, Strict


class Service(Strict):
    """What can be booked, with its list price."""

    key: Key = Field(description="Its name in rules and reports.")
    name: str = Field(description="As customers know it.")
    price: Price = Field(description="List price, in the business's currency.")
    duration_minutes: Annotated[int, Field(gt=0, le=24 * 60)] = Field(description="How long it takes.")
    description: str | None = Field(default=None, description="More about it.")
    radius_miles: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How far it is done from home."
    )
    hours: OpenHours | None = Field(
        default=None, description="Every day's hours of this service where they differ from the business's."
    )
    provider_ids: dict[str, str] = Field(default_factory=dict, description="Source name to its id of it.")


class Surcharge(Strict):
    """A fixed or per-mile addition to a price."""

    key: Key = Field(description="Its name in reports.")
    name: str = Field(description="As customers know it.")
    price: Price = Field(description="What is added.")
    unit: Literal["booking", "mile"] = Field(
        default="booking", description="What it is added for: each booking, or each mile."
    )


class BookableBusiness(Business):
    """A business with what can be booked there."""

    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    surcharges: tuple[Surcharge, ...] = ()
    tax_rate_percent: Annotated[Decimal, Field(ge=0, le=100)] = Field(
        default=Decimal(0), description="Tax in its prices."
    )
