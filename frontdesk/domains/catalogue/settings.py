"""What can be booked, in a business's file: services, surcharges, tax."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from frontdesk.core.tenant.business import Business, OpenHours
from frontdesk.core.tenant.fields import Key, Price, Strict


class Service(Strict):
    """What can be booked, with its list price."""

    key: Key
    name: str
    price: Price
    duration_minutes: Annotated[int, Field(gt=0, le=24 * 60)]
    description: str | None = None
    radius_miles: Annotated[int, Field(ge=0)] | None = None
    hours: OpenHours | None = Field(
        default=None, description="Every day's hours of this service where they differ from the business's."
    )
    provider_ids: dict[str, str] = Field(default_factory=dict, description="Source name to its id of it.")


class Surcharge(Strict):
    """A fixed or per-mile addition to a price."""

    key: Key
    name: str
    price: Price
    unit: Literal["booking", "mile"] = "booking"


class BookableBusiness(Business):
    """A business with what can be booked there."""

    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    surcharges: tuple[Surcharge, ...] = ()
    tax_rate_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
