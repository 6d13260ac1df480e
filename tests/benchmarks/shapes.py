"""Providers' deliveries as templates: built once from the sandbox's shapes, filled as often as wanted."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import orjson

from sandbox.delivery import FORM, JSON, Delivery, iso_milliseconds, iso_seconds, unix_seconds
from sandbox.identifiers import guid
from sandbox.people import Person
from sandbox.providers import clicksend, manychat, stripe, twilio, wix
from sandbox.providers.manychat import Subscriber
from sandbox.providers.stripe_objects import Payment
from sandbox.providers.wix import WixBooking

_MARK = re.compile(r"@(\w+)@")
_AT = datetime(2001, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
_STARTS_AT = _AT + timedelta(days=3)
_AMOUNT = 13_571_113
_PERSON = Person(
    key="@contact@",
    first_name="@first@",
    last_name="@last@",
    phone="@phone@",
    email="@email@",
    country="US",
    number=0,
)
_TENANT = "@tenant@"
_TEXT = "Thanks, see you on Thursday at ten. Is there parking behind the building?"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of delivery. Values by name fill it: those that tests/benchmarks/history.py gives."""

    source: str
    type: str
    source_event_id: str  #: a format string over the values
    subject_id: str  #: likewise
    content_type: str
    payload: tuple[str, ...]  #: text and names of values in turn, text first
    is_import: bool = False

    def render(self, values: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return the body as the provider sends it, and its payload as the log keeps it."""
        parts = list(self.payload)
        parts[1::2] = [values[name] for name in parts[1::2]]
        payload = "".join(parts).encode()
        if self.content_type == FORM:
            return urlencode(orjson.loads(payload)).encode(), payload
        if self.source == "wix":  # a token: the payload in base64 between header and signature
            return b".".join((_TOKEN_HEADER, base64.urlsafe_b64encode(payload), _TOKEN_SIGNATURE)), payload
        return payload, payload


_TOKEN_HEADER = base64.urlsafe_b64encode(b'{"alg":"RS256","typ":"JWT"}')
_TOKEN_SIGNATURE = b"s" * 342  # as long as that of a key of 2,048 bits


def provider_shapes() -> dict[str, Shape]:
    """Return the shapes of the providers' deliveries, by name."""
    return _stripe_shapes() | _wix_shapes() | _text_shapes() | {"manychat_lead": _manychat_shape()}


def _shape(
    delivery: Delivery, event_type: str, ids: tuple[str, str], known: Mapping[object, str], **more: Any
) -> Shape:
    """Put marks in place of everything that is particular to this delivery. `ids`: source_event_id and subject_id."""
    text = str(more.get("payload") or _payload(delivery))
    for value, name in {**_MOMENTS, delivery.key: "event", **known}.items():
        text = text.replace(str(value), f"@{name}@")
    return Shape(
        source=delivery.source,
        type=event_type,
        source_event_id=ids[0],
        subject_id=ids[1],
        content_type=delivery.content_type,
        payload=tuple(_MARK.split(text)),
    )


#: Longer texts first: the Unix time is no part of another.
_MOMENTS: Mapping[object, str] = {
    iso_milliseconds(_AT): "at_iso",
    iso_milliseconds(_STARTS_AT): "starts_at_iso",
    iso_milliseconds(_STARTS_AT + timedelta(hours=1)): "ends_at_iso",
    iso_seconds(_STARTS_AT): "starts_at_iso",
    iso_seconds(_STARTS_AT + timedelta(hours=1)): "ends_at_iso",
    _AT.strftime("%Y-%m-%dT%H:%M:%S+00:00"): "at_iso",
    unix_seconds(_AT): "at_unix",
    unix_seconds(_AT - timedelta(seconds=40)): "at_unix",
    unix_seconds(_AT - timedelta(minutes=3)): "at_unix",
}


def _payload(delivery: Delivery) -> str:
    if delivery.content_type == FORM:
        return json.dumps(dict(parse_qsl(delivery.body.decode(), keep_blank_values=True)))
    return delivery.body.decode()


def _stripe_shapes() -> dict[str, Shape]:
    payment = Payment(
        key="payment", amount=_AMOUNT, currency="@currency@", payer=_PERSON, billing_phone="@phone@",
        description="Deposit", metadata={"booking_id": "@booking@"},
    )  # fmt: skip
    known: dict[object, str] = {
        payment.intent_id: "intent", payment.charge_id: "charge", payment.session_id: "session",
        payment.customer_id: "customer", _AMOUNT: "amount", "usd": "currency",
    }  # fmt: skip
    deliveries = {
        "stripe_intent": (stripe.payment_succeeded(_AT, _TENANT, payment), "intent"),
        "stripe_charge": (stripe.charge_succeeded(_AT, _TENANT, payment), "charge"),
        "stripe_refund": (stripe.charge_refunded(_AT, _TENANT, payment, _AT, _AMOUNT), "charge"),
        "stripe_checkout": (
            stripe.checkout(_AT, _TENANT, payment, status="complete", reference="@booking@", site="shop.example"),
            "session",
        ),
    }
    return {
        name: _shape(delivery, f"stripe.{json.loads(delivery.body)['type']}", ("{event}", f"{{{subject}}}"), known)
        for name, (delivery, subject) in deliveries.items()
    }


def _wix_shapes() -> dict[str, Shape]:
    created = WixBooking(
        key="booking", instance_id=guid("instance"), service_id=guid("service"), service_name="Ultrasound",
        guest=_PERSON, guest_phone="@phone@", staff="Dr Lee", zone=ZoneInfo("Australia/Perth"),
        location="12 Example Street, Perth", created_at=_AT, starts_at=_STARTS_AT,
        ends_at=_STARTS_AT + timedelta(hours=1),
    )  # fmt: skip
    confirmed = created.changed(status="CONFIRMED", payment_status="PAID", is_paid_online=True)
    cancelled = confirmed.changed(status="CANCELED")
    deliveries = {
        "wix_created": wix.booking_created(_AT, _TENANT, created),
        "wix_confirmed": wix.booking_action(_AT, _TENANT, confirmed, "confirmed", created),
        "wix_cancelled": wix.booking_action(_AT, _TENANT, cancelled, "canceled", confirmed),
    }
    known: dict[object, str] = {
        created.booking_id: "booking",
        guid("wix contact", _PERSON.key): "wix_contact",
        guid("visitor", _PERSON.key): "wix_contact",
    }
    shapes = {}
    for name, delivery in deliveries.items():
        message = json.loads(delivery.body)
        payload = json.dumps({
            "eventType": message["eventType"],
            "instanceId": message["instanceId"],
            "identity": json.loads(message["identity"]),
            "event": json.loads(message["data"]),
        })  # fmt: skip
        shapes[name] = _shape(delivery, message["eventType"], ("{event}", "{booking}"), known, payload=payload)
    return shapes


def _text_shapes() -> dict[str, Shape]:
    sid, message = twilio.message_sid("text"), clicksend.message_id("text")
    line = {"sid": sid, "sender": "+15550000001", "recipient": "@phone@"}
    reply_to = (clicksend.message_id("original"), "Your appointment is on Thursday at 10:00. Reply Y to confirm.")
    twilio_known: dict[object, str] = {sid: "sid"}
    clicksend_known: dict[object, str] = {message: "message"}
    receipt = clicksend.receipt(_AT, _TENANT, message=message, sent_at=_AT, code=clicksend.DELIVERED, custom="r-1")
    inbound = clicksend.inbound(
        _AT, _TENANT, message=message, sender="@phone@", recipient="+15550000001", text=_TEXT, reply_to=reply_to
    )
    reply = twilio.inbound(
        _AT, _TENANT, sid=sid, sender="@phone@", recipient="+15550000001", text=_TEXT, country="US"
    )
    return {
        **{
            f"twilio_{status}": _shape(
                twilio.status(_AT, _TENANT, status=status, **line),
                f"twilio.message.{status}", (f"{{sid}}:{status}", "{sid}"), twilio_known,
            )
            for status in ("sent", "delivered")
        },
        "twilio_received": _shape(reply, "twilio.message.received", ("{sid}", "{sid}"), twilio_known),
        "clicksend_receipt": _shape(
            receipt, "clicksend.message.receipt", ("{message}:201:{at_unix}", "{message}"), clicksend_known
        ),
        "clicksend_received": _shape(
            inbound, "clicksend.message.received", ("{message}", "{message}"), clicksend_known
        ),
    }  # fmt: skip


def _manychat_shape() -> Shape:
    subscriber = Subscriber(
        person=_PERSON, page_id="100000000000001", channel=manychat.MESSENGER, phone="@phone@", wants_texts=True,
        wants_emails=True, growth_tool="spring_scan", subscribed_at=_AT,
    )  # fmt: skip
    delivery = manychat.contact_data(
        _AT, _TENANT, subscriber, event="lead_captured", text="How much is an ultrasound?",
        fields={"utm_source": "facebook", "utm_medium": "paid_social", "utm_campaign": "spring_scan"},
    )  # fmt: skip
    return _shape(
        delivery,
        "manychat.lead_captured",
        ("{subscriber}:{at_iso}:lead_captured", "{subscriber}"),
        {subscriber.subscriber_id: "subscriber"},
    )


def canonical_shapes() -> dict[str, Shape]:
    """Return the shapes of canonical facts imported from an older system, by name."""
    contact = {
        "external_id": "@contact@", "phone": "@phone@", "email": "@email@", "first_name": "@first@",
        "last_name": "@last@",
    }  # fmt: skip
    booking = {
        "booking_id": "@booking@", "contact": contact, "service": "Full detail", "starts_at": "@starts_at_iso@",
        "ends_at": "@ends_at_iso@", "price_minor": _AMOUNT, "currency": "USD", "staff": "Dana",
        "location": "12 Example Street",
    }  # fmt: skip
    origin = {"contact": contact, "channel": "google", "medium": "cpc", "campaign": "near_me"}
    facts: dict[str, tuple[str, dict[str, Any]]] = {
        "touch": ("touch.recorded", {**origin, "cost_minor": 380, "currency": "USD"}),
        "lead": ("lead.created", {**origin, "lead_id": "@contact@", "interest": "Full detail"}),
        "consent": ("consent.granted", {"contact": contact, "channel": "sms", "purpose": "marketing"}),
        **{f"booking_{verb}": (f"booking.{verb}", booking) for verb in _BOOKING_VERBS},
    }
    return {name: _canonical_shape(event_type, payload) for name, (event_type, payload) in facts.items()}


_BOOKING_VERBS = ("created", "confirmed", "cancelled", "completed")


def _canonical_shape(event_type: str, payload: Mapping[str, Any]) -> Shape:
    record = "{booking}" if event_type.startswith("booking.") else "{contact}"
    return Shape(
        source="older-system",
        type=event_type,
        source_event_id=f"{event_type}:{record}",
        subject_id=record,
        content_type=JSON,
        payload=tuple(_MARK.split(json.dumps(payload).replace(str(_AMOUNT), "@amount@"))),
        is_import=True,
    )
