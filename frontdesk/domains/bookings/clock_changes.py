"""Finds bookings to come whose local time is another since a zone's rules changed, and has staff look at each.

The customer was told a time of the clock on the wall. New rules of a zone come with an upgrade, so this is asked once
at each start of the receiver.
"""

from __future__ import annotations

from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings import store
from frontdesk.domains.bookings.booking import Booking, local_text
from frontdesk.domains.bookings.errors import BookingsUnavailableError
from frontdesk.domains.bookings.staff_tasks import staff_task

TASK_KIND = "booking_moved_by_clock"


def tell_moved_bookings(engine: Engine, *, log: EventLog, clock: Clock) -> int:
    """Make a task of each booking to come that is at another local time than was told; return how many are new.

    Raises BookingsUnavailableError, EventLogUnavailableError.
    """
    with translated_errors(BookingsUnavailableError, what="the bookings"), engine.connect() as connection:
        found = store.list_to_come(connection, now=clock.now())
    events = [
        _task(tenant_id, known.booking, clock=clock)
        for tenant_id, known in found
        if local_text(known.booking.starts_at, known.booking.zone) != known.booking.starts_at_local
    ]
    return sum(appended.is_new for appended in log.append(events)) if events else 0


def _task(tenant_id: str, booking: Booking, *, clock: Clock) -> NewEvent:
    told, now_at = booking.starts_at_local, local_text(booking.starts_at, booking.zone)
    # Once for each time that it was told, and each that it is at now.
    task_id = f"clock:{booking.booking_id}:{told}:{now_at}"
    title = (
        f"The clocks of {booking.zone} change otherwise than was known: {booking.service} was booked for "
        f"{told.replace('T', ' ')} and is at {now_at.replace('T', ' ')} now. Move it, or tell them."
    )
    return staff_task(
        tenant_id, task_id=task_id, kind=TASK_KIND, title=title, booking_id=booking.booking_id, now=clock.now()
    )
