"""Facts about bookings."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Currency, Day, InstantOrDay, MinorUnits, Payload
from frontdesk.domains.identity.facts import ContactPayload


class BookingFact(Payload):
    """booking.created, .confirmed, .rescheduled, .cancelled, .completed, .no_show."""

    booking_id: Identifier
    contact: ContactPayload | None = None
    service: Text | None = None
    starts_at: InstantOrDay | None = Field(
        default=None, description="With its offset; or a day such as 2026-03-02, for a booking without a time of day."
    )
    ends_at: InstantOrDay | None = None
    occurred_on: Day | None = Field(
        default=None, description="Day of the fact, where no time of it is known; occurred_at is in that day."
    )
    price_minor: MinorUnits | None = None
    currency: Currency | None = None
    staff: Text | None = None
    location: Text | None = None
    reason: Text | None = None


#: Facts that end a booking.
ENDS = tuple(f"booking.{verb}" for verb in ("cancelled", "completed", "no_show"))
#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    **{f"booking.{verb}": BookingFact for verb in ("created", "confirmed", "rescheduled")},
    **dict.fromkeys(ENDS, BookingFact),
}
