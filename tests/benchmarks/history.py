"""A history of any length: contacts of six tenants, a dozen events each, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from tests.benchmarks.shapes import Shape, canonical_shapes, provider_shapes

ENDS_AT = datetime(2025, 12, 31, 12, 0, tzinfo=UTC)
SEED = 7
_SPAN = timedelta(days=730)
_LONGEST_JOURNEY = timedelta(days=60)
_DAY_S = 86_400.0
_APPEND_SIZE = 20_000
_SHARED_EMAIL_RATE = 0.1  # of contacts, where the one before is the same tenant's: two in a hundred
_CANCELLED_OF_TEN = 1

#: Tenant, its share of the contacts, the journey that they make, currency and calling code.
_TENANTS = (
    ("avatar-imaging", 5, "clinic", "aud", "+61"),
    ("hmnp", 3, "shop", "usd", "+1"),
    ("joes-auto-spa", 2, "shop", "usd", "+1"),
    ("mikes-detailing", 3, "shop", "usd", "+1"),
    ("noizylab", 3, "shop", "cad", "+1"),
    ("technifold", 4, "shop", "gbp", "+44"),
)
_FIRST_NAMES = ("Ava", "Ben", "Chloe", "Daniel", "Ella", "Finn", "Grace", "Henry", "Zoe", "Jack", "Kira", "Liam")
_LAST_NAMES = ("Nguyen", "Smith", "O'Brien", "Patel", "Garcia", "Kim", "Jones", "Rossi", "Silva", "Chen", "Kowalski")

Progress = Callable[[int], None]


class _Step(NamedTuple):
    """Something that happens to a contact, so many days after the contact turned up."""

    day: float
    shape: str
    visit: int  # its booking: the contact's first or second


def _visit(number: int, steps: Mapping[str, float]) -> list[_Step]:
    return [_Step(35.0 * number + day, shape, number) for shape, day in steps.items()]


_SCAN = {
    "wix_created": 0.1,
    "stripe_intent": 0.11,
    "stripe_charge": 0.1101,
    "wix_confirmed": 0.12,
    "clicksend_receipt": 0.13,
}
_DETAIL = {
    "booking_created": 0.1,
    "stripe_checkout": 0.11,
    "stripe_intent": 0.1101,
    "stripe_charge": 0.1102,
    "booking_confirmed": 0.12,
    "twilio_sent": 0.13,
    "twilio_delivered": 0.1301,
    "twilio_received": 2.0,
    "booking_completed": 3.0,
}
_JOURNEYS: Mapping[str, Sequence[_Step]] = {
    "clinic": [
        _Step(0.0, "manychat_lead", 0),
        *_visit(0, _SCAN | {"clicksend_received": 2.0}),
        *_visit(1, _SCAN),
    ],
    "shop": [
        _Step(0.0, "touch", 0),
        _Step(0.05, "lead", 0),
        *_visit(0, _DETAIL),
        _Step(36.0, "consent", 0),
    ],
}
_INSTEAD = {"wix_confirmed": "wix_cancelled", "booking_completed": "booking_cancelled"}


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody in the history."""

    number: int
    tenant: str
    journey: str
    currency: str
    phone: str
    first: str
    last: str
    email: str


class _Moment(NamedTuple):
    at: float  # Unix seconds
    contact: int
    step: int


def load_history(log: EventLog, *, count: int, progress: Progress | None = None) -> None:
    """Append `count` events to an empty log; `progress` is told of every so many."""
    waiting: list[NewEvent] = []
    for number, event in enumerate(tell_history(count=count), 1):
        waiting.append(event)
        if len(waiting) == _APPEND_SIZE or number == count:
            log.append(waiting)
            if progress:
                progress(len(waiting))
            waiting = []


def tell_history(*, count: int, seed: int = SEED) -> Iterator[NewEvent]:
    """Yield `count` events in the order in which they happened, before ENDS_AT; by seed always the same."""
    shapes = provider_shapes() | canonical_shapes()
    contacts, moments = _invent(count, Random(seed))
    for moment in moments[:count]:
        contact = contacts[moment.contact]
        step = _JOURNEYS[contact.journey][moment.step]
        is_cancelled = (contact.number + step.visit) % 10 < _CANCELLED_OF_TEN
        name = _INSTEAD.get(step.shape, step.shape) if is_cancelled else step.shape
        yield _event(contact, step, shapes[name], at=datetime.fromtimestamp(moment.at, tz=UTC))


def contacts_of_history(*, count: int, seed: int = SEED) -> list[Contact]:
    """Return the contacts in a history of `count` events that have something happen to them."""
    contacts, moments = _invent(count, Random(seed))
    return [contacts[number] for number in sorted({moment.contact for moment in moments[:count]})]


def _invent(count: int, rng: Random) -> tuple[list[Contact], list[_Moment]]:
    """Return contacts, and in its order all that happens to them: at least `count`."""
    contacts: list[Contact] = []
    moments: list[_Moment] = []
    begins_at = (ENDS_AT - _SPAN).timestamp()
    length_s = (_SPAN - _LONGEST_JOURNEY).total_seconds()
    while len(moments) < count:
        contact = _invent_contact(rng, contacts)
        contacts.append(contact)
        turns_up_at = begins_at + rng.random() * length_s
        for index, step in enumerate(_JOURNEYS[contact.journey]):
            moments.append(_Moment(turns_up_at + step.day * _DAY_S, contact.number, index))
    moments.sort()
    return contacts, moments


def _invent_contact(rng: Random, others: Sequence[Contact]) -> Contact:
    number = len(others)
    (tenant, _, journey, currency, calling_code) = rng.choices(_TENANTS, [share for _, share, *_ in _TENANTS])[0]
    first, last = rng.choice(_FIRST_NAMES), rng.choice(_LAST_NAMES)
    shares_email = others and others[-1].tenant == tenant and rng.random() < _SHARED_EMAIL_RATE
    return Contact(
        number=number,
        tenant=tenant,
        journey=journey,
        currency=currency,
        # No country has given out 555; Australia's numbers are a digit shorter.
        phone=f"{calling_code}555{number:0{6 if calling_code == '+61' else 7}d}",
        first=first,
        last=last,
        email=others[-1].email if shares_email else f"{first}.{number}@example.com".lower(),
    )


def _event(contact: Contact, step: _Step, shape: Shape, *, at: datetime) -> NewEvent:
    values = _values(contact, step, at)
    body, payload = shape.render(values)
    return NewEvent(
        tenant_id=contact.tenant,
        source=shape.source,
        source_event_id=shape.source_event_id.format_map(values),
        type=shape.type,
        subject_id=shape.subject_id.format_map(values),
        occurred_at=at,
        received_at=at + timedelta(seconds=1),
        content_type=shape.content_type,
        headers={"user-agent": "benchmark"},
        origin=Origin.IMPORT if shape.is_import else Origin.WEBHOOK,
        body=body,
        payload=payload,
    )


def _values(contact: Contact, step: _Step, at: datetime) -> dict[str, str]:
    """Return what a shape can name. Ids are random-looking, as the providers' are."""
    person = blake2b(b"%d" % contact.number, digest_size=16).hexdigest()
    visit = blake2b(b"%d/%d" % (contact.number, step.visit), digest_size=16).hexdigest()
    event = blake2b(f"{visit}/{step.shape}".encode(), digest_size=16).hexdigest()
    starts_at = at + timedelta(days=3)
    return {
        "tenant": contact.tenant,
        "currency": contact.currency,
        "phone": contact.phone,
        "first": contact.first,
        "last": contact.last,
        "email": contact.email,
        "amount": str(5_000 + contact.number % 400 * 100),
        "contact": person,
        "customer": f"cus_{person[:14]}",
        "wix_contact": _uuid(person),
        "subscriber": str(10**15 + contact.number),
        "booking": _uuid(visit),
        "intent": f"pi_{visit[:24]}",
        "charge": f"ch_{visit[:24]}",
        "session": f"cs_live_{visit}",
        "sid": f"SM{visit}",
        "message": _uuid(visit if step.shape == "clicksend_receipt" else event).upper(),
        "event": f"evt_{event[:24]}" if step.shape.startswith("stripe") else _uuid(event),
        "at_unix": str(int(at.timestamp())),
        "at_iso": _iso(at),
        "starts_at_iso": _iso(starts_at),
        "ends_at_iso": _iso(starts_at + timedelta(hours=1)),
    }


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
