"""What is delivered while the live path is measured: payments, texts and bookings of contacts old and new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sandbox.delivery import Attempt, Delivery, SignedRequest
from sandbox.identifiers import guid
from sandbox.people import Person
from sandbox.providers import sign, stripe, twilio, wix
from sandbox.providers.stripe_objects import Payment
from sandbox.providers.wix import WixBooking
from tests.benchmarks.history import Contact
from tests.benchmarks.receiver import Site

_NEW_CONTACT_RATE = 0.3


class Expected(NamedTuple):
    """The row in which an analyst sees a delivery."""

    table: str
    value: str  #: of its id column


class Sent(NamedTuple):
    """A delivery on its way, and where it must appear."""

    request: SignedRequest
    expected: Expected


def live_deliveries(site: Site, contacts: Sequence[Contact], *, seed: str) -> Iterator[Sent]:
    """Yield deliveries for ever, each made and signed when it is taken; a seed's ids are its own."""
    rng = Random(seed)
    number = 0
    while True:
        number += 1
        key = f"{seed}/{number}"
        contact = rng.choice(contacts)
        person = _person(contact, key=key, is_new=rng.random() < _NEW_CONTACT_RATE)
        secrets = site.secrets[contact.tenant]
        kinds = [make for secret, make in _KINDS.items() if secret in secrets.values]
        delivery, expected = rng.choice(kinds)(key, contact.tenant, person, datetime.now(UTC))
        attempt = Attempt(secrets, now=datetime.now(UTC), public_url=site.public_url)
        yield Sent(sign(delivery, attempt), expected)


def _person(contact: Contact, *, key: str, is_new: bool) -> Person:
    phone = f"{contact.phone[:-10]}556{Random(key).randrange(10**7):07d}" if is_new else contact.phone
    email = f"{guid(key)}@example.com" if is_new else contact.email
    return Person(
        key=key, first_name=contact.first, last_name=contact.last, phone=phone, email=email, country="US", number=0
    )


def _payment(key: str, tenant: str, person: Person, now: datetime) -> tuple[Delivery, Expected]:
    payment = Payment(
        key=key, amount=8_900, currency="usd", payer=person, billing_phone=person.phone, description="Deposit"
    )
    return stripe.charge_succeeded(now, tenant, payment), Expected("fct_payments", payment.intent_id)


def _text(key: str, tenant: str, person: Person, now: datetime) -> tuple[Delivery, Expected]:
    sid = twilio.message_sid(key)
    delivery = twilio.inbound(
        now, tenant, sid=sid, sender=person.phone, recipient="+15550000001", text="Running ten minutes late",
        country="US",
    )  # fmt: skip
    return delivery, Expected("fct_messages", sid)


def _booking(key: str, tenant: str, person: Person, now: datetime) -> tuple[Delivery, Expected]:
    starts_at = now + timedelta(days=3)
    booking = WixBooking(
        key=key, instance_id=guid("instance"), service_id=guid("service"), service_name="Ultrasound", guest=person,
        guest_phone=person.phone, staff="Dr Lee", zone=ZoneInfo("Australia/Perth"), location="12 Example Street",
        created_at=now, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1),
    )  # fmt: skip
    delivery = wix.booking_created(now, tenant, booking)
    return delivery, Expected("fct_bookings", booking.booking_id)


_Kind = Callable[[str, str, Person, datetime], tuple[Delivery, Expected]]
#: By the secret that a tenant who gets such deliveries has.
_KINDS: Mapping[str, _Kind] = {
    "STRIPE_WEBHOOK_SECRET": _payment,
    "TWILIO_AUTH_TOKEN": _text,
    "WIX_PUBLIC_KEY": _booking,
}
