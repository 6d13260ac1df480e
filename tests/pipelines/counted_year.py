"""Reads the logged deliveries of a year into a notebook, in plain Python: nothing of the models' SQL.

A person is a telephone number. What names none (an e-mail address, a provider's own id) is the person's that it came
with somewhere else; an address that came with several (a family's) is nobody's but its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.envelope import NewEvent

#: Businesses whose every system is read here.
TENANTS = ("avatar-imaging", "joes-auto-spa", "mikes-detailing", "noizylab")
WIX_STATUSES = {
    "CREATED": "pending",
    "PENDING": "pending",
    "CONFIRMED": "confirmed",
    "DECLINED": "declined",
    "CANCELED": "cancelled",
}


@dataclass(frozen=True)
class Touch:
    """One touch of a channel, or a lead, which is one too."""

    who: str
    channel: str
    at: datetime
    is_lead: bool
    cost: int


@dataclass
class Booking:
    """One booking with what it came to, in the order in which it happened."""

    who: str = ""
    steps: list[tuple[datetime, str]] = field(default_factory=list)
    starts: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def created_at(self) -> datetime:
        """When it was first heard of."""
        return min(at for at, _ in self.steps)

    @property
    def status(self) -> str:
        """How it stands in the end."""
        return max(self.steps, key=lambda step: step[0])[1]

    @property
    def starts_at(self) -> datetime:
        """When it is, after all changes."""
        return max(self.starts)[1]


@dataclass
class Payment:
    """Money of one payment intent; amounts in minor units."""

    who: str
    booking: str
    amount: int = 0
    refunded: int = 0
    succeeded_at: datetime | None = None
    currency: str = ""


@dataclass
class Text:
    """One text message."""

    who: str
    created_at: datetime
    is_inbound: bool


@dataclass
class Book:
    """What one business's year came to."""

    touches: list[Touch] = field(default_factory=list)
    bookings: dict[str, Booking] = field(default_factory=lambda: defaultdict(Booking))
    payments: dict[str, Payment] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)  #: ids of texts
    refusals: list[tuple[str, datetime]] = field(default_factory=list)
    first_seen: dict[str, datetime] = field(default_factory=dict)
    spent: list[tuple[str, date, int]] = field(default_factory=list)


def number_of(phone: str) -> str:
    """Return a telephone number without what is spelled differently here and there, Australian or North American."""
    digits = re.sub(r"\D", "", phone)
    is_australian = digits.startswith("0") or (digits.startswith("61") and len(digits) == 11)
    return digits[-9:] if is_australian else digits[-10:]


class Reader:
    """Reads deliveries into one book for each business."""

    def __init__(self, events: Iterable[NewEvent]) -> None:
        self.books: dict[str, Book] = {tenant: Book() for tenant in TENANTS}
        self._numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
        told = [(event, json.loads(event.payload)) for event in events if event.tenant_id in TENANTS]
        for event, content in told:
            self._learn(event, content)
        for event, content in sorted(told, key=lambda each: each[0].occurred_at):
            self._read(event, content)

    def _learn(self, event: NewEvent, content: dict[str, Any]) -> None:
        names, phone = _names_and_phone(event, content)
        if phone:
            for name in names:
                self._numbers[event.tenant_id, name].add(number_of(phone))

    def _who(self, event: NewEvent, content: dict[str, Any]) -> str:
        names, phone = _names_and_phone(event, content)
        if phone:
            return number_of(phone)
        known = {name: self._numbers[event.tenant_id, name] for name in names}
        sure = [min(numbers) for numbers in known.values() if len(numbers) == 1]
        shared = [name for name, numbers in known.items() if len(numbers) > 1]
        return next(iter([*sure, *shared, *names]), "")

    def _read(self, event: NewEvent, content: dict[str, Any]) -> None:
        book, who = self.books[event.tenant_id], self._who(event, content)
        if who:
            book.first_seen.setdefault(who, event.occurred_at)
        kind = event.type
        if kind in ("touch.recorded", "lead.created"):
            cost = content.get("cost_minor", 0)
            is_lead = kind == "lead.created"
            book.touches.append(Touch(who, content["channel"], event.occurred_at, is_lead, cost))
        elif kind == "spend.recorded":
            _note_spend(book, content)
        elif kind.startswith("booking."):
            status = {"created": "pending", "rescheduled": ""}.get(kind.partition(".")[2], kind.partition(".")[2])
            _note_booking(book.bookings[content["booking_id"]], who, event.occurred_at, status, content["starts_at"])
        elif kind.startswith("wix.bookings."):
            wix = _wix_booking(content)
            booking = book.bookings[wix["id"]]
            _note_booking(booking, who, event.occurred_at, WIX_STATUSES[wix["status"]], wix["startDate"])
        elif kind in ("manychat.lead_captured", "manychat.price_asked"):
            channel = "instagram" if content["ig_id"] else "whatsapp" if content["whatsapp_phone"] else "messenger"
            book.touches.append(Touch(who, channel, event.occurred_at, True, 0))
            # Without a number it is no answer: the box was never shown.
            if content["optin_phone"] is False and content["phone"]:
                book.refusals.append(("ManyChat optin_phone=false", event.occurred_at))
        elif kind.startswith(("stripe.payment_intent.", "stripe.charge.", "stripe.checkout.")):
            _note_payment(book, who, event, content["data"]["object"])
        elif kind.startswith(("message.", "clicksend.message.received")):
            is_inbound = kind.endswith(".received")
            book.texts.setdefault(content["message_id"], Text(who, event.occurred_at, is_inbound))
        if kind == "message.failed" or (kind == "clicksend.message.receipt" and content["status_code"] == "301"):
            book.failed.add(content["message_id"])


def _note_booking(booking: Booking, who: str, at: datetime, status: str, starts: str) -> None:
    booking.who = who
    booking.steps.append((at, status or booking.status))
    booking.starts.append((at, datetime.fromisoformat(starts)))


def _note_spend(book: Book, content: dict[str, Any]) -> None:
    first, last = (date.fromisoformat(content[name]) for name in ("period_start", "period_end"))
    assert (first.year, first.month) == (last.year, last.month), "read spend by the day where it is over months"
    book.spent.append((content["channel"].lower(), first.replace(day=1), content["amount_minor"]))


def _wix_booking(content: dict[str, Any]) -> dict[str, Any]:
    event = content["event"]
    body = event.get("actionEvent", {}).get("body", {}).get("booking")
    found: dict[str, Any] = (
        body or event.get("createdEvent", {}).get("entity") or event["updatedEvent"]["currentEntity"]
    )
    return found


def _note_payment(book: Book, who: str, event: NewEvent, thing: dict[str, Any]) -> None:
    name = thing["id"] if thing["object"] == "payment_intent" else thing["payment_intent"]
    payment = book.payments.setdefault(name, Payment(who, thing["metadata"]["booking_id"]))
    payment.currency = thing["currency"].upper()
    if event.type == "stripe.charge.refunded":
        payment.refunded = max(payment.refunded, thing["amount_refunded"])
    elif not event.type.endswith("failed"):
        payment.amount = thing.get("amount_total") or thing["amount"]
        payment.succeeded_at = min(payment.succeeded_at or event.occurred_at, event.occurred_at)


def _names_and_phone(event: NewEvent, content: dict[str, Any]) -> tuple[list[str], str]:
    """Return what a delivery calls the person by, and their number, where it gives one."""
    if event.type.startswith("stripe.") and "customer" in str(content):
        thing = content["data"]["object"]
        details = thing.get("billing_details") or thing.get("customer_details") or {}
        customer = thing["id"] if thing["object"] == "customer" else thing.get("customer")
        phone = thing.get("phone") or details.get("phone") or ""
        return [name for name in (customer, thing.get("receipt_email"), thing.get("email")) if name], phone
    if event.type.startswith("wix.bookings."):
        details = _wix_booking(content)["contactDetails"]
        return [details["contactId"], details["email"]], details["phone"]
    if event.type.startswith("manychat.") and "id" in content:
        names = [content["id"], *([content["email"]] if content["email"] else [])]
        return names, content["phone"] or content["whatsapp_phone"] or ""
    if event.type == "clicksend.message.received":
        return [], content["from"]
    contact = content.get("contact", {})
    names = [contact[key] for key in ("external_id", "email") if contact.get(key)]
    return names, contact.get("phone", "")
