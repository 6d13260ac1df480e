"""GoHighLevel: flat marketplace events, signed with Ed25519 over the raw body."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.delivery import JSON, Attempt, Delivery, SignedRequest, iso_milliseconds
from sandbox.identifiers import base62, guid
from sandbox.people import Person

_APP_ID = "66f2d8b7c1a04e0012ab34cd"
_COMPANY_ID = "Cmp9QW3rTy7UiOp1AsDf"


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Sign the raw body; the signature has no time of its own."""
    signature = attempt.secrets.gohighlevel_private_key.sign(delivery.body)
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/gohighlevel",
        headers=(("Content-Type", JSON), ("x-ghl-signature", base64.b64encode(signature).decode())),
        body=delivery.body,
    )


@dataclass(frozen=True, slots=True)
class Account:
    """The location that the events are about."""

    tenant: str
    location_id: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Appointment:
    """A calendar entry of a contact."""

    key: str
    person: Person
    title: str
    calendar: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    address: str
    status: str = "confirmed"

    @property
    def appointment_id(self) -> str:
        """HighLevel's id: 20 letters and digits."""
        return base62("appointment", self.key, length=20)


def contact_id(person: Person) -> str:
    """Return HighLevel's id of a person."""
    return base62("ghl contact", person.key, length=20)


def contact(
    at: datetime,
    account: Account,
    person: Person,
    *,
    verb: str,
    phone: str,
    added_at: datetime,
    source: str,
    tags: Sequence[str],
    is_muted: bool = False,
) -> Delivery:
    """Return Contact<verb>: Create, Update or DndUpdate (muted: do not disturb)."""
    fields: dict[str, Any] = {
        "id": contact_id(person), "firstName": person.first_name, "lastName": person.last_name,
        "name": person.name, "email": person.email, "phone": phone, "city": "Houston", "state": "TX",
        "country": person.country, "companyName": person.company, "source": source,
        "dateAdded": iso_milliseconds(added_at), "dnd": is_muted, "tags": list(tags), "attachments": [],
        "assignedTo": base62("user", account.location_id, length=20), "customFields": [],
    }  # fmt: skip
    if verb == "DndUpdate":
        status = {"status": "active" if is_muted else "inactive", "message": "STOP", "code": "103"}
        fields["dndSettings"] = {"SMS": status}
    return _event(at, account, f"Contact{verb}", fields)


def appointment(at: datetime, account: Account, booking: Appointment, *, verb: str) -> Delivery:
    """Return Appointment<verb>: Create or Update. A cancellation is an Update with status cancelled."""
    zone = account.zone
    fields = {
        "appointment": {
            "id": booking.appointment_id, "title": booking.title,
            "calendarId": booking.calendar,
            "contactId": contact_id(booking.person), "groupId": base62("group", account.location_id, length=20),
            "appointmentStatus": booking.status, "assignedUserId": base62("user", account.location_id, length=20),
            "users": [base62("user", account.location_id, length=20)], "address": booking.address, "notes": "",
            "source": "booking_widget", "startTime": booking.starts_at.astimezone(zone).isoformat(),
            "endTime": booking.ends_at.astimezone(zone).isoformat(),
            "dateAdded": min(booking.created_at, at).astimezone(zone).isoformat(timespec="seconds"),
            "dateUpdated": at.astimezone(zone).isoformat(timespec="seconds"),
        }
    }  # fmt: skip
    return _event(at, account, f"Appointment{verb}", fields)


def stage_moved(
    at: datetime, account: Account, person: Person, *, key: str, name: str, stage: str, amount: int
) -> Delivery:
    """Return OpportunityStageUpdate: ids only, the amount in whole units of the currency."""
    fields = {
        "id": base62("opportunity", key, length=20), "contactId": contact_id(person), "name": name,
        "pipelineId": base62("pipeline", account.location_id, length=20),
        "pipelineStageId": guid("stage", account.location_id, stage), "status": "open",
        "monetaryValue": amount / 100, "assignedTo": base62("user", account.location_id, length=20),
        "source": "booking widget", "dateAdded": iso_milliseconds(at),
    }  # fmt: skip
    return _event(at, account, "OpportunityStageUpdate", fields)


def inbound_message(at: datetime, account: Account, person: Person, *, text: str) -> Delivery:
    """Return InboundMessage of type SMS, which carries no message id and no phone number."""
    fields = {
        "contactId": contact_id(person), "conversationId": base62("conversation", person.key, length=20),
        "messageType": "SMS", "direction": "inbound", "body": text, "contentType": "text/plain",
        "attachments": [], "status": "delivered", "dateAdded": iso_milliseconds(at),
        "conversationProviderId": base62("provider", account.location_id, length=20),
    }  # fmt: skip
    return _event(at, account, "InboundMessage", fields)


def location_updated(at: datetime, account: Account) -> Delivery:
    """Return LocationUpdate: genuine, and of no use to a front office; it stays an unknown type."""
    return _event(at, account, "LocationUpdate", {"id": account.location_id, "timezone": account.zone.key})


def _event(at: datetime, account: Account, event_type: str, fields: dict[str, Any]) -> Delivery:
    webhook_id = guid("ghl webhook", event_type, json.dumps(fields, sort_keys=True), at.isoformat())
    content = {
        "type": event_type,
        "locationId": account.location_id,
        **fields,
        "timestamp": iso_milliseconds(at),
        "webhookId": webhook_id,
        "appId": _APP_ID,
        "companyId": _COMPANY_ID,
    }
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Delivery(
        tenant=account.tenant, source="gohighlevel", scheme="gohighlevel", at=at, key=webhook_id, body=body
    )
