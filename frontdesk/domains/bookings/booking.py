"""A booking of ours as its newest event tells it: each event holds all of it, so the newest is its state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.identity.facts import ContactPayload

#: Statuses in which a booking takes up its time. What is over keeps it: nobody else was served then.
TAKING: frozenset[Status] = frozenset({"held", "pending", "confirmed", "completed", "no_show"})
#: Statuses in which it is still to come.
OPEN: frozenset[Status] = frozenset({"pending", "confirmed"})


class Place(BaseModel):
    """One place of a person, room or service."""

    model_config = ConfigDict(frozen=True)

    resource: str
    lane: int


class Booking(BaseModel):
    """One booking, or the slot hold before it. Instants are aware, in UTC."""

    model_config = ConfigDict(frozen=True)

    booking_id: str
    status: Status
    service_key: str
    service: str  #: its name then
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    taken_from: AwareDatetime  #: with buffers
    taken_until: AwareDatetime
    zone: str  #: by whose clock it was booked
    starts_at_local: str  #: 2027-03-14T09:00: what the customer was told, whatever becomes of the zone's rules
    places: tuple[Place, ...]
    staff: str | None = None  #: names of its people
    location: str | None = None
    contact: ContactPayload | None = None
    guest_name: str | None = None  #: who comes, where that is not the contact
    price_minor: int | None = None
    currency: str | None = None
    quote: dict[str, Any] | None = None
    open_status: Status = "pending"  #: what it is again when it is reopened
    agreed_to: str | None = None  #: what whoever booked on a page agreed to, in its words
    revision: int = 0  #: how many events made it what it is; those before 2026-12 counted none
    link_generation: int = 0  #: links of an older one do not lead to it any more
    expires_at: AwareDatetime | None = None  #: of a slot hold
    is_extended: bool = False
    held_by: tuple[str, ...] = Field(
        default=(), description="Digests of the address and browser that it is kept for."
    )

    @property
    def people(self) -> tuple[str, ...]:
        """Keys of the people whose time it takes."""
        return tuple(
            place.resource.partition(":")[2] for place in self.places if place.resource.startswith("person:")
        )

    @property
    def local_day(self) -> str:
        """The day on which it begins, by the business's clock: 2027-03-14."""
        return self.starts_at_local[:10]

    def changed(self, **changes: Any) -> Booking:
        """Return it with these fields changed."""
        return self.model_copy(update=changes)

    def payload(self, **more: str | None) -> dict[str, Any]:
        """Return what its event tells: all of it, and who did what for which reason."""
        told = {name: value for name, value in more.items() if value is not None}
        return self.model_dump(mode="json", exclude_none=True) | told


def local_text(instant: datetime, zone: str) -> str:
    """Return an instant by a zone's clock, without its offset: 2027-03-14T09:00."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def as_utc(instant: datetime) -> datetime:
    """Return an aware instant in UTC."""
    return instant.astimezone(UTC)
