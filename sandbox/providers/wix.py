"""Wix Bookings: app webhooks as RS256 tokens with three layers of JSON, and a site's own HMAC-signed posts."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jwt

from sandbox.delivery import JSON, Attempt, Delivery, SignedRequest, iso_milliseconds, iso_seconds, unix_seconds
from sandbox.identifiers import base62, guid
from sandbox.people import Person

_TOKEN_LIFETIME = timedelta(hours=1)


def sign_token(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Wrap the claims' data in a token signed now; the token is the whole body."""
    claims = {
        "data": delivery.body.decode(),
        "iat": unix_seconds(attempt.now),
        "exp": unix_seconds(attempt.now + _TOKEN_LIFETIME),
    }
    token = jwt.encode(claims, attempt.secrets.wix_private_key, algorithm="RS256")
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/wix", headers=(("Content-Type", "text/plain"),), body=token.encode()
    )


def sign_hmac(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Sign as the site's own Velo code does: lower-case hex HMAC-SHA256 of the raw body."""
    secret = attempt.secrets["WIX_WEBHOOK_SECRET"].encode()
    signature = hmac.new(secret, delivery.body, hashlib.sha256).hexdigest()
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/wix",
        headers=(
            ("Content-Type", JSON),
            ("X-Wix-Webhook-Signature", signature),
            ("X-Wix-Webhook-Timestamp", str(unix_seconds(attempt.now))),
        ),
        body=delivery.body,
    )


@dataclass(frozen=True, slots=True)
class WixBooking:
    """A booking as Wix holds it at one revision."""

    key: str
    instance_id: str
    service_id: str
    service_name: str
    guest: Person
    guest_phone: str  # as typed into the form
    staff: str
    zone: ZoneInfo
    location: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    status: str = "CREATED"
    payment_status: str = "NOT_PAID"
    is_paid_online: bool = False
    revision: int = 1

    @property
    def booking_id(self) -> str:
        """Wix's id of the booking."""
        return guid("wix booking", self.key)

    def changed(self, **fields: Any) -> WixBooking:
        """Return the next revision with these fields changed."""
        return replace(self, revision=self.revision + 1, **fields)


def booking_created(at: datetime, tenant: str, booking: WixBooking) -> Delivery:
    """Return wix.bookings.v2.booking_created."""
    return _event(at, tenant, booking, "created", {"createdEvent": {"entity": _entity(booking, at)}})


def booking_updated(at: datetime, tenant: str, booking: WixBooking) -> Delivery:
    """Return wix.bookings.v2.booking_updated."""
    update = {"currentEntity": _entity(booking, at), "modifiedFields": {}}
    return _event(at, tenant, booking, "updated", {"updatedEvent": update})


def booking_action(at: datetime, tenant: str, booking: WixBooking, slug: str, before: WixBooking) -> Delivery:
    """Return confirmed, rescheduled, canceled, declined or markedAsPending, with what was before."""
    body: dict[str, Any] = {"booking": _entity(booking, at)}
    if slug == "rescheduled":
        body |= {
            "previousBookedEntity": _entity(before, at)["bookedEntity"],
            "previousStartDate": iso_seconds(before.starts_at),
            "previousEndDate": iso_seconds(before.ends_at),
            "previousStatus": before.status,
            "previousTotalParticipants": 1,
            "previousBookedAddOns": [],
            "flowControlSettings": {"skipAvailabilityValidation": False, "ignoreReschedulePolicy": False},
        }
    elif slug == "canceled":
        body |= {"previousStatus": before.status, "flowControlSettings": {"ignoreCancellationPolicy": False}}
    elif slug != "markedAsPending":
        body |= {
            "previousStatus": before.status,
            "previousPaymentStatus": before.payment_status,
            "doubleBooked": False,
        }
    body["participantNotification"] = {"notifyParticipants": True}
    body["initiatedBy"] = _visitor(booking)
    return _event(at, tenant, booking, slug, {"actionEvent": {"body": body}})


def waiting_list_joined(at: datetime, tenant: str, *, key: str, person: Person, phone: str, service: str) -> Delivery:
    """Return a post of the site's own code, HMAC-signed; no provider defines its type."""
    event_id = guid("velo", key)
    content = {
        "event": "waiting_list_joined",
        "eventId": event_id,
        "eventTime": iso_milliseconds(at),
        "contact": {"name": person.name, "phone": phone, "email": person.email},
        "service": service,
    }
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Delivery(tenant=tenant, source="wix", scheme="wix_hmac", at=at, key=event_id, body=body)


def _event(at: datetime, tenant: str, booking: WixBooking, slug: str, change: dict[str, Any]) -> Delivery:
    event_id = guid("wix event", booking.key, slug, booking.revision, at.isoformat())
    domain_event = {
        "id": event_id,
        "entityFqdn": "wix.bookings.v2.booking",
        "slug": slug,
        "entityId": booking.booking_id,
        **change,
        "eventTime": iso_milliseconds(at),
        "triggeredByAnonymizeRequest": False,
        "entityEventSequence": str(booking.revision),
    }
    data = {
        "data": json.dumps(domain_event, ensure_ascii=False),
        "instanceId": booking.instance_id,
        "eventType": f"wix.bookings.v2.booking_{slug}",
        "identity": json.dumps(_visitor(booking)),
    }
    body = json.dumps(data, ensure_ascii=False).encode()
    return Delivery(
        tenant=tenant, source="wix", scheme="wix_jwt", at=at, key=event_id, body=body, content_type="text/plain"
    )


def _visitor(booking: WixBooking) -> dict[str, str]:
    return {"identityType": "ANONYMOUS_VISITOR", "anonymousVisitorId": guid("visitor", booking.guest.key)}


def _slot(booking: WixBooking) -> dict[str, Any]:
    resource_id = guid("wix resource", booking.instance_id, booking.staff)
    return {
        "serviceId": booking.service_id,
        "scheduleId": guid("wix schedule", booking.service_id),
        "eventId": "" if booking.status == "CREATED" else base62("wix slot", booking.key, length=40) * 2,
        "startDate": iso_milliseconds(booking.starts_at),
        "endDate": iso_milliseconds(booking.ends_at),
        "timezone": booking.zone.key,
        "resource": {
            "id": resource_id,
            "name": booking.staff,
            "email": None,
            "scheduleId": guid("schedule", resource_id),
            "type": "staff",
        },
        "location": {
            "id": guid("wix location", booking.instance_id),
            "name": booking.location,
            "formattedAddress": booking.location,
            "locationType": "OWNER_BUSINESS",
        },
        "resourceSelections": [],
        "allDay": False,
    }


def _entity(booking: WixBooking, at: datetime) -> dict[str, Any]:
    return {
        "id": booking.booking_id,
        "bookedEntity": {"slot": _slot(booking), "title": booking.service_name, "tags": ["INDIVIDUAL"]},
        "contactDetails": {
            "contactId": guid("wix contact", booking.guest.key),
            "firstName": booking.guest.first_name,
            "lastName": booking.guest.last_name,
            "email": booking.guest.email,
            "phone": booking.guest_phone,
            "countryCode": booking.guest.country,
        },
        "additionalFields": [],
        "status": booking.status,
        "paymentStatus": booking.payment_status,
        "selectedPaymentOption": "ONLINE" if booking.is_paid_online else "OFFLINE",
        "createdDate": iso_milliseconds(min(booking.created_at, at)),
        "updatedDate": iso_milliseconds(at),
        "startDate": iso_seconds(booking.starts_at),
        "endDate": iso_seconds(booking.ends_at),
        "revision": str(booking.revision),
        "totalParticipants": 1,
        "formSubmissionId": guid("wix form", booking.key),
        "formId": guid("wix form of", booking.instance_id),
        "bookedAddOns": [],
        "createdBy": {"visitorId": _visitor(booking)["anonymousVisitorId"]},
        "appId": "13d21c63-b5ec-5912-8397-c3a5ddb27a97",
    }
