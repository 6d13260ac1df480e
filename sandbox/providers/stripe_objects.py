"""Stripe's resources as version 2026-10-28.endive renders them in an event's data.object."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.delivery import unix_seconds
from sandbox.identifiers import base62, digits, stripe_id
from sandbox.people import Person


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to take one amount; every Stripe object of it is derived from its key."""

    key: str
    amount: int  # minor units
    currency: str  # lower case, as Stripe writes it
    payer: Person
    billing_phone: str | None  # as the payer typed it
    description: str
    account: str | None = None  # Stripe Connect: the connected account
    metadata: dict[str, str] = field(default_factory=dict)
    is_card_present: bool = False
    is_off_session: bool = False  # charged to the card on file

    @property
    def intent_id(self) -> str:
        """Id of the PaymentIntent."""
        return stripe_id("pi", self.key)

    @property
    def charge_id(self) -> str:
        """Id of the successful Charge."""
        return stripe_id("ch", self.key)

    @property
    def session_id(self) -> str:
        """Id of the Checkout Session."""
        return f"cs_live_a1{base62('cs', self.key, length=40)}"

    @property
    def customer_id(self) -> str:
        """Id of the payer as a Customer: the same for all payments of one person."""
        return customer_id(self.payer)

    @property
    def card_id(self) -> str:
        """Id of the PaymentMethod."""
        return stripe_id("pm", self.payer.key)


def customer_id(person: Person) -> str:
    """Return the id of a person's Customer."""
    return f"cus_{base62('cus', person.key, length=14)}"


def customer(person: Person, *, at: datetime, phone: str | None) -> dict[str, Any]:
    """Return a Customer."""
    return {
        "id": customer_id(person), "object": "customer", "address": None, "balance": 0,
        "created": unix_seconds(at), "currency": None, "default_source": None, "delinquent": False,
        "description": None, "email": person.email, "invoice_prefix": base62("prefix", person.key, length=8).upper(),
        "invoice_settings": {
            "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None
        },
        "livemode": True, "metadata": {}, "name": person.company or person.name, "next_invoice_sequence": 1,
        "phone": phone, "preferred_locales": [], "shipping": None, "tax_exempt": "none", "test_clock": None,
    }  # fmt: skip


def payment_intent(payment: Payment, *, at: datetime, failure: str | None = None) -> dict[str, Any]:
    """Return a PaymentIntent: succeeded, or back at requires_payment_method with the decline code given."""
    return {
        "id": payment.intent_id, "object": "payment_intent", "amount": payment.amount, "amount_capturable": 0,
        "amount_details": {"tip": {}}, "amount_received": 0 if failure else payment.amount, "application": None,
        "application_fee_amount": _platform_fee(payment),
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True}, "canceled_at": None,
        "cancellation_reason": None, "capture_method": "automatic_async",
        "client_secret": f"{payment.intent_id}_secret_{base62('secret', payment.key, length=25)}",
        "confirmation_method": "automatic", "created": unix_seconds(at - timedelta(seconds=40)),
        "currency": payment.currency, "customer": payment.customer_id, "description": payment.description,
        "excluded_payment_method_types": None, "last_payment_error": _card_error(payment, failure),
        "latest_charge": stripe_id("ch", payment.key, failure) if failure else payment.charge_id, "livemode": True,
        "metadata": payment.metadata, "next_action": None, "on_behalf_of": None,
        "payment_method": None if failure else payment.card_id, "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"installments": None, "mandate_options": None, "network": None,
                                            "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card_present" if payment.is_card_present else "card"], "processing": None,
        "receipt_email": payment.payer.email, "review": None,
        "setup_future_usage": None if payment.is_off_session else "off_session", "shipping": None, "source": None,
        "statement_descriptor": None, "statement_descriptor_suffix": None,
        "status": "requires_payment_method" if failure else "succeeded", "transfer_data": None,
        "transfer_group": None,
    }  # fmt: skip


def charge(payment: Payment, *, at: datetime, refunded: int = 0, failure: str | None = None) -> dict[str, Any]:
    """Return a Charge; `refunded` is the cumulative amount in minor units."""
    charge_id = stripe_id("ch", payment.key, failure) if failure else payment.charge_id
    return {
        "id": charge_id, "object": "charge", "amount": payment.amount,
        "amount_captured": 0 if failure else payment.amount, "amount_refunded": refunded, "application": None,
        "application_fee": None, "application_fee_amount": _platform_fee(payment),
        "balance_transaction": None if failure else stripe_id("txn", payment.key),
        "billing_details": {"address": _EMPTY_ADDRESS, "email": payment.payer.email, "name": payment.payer.name,
                            "phone": payment.billing_phone, "tax_id": None},
        "calculated_statement_descriptor": payment.description[:22].upper(), "captured": not failure,
        "created": unix_seconds(at), "currency": payment.currency, "customer": payment.customer_id,
        "description": payment.description, "disputed": False, "failure_balance_transaction": None,
        "failure_code": "card_declined" if failure else None,
        "failure_message": _DECLINE_MESSAGES.get(failure) if failure else None, "fraud_details": {},
        "livemode": True, "metadata": payment.metadata, "on_behalf_of": None,
        "outcome": {
            "advice_code": None, "network_advice_code": None, "network_decline_code": None,
            "network_status": "declined_by_network" if failure else "approved_by_network", "reason": failure,
            "risk_level": "normal", "seller_message": "Payment complete.",
            "type": "issuer_declined" if failure else "authorized",
        },
        "paid": not failure, "payment_intent": payment.intent_id, "payment_method": payment.card_id,
        "payment_method_details": _card_details(payment), "presentment_details": None, "radar_options": {},
        "receipt_email": payment.payer.email, "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{base62('receipt', payment.key, length=32)}",
        "refunded": refunded == payment.amount, "review": None, "shipping": None, "source_transfer": None,
        "statement_descriptor": None, "statement_descriptor_suffix": None,
        "status": "failed" if failure else "succeeded", "transfer_data": None, "transfer_group": None,
    }  # fmt: skip


def dispute(payment: Payment, *, at: datetime, reason: str) -> dict[str, Any]:
    """Return a Dispute of the whole amount."""
    return {
        "id": stripe_id("du", payment.key), "object": "dispute", "amount": payment.amount,
        "balance_transactions": [], "charge": payment.charge_id, "created": unix_seconds(at),
        "currency": payment.currency, "enhanced_eligibility_types": [], "evidence": {},
        "evidence_details": {"due_by": unix_seconds(at + timedelta(days=9)), "enhanced_eligibility": {},
                             "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False, "livemode": True, "metadata": {}, "payment_intent": payment.intent_id,
        "payment_method_details": {"card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "83"},
                                   "type": "card"},
        "reason": reason, "status": "needs_response",
    }  # fmt: skip


def checkout_session(payment: Payment, *, at: datetime, status: str, reference: str, site: str) -> dict[str, Any]:
    """Return a Checkout Session in payment mode: status complete (and paid) or expired (and unpaid)."""
    is_paid = status == "complete"
    return {
        "id": payment.session_id, "object": "checkout.session", "adaptive_pricing": {"enabled": False},
        "after_expiration": None, "allow_promotion_codes": None, "amount_subtotal": payment.amount,
        "amount_total": payment.amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None, "cancel_url": f"https://{site}/cancelled",
        "client_reference_id": reference, "client_secret": None, "collected_information": None, "consent": None,
        "consent_collection": None, "created": unix_seconds(at - timedelta(minutes=3)), "currency": payment.currency,
        "currency_conversion": None, "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None,
                        "terms_of_service_acceptance": None},
        "customer": payment.customer_id if is_paid else None, "customer_creation": "if_required",
        "customer_details": {
            "address": _EMPTY_ADDRESS, "business_name": payment.payer.company, "email": payment.payer.email,
            "individual_name": None, "name": payment.payer.name, "phone": payment.billing_phone,
            "tax_exempt": "none", "tax_ids": [],
        } if is_paid else None,
        "customer_email": None if is_paid else payment.payer.email, "discounts": [],
        "expires_at": unix_seconds(at + timedelta(hours=23)), "invoice": None,
        "invoice_creation": {"enabled": False, "invoice_data": {}}, "livemode": True, "locale": None,
        "metadata": payment.metadata, "mode": "payment", "payment_intent": payment.intent_id if is_paid else None,
        "payment_link": None, "payment_method_collection": "if_required",
        "payment_method_configuration_details": None, "payment_method_options": {},
        "payment_method_types": ["card"], "payment_status": "paid" if is_paid else "unpaid", "permissions": None,
        "phone_number_collection": {"enabled": True}, "recovered_from": None, "saved_payment_method_options": None,
        "setup_intent": None, "shipping_address_collection": None, "shipping_cost": None, "shipping_options": [],
        "status": status, "submit_type": None, "subscription": None,
        "success_url": f"https://{site}/thanks?session_id={{CHECKOUT_SESSION_ID}}",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}, "ui_mode": "hosted_page",
        "url": None, "wallet_options": None,
    }  # fmt: skip


def invoice(payment: Payment, *, at: datetime, issued_at: datetime, status: str, number: str) -> dict[str, Any]:
    """Return an Invoice sent by e-mail: status open, or paid at `at`."""
    is_paid = status == "paid"
    invoice_id = stripe_id("in", payment.key)
    return {
        "id": invoice_id, "object": "invoice", "account_country": payment.payer.country, "amount_due": payment.amount,
        "amount_overpaid": 0, "amount_paid": payment.amount if is_paid else 0,
        "amount_remaining": 0 if is_paid else payment.amount, "amount_shipping": 0, "application": None,
        "attempt_count": 1 if is_paid else 0, "attempted": is_paid, "auto_advance": not is_paid,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None,
                          "status": None},
        "billing_reason": "manual", "collection_method": "send_invoice", "created": unix_seconds(issued_at),
        "currency": payment.currency, "customer": payment.customer_id, "customer_address": None,
        "customer_email": payment.payer.email, "customer_name": payment.payer.name,
        "customer_phone": payment.billing_phone, "default_payment_method": None,
        "description": payment.description, "discounts": [],
        "due_date": unix_seconds(issued_at + timedelta(days=14)),
        "effective_at": unix_seconds(issued_at), "ending_balance": 0, "footer": None,
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{base62('invoice', payment.key, length=32)}",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{base62('invoice', payment.key, length=32)}/pdf",
        "lines": {"object": "list", "data": [_invoice_line(payment, invoice_id)], "has_more": False,
                  "total_count": 1, "url": f"/v1/invoices/{invoice_id}/lines"},
        "livemode": True, "metadata": payment.metadata, "next_payment_attempt": None, "number": number,
        "on_behalf_of": None, "parent": None, "payment_settings": {"payment_method_types": None},
        "period_end": unix_seconds(issued_at), "period_start": unix_seconds(issued_at), "starting_balance": 0,
        "status": status,
        "status_transitions": {"finalized_at": unix_seconds(issued_at), "marked_uncollectible_at": None,
                               "paid_at": unix_seconds(at) if is_paid else None, "voided_at": None},
        "subtotal": payment.amount, "total": payment.amount, "total_discount_amounts": [], "total_taxes": [],
        "webhooks_delivered_at": None,
    }  # fmt: skip


_EMPTY_ADDRESS: dict[str, None] = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_DECLINE_MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "generic_decline": "Your card was declined.",
    "expired_card": "Your card has expired.",
}
DECLINE_CODES = tuple(_DECLINE_MESSAGES)


def _platform_fee(payment: Payment) -> int | None:
    # The Auto Services Platform takes 1.25 %, within the 1.0 to 1.5 % of its document.
    return round(payment.amount * 0.0125) if payment.account else None


def _card_error(payment: Payment, failure: str | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "advice_code": "try_again_later", "charge": stripe_id("ch", payment.key, failure), "code": "card_declined",
        "decline_code": failure, "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": _DECLINE_MESSAGES[failure],
        "payment_method": {"id": payment.card_id, "object": "payment_method",
                           "billing_details": {"address": _EMPTY_ADDRESS, "email": payment.payer.email,
                                               "name": payment.payer.name, "phone": payment.billing_phone},
                           "card": _card_details(payment)[_card_type(payment)], "type": _card_type(payment)},
        "type": "card_error",
    }  # fmt: skip


def _card_type(payment: Payment) -> str:
    return "card_present" if payment.is_card_present else "card"


def _card_details(payment: Payment) -> dict[str, Any]:
    last4 = digits("last4", payment.payer.key, length=4)
    brand = "visa" if int(last4) % 3 else "mastercard"
    card = {
        "amount_authorized": payment.amount, "brand": brand, "country": payment.payer.country, "exp_month": 9,
        "exp_year": 2029, "fingerprint": base62("card", payment.payer.key, length=16), "funding": "debit",
        "last4": last4, "network": brand,
    }  # fmt: skip
    if not payment.is_card_present:
        card |= {
            "authorization_code": digits("authorization", payment.key, length=6), "installments": None,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "extended_authorization": {"status": "disabled"}, "mandate": None, "network_token": {"used": False},
            "overcapture": {"maximum_amount_capturable": payment.amount, "status": "unavailable"},
            "regulated_status": "unregulated", "three_d_secure": None, "wallet": None,
        }  # fmt: skip
    return {_card_type(payment): card, "type": _card_type(payment)}


def _invoice_line(payment: Payment, invoice_id: str) -> dict[str, Any]:
    return {
        "id": stripe_id("il", payment.key), "object": "line_item", "amount": payment.amount,
        "currency": payment.currency, "description": payment.description, "discount_amounts": [],
        "discountable": True, "discounts": [], "invoice": invoice_id, "livemode": True, "metadata": {},
        "quantity": 1, "subtotal": payment.amount, "taxes": [],
    }  # fmt: skip
