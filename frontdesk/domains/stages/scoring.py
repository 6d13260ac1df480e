"""Scores in a tenant's file: how warm a contact is, and how urgent a task, from points that the business sets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from frontdesk.core.tenant.fields import Key, Price, Strict
from frontdesk.domains.rules.vocabulary import FACT_TYPES, suggest

FactPoints = Annotated[float, Field(ge=-100, le=100)]
Share = Annotated[float, Field(ge=0, le=100, description="The most points that this part can give.")]
Version = Annotated[int, Field(ge=1)]

#: What says interest, by how much of a decision it is; what says the opposite takes points away.
DEFAULT_FACT_POINTS: Mapping[str, float] = MappingProxyType(
    {
        "touch.recorded": 3,
        "email.opened": 2,
        "email.clicked": 6,
        "lead.created": 25,
        "form.submitted": 15,
        "webinar.registered": 15,
        "message.received": 15,
        "booking.created": 30,
        "booking.confirmed": 20,
        "booking.completed": 20,
        "payment.succeeded": 20,
        "booking.cancelled": -20,
        "booking.no_show": -25,
        "email.unsubscribed": -20,
        "consent.revoked": -40,
    }
)
_WHOLE = 100


class Warmness(Strict):
    """How warm a contact is: points per fact, halved every half_life_days, between 0 and 100."""

    version: Version = Field(default=1, description="Raise it when points change; it is kept with every score.")
    half_life_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        default=14, description="After so many days points count half."
    )
    points: dict[str, FactPoints] = Field(
        description="Points of a fact.", default_factory=lambda: dict(DEFAULT_FACT_POINTS)
    )
    caps: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(
        default_factory=dict, description="The most that all facts of a type give, or take, together."
    )

    @field_validator("points")
    @classmethod
    def _facts_are_known(cls, points: dict[str, float]) -> dict[str, float]:
        for fact in points:
            if fact not in FACT_TYPES:
                raise ValueError(f"{fact!r} is no fact; {suggest(fact, FACT_TYPES)}")
        return points

    @model_validator(mode="after")
    def _caps_are_of_points(self) -> Warmness:
        idle = sorted(self.caps.keys() - self.points.keys())
        if idle:
            raise ValueError(f"caps: {', '.join(idle)} has no points; give it some, or remove the cap")
        return self


class Priority(Strict):
    """How urgent a task is: shares that add up to 100 at the most, so that nothing is cut off."""

    version: Version = Field(default=1, description="Raise it when shares change.")
    kinds: dict[Key, Share] = Field(default_factory=dict, description="Points of a kind of task.")
    other_kinds: Share = 20
    late: Share = 25
    late_full_after_hours: Annotated[float, Field(gt=0)] = Field(default=72, description="So late gives all of late.")
    warmness: Share = 15
    value: Share = 10
    value_full_from: Annotated[Price, Field(gt=0)] = Field(
        default=Decimal(500), description="Price of a booking that gives all of value."
    )
    appointment: Share = 10
    appointment_within_hours: Annotated[float, Field(gt=0)] = Field(
        default=48, description="An appointment so soon gives some of appointment."
    )

    @model_validator(mode="after")
    def _shares_fit(self) -> Priority:
        most = max(self.other_kinds, *self.kinds.values(), 0)
        total = most + self.late + self.warmness + self.value + self.appointment
        if total > _WHOLE:
            raise ValueError(
                f"highest kind, late, warmness, value and appointment add up to {total:g}; keep it within {_WHOLE}"
            )
        return self
