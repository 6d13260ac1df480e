"""ManyChat: the External Request action with "Full Contact Data". It signs nothing; the author adds a header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.delivery import JSON, Attempt, Delivery, SignedRequest
from sandbox.identifiers import digits, hexadecimal
from sandbox.people import Person

INSTAGRAM, MESSENGER, WHATSAPP = "instagram", "messenger", "whatsapp"


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Add the header that the flow's author typed into the action."""
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/manychat",
        headers=(
            ("Content-Type", JSON),
            ("X-Webhook-Token", attempt.secrets["MANYCHAT_WEBHOOK_TOKEN"]),
            ("User-Agent", "ManyChat"),
        ),
        body=delivery.body,
    )


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who wrote to the page."""

    person: Person
    page_id: str
    channel: str  # INSTAGRAM, MESSENGER or WHATSAPP
    phone: str | None  # as ManyChat holds it: often without "+"
    wants_texts: bool
    wants_emails: bool
    growth_tool: str | None
    subscribed_at: datetime

    @property
    def subscriber_id(self) -> str:
        """ManyChat's id: a long number."""
        return digits("manychat", self.person.key, length=16)


def contact_data(
    at: datetime, tenant: str, subscriber: Subscriber, *, event: str, text: str, fields: Mapping[str, str]
) -> Delivery:
    """Return Full Contact Data with an `event` that the author added; `fields` are the custom fields (utm_…)."""
    person, moment = subscriber.person, at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    is_instagram, is_whatsapp = subscriber.channel == INSTAGRAM, subscriber.channel == WHATSAPP
    handle = f"{person.first_name}.{person.last_name}".lower()
    page_id, subscriber_id = subscriber.page_id, subscriber.subscriber_id
    # For Instagram the plain times are null and their ig_ twins are filled.
    content: dict[str, Any] = {
        "key": f"user:{subscriber_id}", "id": subscriber_id, "page_id": page_id, "user_refs": [],
        "status": "active", "first_name": person.first_name, "last_name": person.last_name, "name": person.name,
        "gender": None, "profile_pic": f"https://manybot-files.example/{hexadecimal(person.key)}.jpg",
        "locale": "en_US", "language": "English", "timezone": "UTC+08",
        "live_chat_url": f"https://manychat.com/fb{page_id}/chat/{subscriber_id}", "last_input_text": text,
        "optin_phone": subscriber.wants_texts, "phone": None if is_whatsapp else subscriber.phone,
        "optin_email": subscriber.wants_emails, "email": person.email if subscriber.wants_emails else None,
        "subscribed": subscriber.subscribed_at.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "last_interaction": None if is_instagram else moment,
        "ig_last_interaction": moment if is_instagram else None,
        "last_seen": None if is_instagram else moment, "ig_last_seen": moment if is_instagram else None,
        "is_followup_enabled": True, "ig_username": handle if is_instagram else None,
        "ig_id": int(digits("ig", person.key, length=17)) if is_instagram else None,
        "whatsapp_phone": subscriber.phone if is_whatsapp else None, "optin_whatsapp": is_whatsapp,
        "phone_country_code": None, "last_growth_tool": subscriber.growth_tool, "custom_fields": dict(fields),
        "event": event,
    }  # fmt: skip
    body = json.dumps(content, ensure_ascii=False).encode()
    key = f"{subscriber_id}:{moment}:{event}"
    return Delivery(tenant=tenant, source="manychat", scheme="manychat", at=at, key=key, body=body)


def broken_body(at: datetime, tenant: str, *, key: str) -> Delivery:
    """Return a hand-written body that a quote in a variable broke: no JSON, as it happens in real flows."""
    body = (
        f'{{"id": "{digits("broken", key, length=16)}", "last_input_text": "they said "come by" yesterday"}}'.encode()
    )
    return Delivery(
        tenant=tenant, source="manychat", scheme="manychat", at=at, key=hashlib.sha256(body).hexdigest(), body=body
    )
