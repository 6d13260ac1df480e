"""Bookings and free times as /v1 shows them."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Instant
from frontdesk.domains.bookings.facts import Status
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.bookings.waitlist.entry import EntryStatus
from frontdesk.domains.bookings.waitlist.rows import KnownEntry
from frontdesk.domains.identity.facts import ContactPayload


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Text | None = Field(default=None, description="Who does this; of a signed-in person always themselves.")
    reason: Text | None = None


class ServiceRead(_Answer):
    """A service of the business."""

    service_key: str
    name: str
    description: str | None
    price_minor: int = Field(description="List price in minor units.")
    currency: str
    duration_minutes: int
    is_bookable: bool = Field(description="False: it is not booked with us, only elsewhere.")
    people: list[str] = Field(description="Keys of the people of whom one can be asked for.")
    notice_minutes: int | None
    horizon_days: int | None
    is_confirmed_at_once: bool | None


class PersonRead(_Answer):
    """Somebody who does what is booked."""

    key: str
    name: str


class ServiceList(_Answer):
    """What the business offers, in the order of its file."""

    services: list[ServiceRead]
    people: list[PersonRead]
    zone: str


class SlotRead(_Answer):
    """A time that can be booked."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    starts_at_local: str = Field(description="By the business's clock, with the zone's abbreviation.")
    people: list[str] = Field(description="Keys of those who would do it, as things are.")


class SlotList(_Answer):
    """Times that can be booked, ascending."""

    service_key: str
    zone: str
    slots: list[SlotRead]
    log_position: int = Field(description="As of which event of the log they are free.")


class HoldBody(_Body):
    """A time to keep for who is about to book it."""

    service_key: Identifier
    starts_at: Instant
    person: Identifier | None = Field(default=None, description="Key of the person who is to do it.")
    customer_address: Identifier | None = Field(
        default=None, description="The customer's network address: three times are kept for one at most."
    )
    browser_token: Identifier | None = Field(
        default=None, description="What tells the customer's browser: one time is kept for it at most."
    )


class NamedContact(ContactPayload):
    """Who it is for. Unlike in imports an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")


class CreateBody(_Body):
    """A booking to make."""

    service_key: Identifier
    starts_at: Instant
    contact: NamedContact = Field(description="Who books and pays, and is written to.")
    guest_name: Text | None = Field(default=None, description="Who comes, where that is somebody else.")
    person: Identifier | None = Field(default=None, description="Key of the person who is to do it.")
    hold_id: Identifier | None = Field(default=None, description="The slot hold by which the time is kept.")
    location: Text | None = None
    quote_id: Identifier | None = Field(
        default=None,
        description="The price that whoever books was told; left out: what the service costs then, if that is known.",
    )


class ChangeBody(_Body):
    """Who changes a booking, and why."""


class ContactChanges(BaseModel):
    """What is another now of who a booking is for; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone: Identifier | None = None
    email: Identifier | None = None
    name: Text | None = None
    company: Text | None = None


class UpdateBody(_Body):
    """What is another now of a booking; its time is moved by :reschedule."""

    contact: ContactChanges | None = None
    guest_name: Text | None = None
    location: Text | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateBody:
        told = (self.location, self.guest_name, self.contact and self.contact.model_dump(exclude_none=True))
        if not any(told):
            raise ValueError("say what is another now: contact, guest_name or location")
        return self


class RescheduleBody(_Body):
    """Another time for a booking."""

    starts_at: Instant
    person: Identifier | None = Field(default=None, description="Key of the person who is to do it; left out: any.")
    quote_id: Identifier | None = Field(
        default=None, description="The price that was told for this time; left out: it stays as it was agreed."
    )


class LinkBody(_Body):
    """Who makes a link, and whether those before go on."""

    revoke_older: bool = Field(
        default=False, description="Whether links that were made before lead nowhere any more."
    )


class LinkMade(_Answer):
    """A link by which a customer sees, moves and cancels a booking."""

    url: str = Field(description="It is told this once.")
    expires_at: AwareDatetime = Field(
        description="The end of the appointment; a link of a moved booking ends before."
    )


class CalendarLinkMade(_Answer):
    """A link by which a calendar program follows a person's bookings."""

    url: str = Field(description="It is told this once; the next one takes its place.")


class BookingRead(_Answer):
    """A booking, or the slot hold before it."""

    booking_id: str
    status: Status
    service_key: str
    service: str = Field(description="Its name when it was booked.")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    starts_at_local: str = Field(description="By the business's clock, as it was told: 2027-03-14T09:00.")
    zone: str
    places: list[str] = Field(description="What it takes up: person:, room: or service: and a key.")
    staff: str | None
    location: str | None
    contact: ContactPayload | None = Field(description="Who books and pays, and is written to.")
    guest_name: str | None = Field(description="Who comes, where that is somebody else.")
    price_minor: int | None
    currency: str | None
    quote: dict[str, Any] | None
    expires_at: AwareDatetime | None = Field(description="Of a slot hold: until when the time is kept.")
    event_id: str = Field(description="The event that made it what it is.")
    log_position: int = Field(description="That event's sequence.")
    changed_at: AwareDatetime

    @classmethod
    def of(cls, known: Known) -> BookingRead:
        """Return what is shown of a booking."""
        booking = known.booking
        names = cls.model_fields.keys() - {"places", "event_id", "log_position", "changed_at"}
        return cls(
            **{name: getattr(booking, name) for name in names},
            places=[place.resource for place in booking.places],
            event_id=known.event_id,
            log_position=known.sequence,
            changed_at=known.changed_at,
        )


class BookingList(_Answer):
    """Bookings by their start."""

    bookings: list[BookingRead]


class JoinBody(_Body):
    """Somebody who waits for a time."""

    service_key: Identifier
    starts_from: Instant = Field(description="Waits for a start from this instant on.")
    starts_until: Instant = Field(description="And before this one.")
    contact: NamedContact = Field(description="Who waits, and is told of times that are free.")
    person: Identifier | None = Field(default=None, description="Key of the person who is to do it; left out: any.")


class LeaveBody(_Body):
    """Who takes an entry off a waitlist, and why."""


class DeclineBody(_Body):
    """The offer that is declined."""

    starts_at: Instant = Field(description="The start that was offered.")


class AcceptBody(_Body):
    """The offer that is accepted."""

    starts_at: Instant = Field(description="The start that was offered.")
    guest_name: Text | None = Field(default=None, description="Who comes, where that is not who waits.")
    location: Text | None = None
    quote_id: Identifier | None = Field(
        default=None, description="The price that was told; left out: what the service costs then, if that is known."
    )


class OfferRead(_Answer):
    """A time that somebody was offered."""

    booking_id: str = Field(description="Of the booking, once it is accepted.")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    starts_at_local: str = Field(description="By the business's clock, as it was told: 2027-03-14T09:00.")
    zone: str
    staff: str | None = Field(description="Who would do it, where the time is kept.")
    offered_at: AwareDatetime
    expires_at: AwareDatetime = Field(description="Until when it is to be answered.")
    is_held: bool = Field(description="False: several are offered it, and the first who accepts has it.")


class WaitlistEntryRead(_Answer):
    """Somebody who waits, or did."""

    entry_id: str
    status: EntryStatus
    service_key: str
    service: str = Field(description="Its name when they joined.")
    person: str | None
    starts_from: AwareDatetime
    starts_until: AwareDatetime
    contact: ContactPayload
    joined_at: AwareDatetime
    offer: OfferRead | None = Field(description="The newest; it stands while the status is offered.")
    turned_down: list[AwareDatetime] = Field(description="Starts that are not offered to them again.")
    event_id: str = Field(description="The event that made it what it is.")
    log_position: int = Field(description="That event's sequence.")
    changed_at: AwareDatetime

    @classmethod
    def of(cls, known: KnownEntry) -> WaitlistEntryRead:
        """Return what is shown of an entry."""
        entry = known.entry
        names = cls.model_fields.keys() - {"offer", "turned_down", "event_id", "log_position", "changed_at"}
        return cls(
            **{name: getattr(entry, name) for name in names},
            offer=None if entry.offer is None else OfferRead(**entry.offer.model_dump()),
            turned_down=[each.starts_at for each in entry.turned_down],
            event_id=known.event_id,
            log_position=known.sequence,
            changed_at=known.changed_at,
        )


class WaitlistRead(_Answer):
    """Who waits, in the order in which they are asked."""

    entries: list[WaitlistEntryRead]
