"""Reads the logged deliveries of a year into a notebook, in plain Python: nothing of the models' SQL.

A person is a telephone number. What names none (an e-mail address, a provider's own id) is the person's that it came
with somewhere else; an address that came with several (a family's) is nobody's but its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.counted_facts import Fact, kind_of
from tests.pipelines.counted_people import names_and_phone, wix_booking

#: Businesses whose every system is read here.
TENANTS = ("avatar-imaging", "hmnp", "joes-auto-spa", "mikes-detailing", "noizylab", "technifold")
#: What carriers honour as a whole text, in any case.
STOP_WORDS = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
START_WORDS = {"start", "unstop"}
#: What nobody has given a meaning to: it makes no contact.
UNKNOWN = {"wix.waiting_list_joined", "manychat.unparsable", "gohighlevel.LocationUpdate"}
WIX_STATUSES = {
    "CREATED": "pending",
    "PENDING": "pending",
    "CONFIRMED": "confirmed",
    "DECLINED": "declined",
    "CANCELED": "cancelled",
}
HIGHLEVEL_STATUSES = {
    "new": "pending",
    "confirmed": "confirmed",
    "cancelled": "cancelled",
    "showed": "completed",
    "noshow": "no_show",
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
    #: The command that it was sent for, where a rule of ours did.
    command: str = ""


@dataclass(frozen=True)
class Consent:
    """A yes or no to what is sent to an address, where one is told; `evidence` is what proves it."""

    who: str
    address: str
    channel: str
    purpose: str
    is_yes: bool
    at: datetime
    evidence: str


@dataclass
class Book:
    """What one business's year came to."""

    touches: list[Touch] = field(default_factory=list)
    bookings: dict[str, Booking] = field(default_factory=lambda: defaultdict(Booking))
    payments: dict[str, Payment] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)  #: ids of texts
    consents: list[Consent] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    #: When a person's number, or address, was first named.
    phones: dict[str, datetime] = field(default_factory=dict)
    emails: dict[str, datetime] = field(default_factory=dict)
    first_seen: dict[str, datetime] = field(default_factory=dict)
    spent: list[tuple[str, date, int]] = field(default_factory=list)


def number_of(phone: str) -> str:
    """Return a telephone number without what is spelled differently here and there: Australia, Britain, America."""
    digits = re.sub(r"\D", "", phone.replace("(0)", ""))
    if digits.startswith("0"):
        return digits[1:]
    for code, length in (("61", 11), ("44", 12), ("1", 11)):
        if digits.startswith(code) and len(digits) == length:
            return digits.removeprefix(code)
    return digits


class Reader:
    """Reads deliveries into one book for each business."""

    def __init__(self, events: Iterable[NewEvent]) -> None:
        self.books: dict[str, Book] = {tenant: Book() for tenant in TENANTS}
        self._numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
        known = (event for event in events if event.type not in UNKNOWN)
        told = [(event, json.loads(event.payload)) for event in known]
        for event, content in told:
            self._learn(event, content)
        for event, content in sorted(told, key=lambda each: each[0].occurred_at):
            self._read(event, content)

    def _learn(self, event: NewEvent, content: dict[str, Any]) -> None:
        names, phone = names_and_phone(event, content)
        if phone:
            for name in names:
                self._numbers[event.tenant_id, name].add(number_of(phone))

    def _who(self, event: NewEvent, content: dict[str, Any]) -> str:
        names, phone = names_and_phone(event, content)
        if phone:
            return number_of(phone)
        known = {name: self._numbers[event.tenant_id, name] for name in names}
        sure = [min(numbers) for numbers in known.values() if len(numbers) == 1]
        shared = [name for name, numbers in known.items() if len(numbers) > 1]
        return next(iter([*sure, *shared, *names]), "")

    def _read(self, event: NewEvent, content: dict[str, Any]) -> None:
        book, who = self.books[event.tenant_id], self._who(event, content)
        names, phone = names_and_phone(event, content)
        if who:
            book.first_seen.setdefault(who, event.occurred_at)
            if phone:
                book.phones.setdefault(who, event.occurred_at)
            if any("@" in name for name in names):
                book.emails.setdefault(who, event.occurred_at)
        kind = event.type
        if kind in ("touch.recorded", "lead.created"):
            cost = content.get("cost_minor", 0)
            is_lead = kind == "lead.created"
            book.touches.append(Touch(who, content["channel"], event.occurred_at, is_lead, cost))
        elif kind == "spend.recorded":
            _note_spend(book, content)
        elif kind.startswith(("booking.", "wix.bookings.", "gohighlevel.Appointment")):
            _note_booking(book, who, event.occurred_at, _told_booking(kind, content))
        elif kind in ("manychat.lead_captured", "manychat.price_asked"):
            channel = "instagram" if content["ig_id"] else "whatsapp" if content["whatsapp_phone"] else "messenger"
            book.touches.append(Touch(who, channel, event.occurred_at, True, 0))
        elif kind.startswith(("stripe.payment_intent.", "stripe.charge.", "stripe.checkout.")):
            _note_payment(book, who, event, content["data"]["object"])
        elif kind == "zoho.books.payment":
            _note_transfer(book, who, event, content["payment"])
        elif kind.startswith(("message.", "clicksend.message.received")):
            is_inbound = kind.endswith(".received")
            text = Text(who, event.occurred_at, is_inbound, content.get("command_key", ""))
            book.texts.setdefault(content["message_id"], text)
        elif kind == "gohighlevel.InboundMessage":
            book.texts[event.source_event_id] = Text(who, event.occurred_at, True)
        if kind == "message.failed" or (kind == "clicksend.message.receipt" and content["status_code"] == "301"):
            book.failed.add(content["message_id"])
        book.consents += _consents(who, event, content)
        self._note_fact(book, who, event, content)

    def _note_fact(self, book: Book, who: str, event: NewEvent, content: dict[str, Any]) -> None:
        kind = kind_of(event, content)
        if not kind:
            return
        booking, starts_at, thing, service = "", None, event.source_event_id, ""
        told = content.get("data", {}).get("object", {}) if kind.startswith("payment.") else {}
        if kind.startswith("booking."):
            booking, _, starts = _told_booking(event.type, content)
            starts_at, service = datetime.fromisoformat(starts), content.get("appointment", {}).get("title", "")
        elif event.type == "zoho.books.payment":
            thing = content["payment"]["payment_id"]
        elif kind.startswith("payment."):
            thing = str(told["id"] if told["object"] == "payment_intent" else told["payment_intent"])
            booking = told["metadata"].get("booking_id", "")
        elif kind.startswith("message.") and "message_id" in content:
            thing = str(content["message_id"])
        book.facts.append(
            Fact(
                kind=kind,
                who=who,
                at=event.occurred_at,
                known_at=event.received_at,
                thing=thing,
                source=event.source,
                booking=booking,
                starts_at=starts_at,
                service=service,
                task=content.get("kind", ""),
                is_partial=kind == "payment.refunded" and told["amount_refunded"] < told["amount"],
            )
        )


def _consents(who: str, event: NewEvent, content: dict[str, Any]) -> Iterator[Consent]:
    """Yield what a delivery says of what may be sent. Without an address a no is none: the box was never shown."""
    at = event.occurred_at
    names, phone = names_and_phone(event, content)
    email = next((name for name in names if "@" in name), "")
    if event.type in ("manychat.lead_captured", "manychat.price_asked"):
        for channel, box, field_name, address in (
            ("sms", "optin_phone", "phone", phone),
            ("email", "optin_email", "email", email),
            ("whatsapp", "optin_whatsapp", "whatsapp_phone", phone),
        ):
            is_yes = content[box]
            # Given when they subscribed, refused when it was seen.
            since = min(datetime.fromisoformat(content["subscribed"]), at) if is_yes else at
            if is_yes or content[field_name]:
                evidence = f"ManyChat {box}={str(is_yes).lower()}"
                yield Consent(who, address, channel, "marketing", is_yes, since, evidence)
    elif event.type in ("zoho.email_unsubscribed", "zoho.campaigns.unsubscribed"):
        yield Consent(who, email, "email", "marketing", False, at, f"Zoho {event.type.removeprefix('zoho.')}")
    elif event.type == "gohighlevel.ContactDndUpdate":
        for channel, setting in content["dndSettings"].items():
            if setting["status"] == "active":
                evidence = f"GoHighLevel do not disturb: {setting['status']}"
                address = email if channel == "Email" else phone
                yield Consent(who, address, channel.lower(), "all", False, at, evidence)
    elif event.type.lower().endswith(("message.received", "inboundmessage")):
        said = content.get("body", "").strip().lower()
        if said in STOP_WORDS | START_WORDS:
            is_yes = said in START_WORDS
            yield Consent(who, phone, "sms", "all", is_yes, at, f"text: {'START' if is_yes else 'STOP'}")


def _told_booking(kind: str, content: dict[str, Any]) -> tuple[str, str, str]:
    """Return a booking's id, its state (empty where nothing is said of it), and when it begins."""
    if kind.startswith("wix."):
        wix = wix_booking(content)
        return wix["id"], WIX_STATUSES[wix["status"]], wix["startDate"]
    if kind.startswith("gohighlevel."):
        told = content["appointment"]
        return told["id"], HIGHLEVEL_STATUSES[told["appointmentStatus"]], told["startTime"]
    verb = kind.partition(".")[2]
    return content["booking_id"], {"created": "pending", "rescheduled": ""}.get(verb, verb), content["starts_at"]


def _note_booking(book: Book, who: str, at: datetime, told: tuple[str, str, str]) -> None:
    name, status, starts = told
    booking = book.bookings[name]
    booking.who = who
    booking.steps.append((at, status or booking.status))
    booking.starts.append((at, datetime.fromisoformat(starts)))


def _note_spend(book: Book, content: dict[str, Any]) -> None:
    first, last = (date.fromisoformat(content[name]) for name in ("period_start", "period_end"))
    assert (first.year, first.month) == (last.year, last.month), "read spend by the day where it is over months"
    book.spent.append((content["channel"].lower(), first.replace(day=1), content["amount_minor"]))


def _note_payment(book: Book, who: str, event: NewEvent, thing: dict[str, Any]) -> None:
    name = thing["id"] if thing["object"] == "payment_intent" else thing["payment_intent"]
    if name is None:
        return  # a checkout that nobody finished
    payment = book.payments.setdefault(name, Payment(who, thing["metadata"].get("booking_id", "")))
    payment.currency = thing["currency"].upper()
    if event.type == "stripe.charge.refunded":
        payment.refunded = max(payment.refunded, thing["amount_refunded"])
    elif not event.type.endswith("failed"):
        payment.amount = thing.get("amount_total") or thing["amount"]
        payment.succeeded_at = min(payment.succeeded_at or event.occurred_at, event.occurred_at)


def _note_transfer(book: Book, who: str, event: NewEvent, told: dict[str, Any]) -> None:
    # Books tells of Stripe's money once more.
    if not told["reference_number"].startswith("pi_"):
        amount = round(told["amount"] * 100)
        book.payments[told["payment_id"]] = Payment(
            who, "", amount, succeeded_at=event.occurred_at, currency=told["currency_code"]
        )
