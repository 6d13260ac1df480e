"""Facts about bookings, and about times that are kept for who is about to book them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Currency, Day, Instant, InstantOrDay, MinorUnits, Payload, WholeNumber
from frontdesk.domains.identity.facts import ContactPayload

#: Where a booking stands. A slot hold is one in the making: it is held until it is booked, released or expired.
Status = Literal[
    "held", "released", "expired", "pending", "confirmed", "declined", "cancelled", "completed", "no_show"
]


class TakenPlace(Payload):
    """One of the places of a person, a room or a service that a booking takes up."""

    resource: Identifier = Field(description="person:, room: or service: and its key.")
    lane: Annotated[WholeNumber, Field(ge=0, description="Which of those it can take at the same time, from 0.")]


class _AboutTime(Payload):
    booking_id: Identifier
    service_key: Identifier | None = Field(default=None, description="The service's key in the business's file.")
    service: Text | None = Field(default=None, description="The service's name, as it was then.")
    status: Status | None = Field(default=None, description="Where the booking stands after this.")
    places: list[TakenPlace] | None = None
    by: Text | None = Field(default=None, description="Who did this.")
    reason: Text | None = None


class BookingFact(_AboutTime):
    """booking.created, .updated, .confirmed, .declined, .rescheduled, .cancelled, .completed, .no_show, .reopened."""

    contact: ContactPayload | None = Field(default=None, description="Who books and pays, and is written to.")
    guest_name: Text | None = Field(default=None, description="Who comes, where that is somebody else.")
    starts_at: InstantOrDay | None = Field(
        default=None, description="With its offset; or a day such as 2026-03-02, for a booking without a time of day."
    )
    ends_at: InstantOrDay | None = None
    occurred_on: Day | None = Field(
        default=None, description="Day of the fact, where no time of it is known; occurred_at is in that day."
    )
    price_minor: MinorUnits | None = None
    currency: Currency | None = None
    quote: dict[str, object] | None = Field(default=None, description="The price as it was quoted, with its lines.")
    staff: Text | None = None
    location: Text | None = None


class SlotHoldFact(_AboutTime):
    """slot_hold.placed, .extended, .released, .expired: a time is kept for who is about to book it, until it ends."""

    starts_at: Instant
    ends_at: Instant
    expires_at: Instant


#: Facts that end a booking.
ENDS = tuple(f"booking.{verb}" for verb in ("cancelled", "completed", "no_show"))
HOLD_EXPIRED = "slot_hold.expired"
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    **{f"booking.{verb}": BookingFact for verb in ("created", "updated", "confirmed", "declined")},
    **{f"booking.{verb}": BookingFact for verb in ("rescheduled", "reopened")},
    **dict.fromkeys(ENDS, BookingFact),
}
#: What tells of waitlists. Nobody imports these: who waits is offered times that are kept here. Each holds all of its
#: entry, see waitlist/entry.py; withdrawn: the time is somebody else's, or not free for another reason.
WAITLIST_FACTS: tuple[str, ...] = tuple(
    f"waitlist.{verb}" for verb in ("joined", "left", "offered", "accepted", "declined", "expired", "withdrawn")
)
#: What tells of kept times. Nobody imports these: a time is kept here or not at all.
HOLD_FACTS: Mapping[str, type[BaseModel]] = {
    **{f"slot_hold.{verb}": SlotHoldFact for verb in ("placed", "extended", "released")},
    HOLD_EXPIRED: SlotHoldFact,
}
#: A link to a booking, or to a person's calendar, was made; the log holds the digest of its token.
LINK_MADE, CALENDAR_LINK_MADE = "booking_link.made", "calendar_link.made"
