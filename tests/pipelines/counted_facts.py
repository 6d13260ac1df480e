"""The facts that deliveries of a year tell of, by the names that rules and stages have for them; in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontdesk.core.log.envelope import NewEvent

_KINDS = {
    "manychat.lead_captured": "lead.created",
    "manychat.price_asked": "lead.created",
    "clicksend.message.received": "message.received",
    "gohighlevel.InboundMessage": "message.received",
    "gohighlevel.AppointmentCreate": "booking.created",
    "stripe.payment_intent.succeeded": "payment.succeeded",
    "stripe.charge.succeeded": "payment.succeeded",
    "stripe.checkout.session.completed": "payment.succeeded",
    "stripe.payment_intent.payment_failed": "payment.failed",
    "stripe.charge.failed": "payment.failed",
    "stripe.charge.refunded": "payment.refunded",
    "zoho.books.payment": "payment.succeeded",
    "zoho.deal_created": "deal.created",
    "zoho.crm.deals.insert": "deal.created",
    "zoho.deal_won": "deal.won",
    "zoho.form_submitted": "form.submitted",
    "zoho.webinar_registered": "webinar.registered",
}
_WIX = {"created", "confirmed", "declined", "rescheduled"}
_HIGHLEVEL = {"confirmed": "confirmed", "cancelled": "cancelled", "showed": "completed", "noshow": "no_show"}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened. `thing` is what it tells of: several deliveries can tell of one."""

    kind: str
    who: str
    at: datetime
    known_at: datetime
    thing: str
    source: str
    booking: str = ""
    starts_at: datetime | None = None
    service: str = ""
    task: str = ""
    #: Whether it gives back a part alone of what was paid.
    is_partial: bool = False


def kind_of(event: NewEvent, content: dict[str, Any]) -> str:
    """Return the name of the fact that a delivery tells of; empty where rules and stages have none."""
    source, _, verb = event.type.rpartition("_")
    if source == "wix.bookings.v2.booking":
        return f"booking.{verb if verb in _WIX else 'cancelled' if verb == 'canceled' else 'updated'}"
    if event.type == "gohighlevel.AppointmentUpdate":
        return f"booking.{_HIGHLEVEL.get(content['appointment']['appointmentStatus'], 'updated')}"
    if event.type == "zoho.books.invoice":
        return f"invoice.{content['invoice']['status']}"
    own = event.type.startswith(("booking.", "lead.", "message.", "task."))
    return event.type if own else _KINDS.get(event.type, "")
