"""Zoho's four kinds of post: CRM notifications, Books objects, Campaigns events and hand-made workflow webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.delivery import JSON, Attempt, Delivery, SignedRequest, iso_seconds
from sandbox.identifiers import digits
from sandbox.people import Person

# Stands in the body for the channel's token, which is a secret of the home and so no part of the story.
_TOKEN_PLACEHOLDER = b"TOKEN_OF_THE_CHANNEL"


def sign_notification(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Echo the channel's token in the body, CRM's only proof."""
    body = delivery.body.replace(_TOKEN_PLACEHOLDER, attempt.secrets["ZOHO_WEBHOOK_SECRET"].encode())
    return _request(delivery, body, ())


def sign_books(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Sign the raw JSON body; the address has no parameters to go before it."""
    secret = attempt.secrets["ZOHO_WEBHOOK_SECRET"].encode()
    signature = hmac.new(secret, delivery.body, hashlib.sha256).hexdigest()
    return _request(delivery, delivery.body, (("X-Zoho-Webhook-Signature", signature),))


def sign_token(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Add the custom header set on the Campaigns webhook or workflow action."""
    return _request(delivery, delivery.body, (("X-Webhook-Token", attempt.secrets["ZOHO_WEBHOOK_SECRET"]),))


def record_id(person: Person, module: str) -> str:
    """Return the CRM id of a person's record."""
    return f"5725767{digits('zoho', module, person.key, length=12)}"


def crm_notification(at: datetime, tenant: str, person: Person, *, module: str, operation: str) -> Delivery:
    """Return a notification: ids only, as without return_affected_field_values."""
    channel_id = digits("channel", tenant, length=13)
    milliseconds = int(at.timestamp() * 1000)
    record = record_id(person, module)
    content = {
        "server_time": milliseconds,
        "module": module,
        "resource_uri": f"https://www.zohoapis.eu/crm/v2/{module}",
        "operation": operation,
        "ids": [record],
        "affected_fields": [],
        "query_params": {},
        "channel_id": channel_id,
        "token": _TOKEN_PLACEHOLDER.decode(),
    }
    key = f"{channel_id}:{operation}:{record}:{milliseconds}"
    return _delivery(at, tenant, "zoho_notification", key, content)


def campaign_event(
    at: datetime, tenant: str, person: Person, *, action: str, campaign: str, extra: Mapping[str, Any]
) -> Delivery:
    """Return an event of the Email API: email_open, email_click, bounce or unsubscribed."""
    webhook_id = f"1314909{digits('campaign webhook', tenant, action, length=12)}"
    transmission_id = int(
        digits("transmission", tenant, campaign, length=22)
    )  # more than 64 bits, as in Zoho's sample
    milliseconds = int(at.timestamp() * 1000)
    entry = {
        "action_time": milliseconds,
        "contact_id": int(f"1314909{digits('campaign contact', person.key, length=12)}"),
        "contact_email": person.email,
        "rcpt_additional_data": {"country": person.country},
        "transmission_name": campaign,
        "injected_time": milliseconds - 3_600_000,
        "transmission_id": transmission_id,
        "zuid": 8575431221455,
        **extra,
    }
    content = {
        "webhook_name": f"{action} webhook",
        "webhook_id": webhook_id,
        "action": action,
        "actionType": "doNotMail" if action == "unsubscribed" else action,
        "action_by": "contact",
        "data": [entry],
    }
    key = f"{webhook_id}:{action}:{transmission_id}:{entry['contact_id']}:{milliseconds}"
    return _delivery(at, tenant, "zoho_token", key, content)


def workflow_event(
    at: datetime, tenant: str, person: Person, *, event_type: str, module: str, fields: Mapping[str, Any]
) -> Delivery:
    """Return a workflow webhook as the business set it up: an event_type, an id of its own, the person, the rest.

    `module` is Leads or Contacts: a lead that is converted becomes a contact with another id.
    """
    event_id = f"zw_{digits('workflow', tenant, person.key, event_type, at.isoformat(), length=18)}"
    content = {
        "event_type": event_type,
        "event_id": event_id,
        "occurred_at": iso_seconds(at),
        "contact_id": record_id(person, module),
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "phone": person.phone,
        "company": person.company,
        **fields,
    }
    return _delivery(at, tenant, "zoho_token", event_id, content)


def books_contact(at: datetime, tenant: str, person: Person, organization_id: str, currency: str) -> Delivery:
    """Return a Books contact; the e-mail is in its contact persons, not at top level."""
    contact_id = _books_id("contact", person.key)
    contact = {
        "contact_id": contact_id, "contact_name": person.company or person.name, "company_name": person.company,
        "contact_type": "customer", "status": "active", "currency_code": currency,
        "contact_persons": [{
            "contact_person_id": _books_id("person", person.key), "first_name": person.first_name,
            "last_name": person.last_name, "email": person.email, "phone": person.phone,
            "is_primary_contact": True,
        }],
        "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "last_modified_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }  # fmt: skip
    key = f"contact:{contact_id}:{contact['last_modified_time']}"
    return _delivery(at, tenant, "zoho_books", key, {"contact": contact, "organization_id": organization_id})


@dataclass(frozen=True, slots=True)
class BooksOrder:
    """An order as Books invoices it."""

    buyer: Person
    organization_id: str
    order_id: str
    amount: int  # minor units
    currency: str


def books_invoice(at: datetime, tenant: str, order: BooksOrder, *, status: str) -> Delivery:
    """Return a Books invoice: status sent, paid or overdue."""
    invoice_id = _books_id("invoice", order.order_id)
    modified_at = at.strftime("%Y-%m-%dT%H:%M:%S+0000")
    invoice = {
        "invoice_id": invoice_id, "invoice_number": f"INV-{digits('invoice number', order.order_id, length=6)}",
        "status": status, **_customer_of(order),
        "reference_number": order.order_id, "date": at.strftime("%Y-%m-%d"), "total": order.amount / 100,
        "balance": 0.0 if status == "paid" else order.amount / 100, "last_modified_time": modified_at,
    }  # fmt: skip
    content = {"invoice": invoice, "organization_id": order.organization_id}
    return _delivery(at, tenant, "zoho_books", f"invoice:{invoice_id}:{modified_at}", content)


def books_payment(at: datetime, tenant: str, order: BooksOrder) -> Delivery:
    """Return a Books customer payment by bank transfer."""
    payment_id = _books_id("payment", order.order_id)
    modified_at = at.strftime("%Y-%m-%dT%H:%M:%S+0000")
    payment = {
        "payment_id": payment_id, "payment_number": digits("payment number", order.order_id, length=5),
        "payment_mode": "banktransfer", "amount": order.amount / 100, "date": at.strftime("%Y-%m-%d"),
        "status": "success", "reference_number": order.order_id, **_customer_of(order),
        "invoices": [{"invoice_id": _books_id("invoice", order.order_id), "amount_applied": order.amount / 100}],
        "last_modified_time": modified_at,
    }  # fmt: skip
    content = {"payment": payment, "organization_id": order.organization_id}
    return _delivery(at, tenant, "zoho_books", f"payment:{payment_id}:{modified_at}", content)


def _customer_of(order: BooksOrder) -> dict[str, str]:
    return {
        "customer_id": _books_id("contact", order.buyer.key),
        "customer_name": order.buyer.company or order.buyer.name,
        "email": order.buyer.email,
        "currency_code": order.currency,
    }


def _books_id(kind: str, key: str) -> str:
    return f"982000{digits('books', kind, key, length=9)}"


def _delivery(at: datetime, tenant: str, scheme: str, key: str, content: Mapping[str, Any]) -> Delivery:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Delivery(tenant=tenant, source="zoho", scheme=scheme, at=at, key=key, body=body)


def _request(delivery: Delivery, body: bytes, headers: tuple[tuple[str, str], ...]) -> SignedRequest:
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/zoho", headers=(("Content-Type", JSON), *headers), body=body
    )
