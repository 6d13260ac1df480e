"""Links by which a customer sees, moves and cancels a booking without an account.

Who has the link has the booking, so it is 256 random bits, and the log holds their SHA-256 alone. A link leads to its
booking until the appointment is over; once the booking was moved, or its links were revoked, it leads nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict

from frontdesk.core.clock import Clock
from frontdesk.core.ids import new_session_token
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.bookings.booking import OPEN, Booking
from frontdesk.domains.bookings.commands import Bookings
from frontdesk.domains.bookings.deciding import Request
from frontdesk.domains.bookings.errors import TooLateToChangeError, UnknownLinkError
from frontdesk.domains.bookings.facts import LINK_MADE
from frontdesk.domains.bookings.store import Known
from frontdesk.domains.catalogue.settings import BookableBusiness

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
#: Who does what a link's holder asks for, as events keep it.
BY_CUSTOMER: Final = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link that is not in the log yet. The token is told once, and kept nowhere."""

    token: str
    event: NewEvent


class _LinkPayload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    booking_id: str
    generation: int


def new_link(tenant_id: str, booking: Booking, *, by: str, now: datetime) -> NewLink:
    """Return a new link to a booking; it leads there once its event is appended."""
    token = new_session_token()
    payload = orjson.dumps({"booking_id": booking.booking_id, "generation": booking.link_generation, "by": by})
    event = own_event(
        LINK_MADE,
        payload,
        tenant_id=tenant_id,
        source_event_id=_event_id(token),
        subject_id=booking.booking_id,
        now=now,
    )
    return NewLink(token=token, event=event)


def why_fixed(business: BookableBusiness, booking: Booking, *, now: datetime) -> str | None:
    """Return why a customer can't move or cancel a booking themselves, in words; None if they can."""
    if booking.status not in OPEN:
        return f"this booking is {booking.status.replace('_', '-')}"
    if now >= booking.starts_at:
        return "this appointment has begun"
    service = business.find_service(booking.service_key)
    terms = None if service is None else service.booking
    if terms is not None and now > booking.starts_at - terms.notice_of_change:
        return "it is too close to the appointment to change it here"
    return None


class SelfService:
    """What customers do by their links. Safe to use from several threads and processes."""

    def __init__(self, bookings: Bookings, *, log: EventLog, clock: Clock) -> None:
        self._bookings = bookings
        self._log = log
        self._clock = clock

    def make_link(self, tenant_id: str, booking: Booking, *, by: str) -> str:
        """Make a link to a booking; return its token. Raises EventLogUnavailableError."""
        link = new_link(tenant_id, booking, by=by, now=self._clock.now())
        self._log.append([link.event])
        return link.token

    def find(self, tenant_id: str, token: str) -> Known:
        """Return the booking that a link leads to.

        Raises UnknownLinkError, EventLogUnavailableError, BookingsUnavailableError.
        """
        payload, known = self._find(tenant_id, token)
        if payload.generation != known.booking.link_generation or self._clock.now() >= known.booking.ends_at:
            raise _unknown()
        return known

    def move(self, business: BookableBusiness, token: str, *, starts_at: datetime, key: str) -> Known:
        """Move the booking of a link; the same request once more is answered as it was, though the link is over.

        Raises UnknownLinkError, TooLateToChangeError, and what Bookings.reschedule raises.
        """
        payload, known = self._find(business.slug, token)
        booking_id = known.booking.booking_id
        content = {"booking_id": booking_id, "starts_at": starts_at.isoformat()}
        request = Request(by=BY_CUSTOMER, key=f"link:{key}", content=content)
        if payload.generation != known.booking.link_generation:
            before = self._bookings.find_answer(business.slug, "booking.rescheduled", request)
            if before is None:
                raise _unknown()
            return before
        return self._bookings.reschedule(
            business,
            booking_id,
            starts_at=starts_at,
            request=request,
            check=_Check(business, generation=payload.generation),
        )

    def cancel(self, business: BookableBusiness, token: str, *, reason: str | None, key: str) -> Known:
        """Cancel the booking of a link. Raises UnknownLinkError, TooLateToChangeError, and what cancelling raises."""
        known = self.find(business.slug, token)
        booking = known.booking
        request = Request(
            by=BY_CUSTOMER, reason=reason, key=f"link:{key}", content={"booking_id": booking.booking_id}
        )
        return self._bookings.cancel(
            business,
            booking.booking_id,
            request=request,
            check=_Check(business, generation=booking.link_generation),
        )

    def _find(self, tenant_id: str, token: str) -> tuple[_LinkPayload, Known]:
        if not _TOKEN.fullmatch(token):
            raise _unknown()
        found = self._log.read_by_source_ids(tenant_id, FRONTDESK_SOURCE, [_event_id(token)])
        # What somebody imported is no link of ours, whatever it says.
        made = [event for event in found if event.origin == Origin.COMMAND and event.type == LINK_MADE]
        if not made:
            raise _unknown()
        payload = _LinkPayload.model_validate_json(made[0].payload)
        return payload, self._bookings.find(tenant_id, payload.booking_id)


@dataclass(frozen=True, slots=True)
class _Check:
    """Looks at a booking within the transaction that changes it: it may have changed since its link was read."""

    business: BookableBusiness
    generation: int

    def __call__(self, booking: Booking, now: datetime) -> None:
        if booking.link_generation != self.generation:
            raise _unknown()
        reason = why_fixed(self.business, booking, now=now)
        if reason is not None:
            raise TooLateToChangeError(reason, reason="too-late")


def _event_id(token: str) -> str:
    return f"{LINK_MADE}:{sha256(token.encode()).hexdigest()}"


def _unknown() -> UnknownLinkError:
    return UnknownLinkError(
        "this link leads to no booking: it is not complete, a newer one has replaced it, or the appointment is over"
    )
