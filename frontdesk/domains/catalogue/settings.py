"""What can be booked, in a business's file: services with their list prices, people, rooms."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from frontdesk.core.durations import Duration
from frontdesk.core.tenant.business import Business, OpenHours, refuse_repeats
from frontdesk.core.tenant.fields import Key, Price, Strict
from frontdesk.domains.catalogue.booking_terms import BookingTerms
from frontdesk.domains.catalogue.resources import DayException, Person, PublicHolidays, Room


class Service(Strict):
    """What can be booked, with its list price."""

    key: Key = Field(description="Its name in rules, bookings and reports: it stays when the service is renamed.")
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
    booking: BookingTerms | None = Field(
        default=None, description="How it is booked with us; left out: it is not, only elsewhere."
    )


class BookableBusiness(Business):
    """A business with what can be booked there."""

    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    people: tuple[Person, ...] = ()
    rooms: tuple[Room, ...] = ()
    exceptions: tuple[DayException, ...] = Field(
        default=(), description="Days on which the business has other hours, for all services, people and rooms."
    )
    public_holidays: PublicHolidays | None = None
    slot_hold: Duration = Field(
        default=timedelta(minutes=10), description="How long a time is kept for who is about to book it."
    )

    @model_validator(mode="after")
    def _needs_can_be_met(self) -> BookableBusiness:
        refuse_repeats("people", [person.key for person in self.people])
        refuse_repeats("rooms", [room.key for room in self.rooms])
        for service in self.services:
            for need in service.booking.needs if service.booking else ():
                if problem := need.problem(self.people, self.rooms):
                    raise ValueError(f"services.{service.key}.booking.needs: {problem}")
        return self

    def find_service(self, key: str) -> Service | None:
        """Return the service of a key, None if there is none."""
        return next((service for service in self.services if service.key == key), None)
