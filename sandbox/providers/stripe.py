"""Stripe: the event envelope and its events, signed with Stripe's own library."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from stripe import WebhookSignature

from sandbox.delivery import JSON, Attempt, Delivery, SignedRequest, unix_seconds
from sandbox.identifiers import base62, guid, stripe_id
from sandbox.people import Person
from sandbox.providers import stripe_objects as objects
from sandbox.providers.stripe_objects import Payment

API_VERSION = "2026-10-28.endive"


def sign(delivery: Delivery, attempt: Attempt) -> SignedRequest:
    """Sign for this attempt: the timestamp is the attempt's, so a redelivery has another signature."""
    header = WebhookSignature.generate_signature_header(
        delivery.body.decode(), attempt.secrets["STRIPE_WEBHOOK_SECRET"], unix_seconds(attempt.now)
    )
    return SignedRequest(
        path=f"/webhooks/{delivery.tenant}/stripe",
        headers=(("Content-Type", f"{JSON}; charset=utf-8"), ("Stripe-Signature", header)),
        body=delivery.body,
    )


def event(
    at: datetime,
    tenant: str,
    event_type: str,
    resource: Mapping[str, Any],
    *,
    account: str | None = None,
    is_own_request: bool = True,
) -> Delivery:
    """Return an event with its full resource snapshot. `account` is given only for connected accounts."""
    identity = (tenant, event_type, resource.get("id"), at.isoformat())
    event_id = f"evt_3{base62('evt', *identity, length=23)}"
    envelope: dict[str, Any] = {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": unix_seconds(at),
        "data": {"object": resource},
        "livemode": True,
        "pending_webhooks": 1,
        "request": {
            "id": f"req_{base62('req', *identity, length=14)}" if is_own_request else None,
            "idempotency_key": guid("idempotency", *identity) if is_own_request else None,
        },
        "type": event_type,
    }
    if account:
        envelope["account"] = account
    # Stripe sends indented JSON: a receiver that serialises it again before checking breaks here, as with Stripe.
    body = orjson.dumps(envelope, option=orjson.OPT_INDENT_2)
    return Delivery(tenant=tenant, source="stripe", scheme="stripe", at=at, key=event_id, body=body)


def payment_succeeded(at: datetime, tenant: str, payment: Payment) -> Delivery:
    """Return payment_intent.succeeded."""
    intent = objects.payment_intent(payment, at=at)
    return event(at, tenant, "payment_intent.succeeded", intent, account=payment.account)


def payment_failed(at: datetime, tenant: str, payment: Payment, decline_code: str) -> Delivery:
    """Return payment_intent.payment_failed."""
    intent = objects.payment_intent(payment, at=at, failure=decline_code)
    return event(at, tenant, "payment_intent.payment_failed", intent, account=payment.account)


def charge_succeeded(at: datetime, tenant: str, payment: Payment) -> Delivery:
    """Return charge.succeeded."""
    return event(at, tenant, "charge.succeeded", objects.charge(payment, at=at), account=payment.account)


def charge_failed(at: datetime, tenant: str, payment: Payment, decline_code: str) -> Delivery:
    """Return charge.failed."""
    failed = objects.charge(payment, at=at, failure=decline_code)
    return event(at, tenant, "charge.failed", failed, account=payment.account)


def charge_refunded(at: datetime, tenant: str, payment: Payment, charged_at: datetime, refunded: int) -> Delivery:
    """Return charge.refunded, whose object is the charge with the cumulative amount refunded."""
    refunded_charge = objects.charge(payment, at=min(charged_at, at), refunded=refunded)
    return event(at, tenant, "charge.refunded", refunded_charge, account=payment.account)


def dispute_created(at: datetime, tenant: str, payment: Payment, reason: str) -> Delivery:
    """Return charge.dispute.created."""
    resource = objects.dispute(payment, at=at, reason=reason)
    return event(at, tenant, "charge.dispute.created", resource, account=payment.account, is_own_request=False)


def checkout(at: datetime, tenant: str, payment: Payment, *, status: str, reference: str, site: str) -> Delivery:
    """Return checkout.session.completed, or checkout.session.expired for status expired."""
    session = objects.checkout_session(payment, at=at, status=status, reference=reference, site=site)
    event_type = "checkout.session.completed" if status == "complete" else "checkout.session.expired"
    return event(at, tenant, event_type, session, account=payment.account, is_own_request=False)


def invoice(at: datetime, tenant: str, payment: Payment, *, verb: str, issued_at: datetime, number: str) -> Delivery:
    """Return invoice.<verb>: finalized, sent, overdue (still open) or paid."""
    status = "paid" if verb == "paid" else "open"
    resource = objects.invoice(payment, at=at, issued_at=min(issued_at, at), status=status, number=number)
    return event(at, tenant, f"invoice.{verb}", resource, account=payment.account)


def customer_created(at: datetime, tenant: str, person: Person, phone: str | None, account: str | None) -> Delivery:
    """Return customer.created."""
    return event(at, tenant, "customer.created", objects.customer(person, at=at, phone=phone), account=account)


def payout_paid(at: datetime, tenant: str, amount: int, currency: str, account: str | None) -> Delivery:
    """Return payout.paid: genuine, and of no use to a front office; it stays an unknown type."""
    payout = {
        "id": stripe_id("po", tenant, at.date()), "object": "payout", "amount": amount, "application_fee": None,
        "application_fee_amount": None, "arrival_date": unix_seconds(at), "automatic": True,
        "balance_transaction": stripe_id("txn", tenant, at.date()), "created": unix_seconds(at),
        "currency": currency, "description": "STRIPE PAYOUT", "destination": stripe_id("ba", tenant),
        "failure_balance_transaction": None, "failure_code": None, "failure_message": None, "livemode": True,
        "metadata": {}, "method": "standard", "original_payout": None, "reconciliation_status": "completed",
        "reversed_by": None, "source_type": "card", "statement_descriptor": None, "status": "paid",
        "trace_id": None, "type": "bank_account",
    }  # fmt: skip
    return event(at, tenant, "payout.paid", payout, account=account, is_own_request=False)
