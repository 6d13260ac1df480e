"""Bookings as entries of calendars: the customer's own, and that of who does the work."""

from __future__ import annotations

from frontdesk.core.tenant.business import Business
from frontdesk.domains.bookings.calendar_file import CalendarEntry
from frontdesk.domains.bookings.store import Known


def customers_entry(known: Known, *, business: Business) -> CalendarEntry:
    """Return a booking as its customer's calendar shows it: the business's name, and how to reach it."""
    booking = known.booking
    reached_by = [each for each in (business.phone, business.email) if each]
    return _entry(
        known,
        tenant_id=business.slug,
        summary=f"{booking.service}, {business.name}",
        description="\n".join([*([f"With {booking.staff}"] if booking.staff else []), *reached_by]),
    )


def staffs_entry(known: Known, *, tenant_id: str) -> CalendarEntry:
    """Return a booking as the calendar of who does it shows it: whom they meet, and how to reach them."""
    booking, contact = known.booking, known.booking.contact
    name = None if contact is None else contact.name
    reached_by = [each for each in (contact.phone, contact.email) if each] if contact is not None else []
    return _entry(
        known,
        tenant_id=tenant_id,
        summary=booking.service if name is None else f"{booking.service}, {name}",
        description="\n".join(reached_by),
    )


def _entry(known: Known, *, tenant_id: str, summary: str, description: str) -> CalendarEntry:
    booking = known.booking
    return CalendarEntry(
        uid=f"{booking.booking_id}@{tenant_id}.frontdesk",
        revision=booking.revision,
        changed_at=known.changed_at,
        status=booking.status,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        summary=summary,
        description=description or None,
        location=booking.location,
    )
