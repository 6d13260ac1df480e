"""Stripe's events as its endpoint posts them, logged without a receiver: what each object of one payment says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.homes import NOW

TENANT = "avatar-imaging"
FIRST_SECOND = 1_795_000_000


@dataclass(frozen=True, kw_only=True)
class StripePayment:
    """One payment; `name` is in all of its ids."""

    name: str
    amount: int = 18_000
    currency: str = "aud"
    email: str | None = None

    def intent(self, status: str = "succeeded", *, at: int = 0, received: int | None = None) -> NewEvent:
        """Return payment_intent.<status>."""
        taken = (self.amount if received is None else received) if status == "succeeded" else 0
        return self._event(
            f"payment_intent.{status}",
            {"id": self.id, "amount": self.amount, "amount_received": taken, "receipt_email": self._email},
            at=at,
        )

    def charge(
        self,
        change: str = "succeeded",
        *,
        at: int = 0,
        refunded: int = 0,
        captured: int | None = None,
        before: int | None = None,
    ) -> NewEvent:
        """Return charge.<change>. `before` is what was refunded of it before the change."""
        taken = self.amount if captured is None else captured
        charge = {
            "id": f"ch_{self.name}",
            "payment_intent": self.id,
            "amount": self.amount,
            "amount_captured": taken,
            "amount_refunded": refunded,
            "captured": taken > 0,
            "refunded": refunded == self.amount,
            "created": FIRST_SECOND,
            "status": "succeeded",
            "billing_details": {"email": self._email},
            "payment_method_details": {"type": "card"},
        }
        previous = {} if before is None else {"previous_attributes": {"amount_refunded": before}}
        return self._event(f"charge.{change}", charge, at=at, **previous)

    def refund(
        self,
        type_: str,
        status: str,
        *,
        at: int,
        amount: int | None = None,
        number: int = 1,
        has_intent: bool = True,
    ) -> NewEvent:
        """Return refund.created and its like, of a refund in that state."""
        refund = {
            "id": f"re_{self.name}_{number}",
            "object": "refund",
            "amount": self.amount if amount is None else amount,
            "charge": f"ch_{self.name}",
            "payment_intent": self.id if has_intent else None,
            "status": status,
            "failure_reason": "expired_or_canceled_card" if status == "failed" else None,
        }
        return self._event(type_, refund, at=at)

    def dispute(
        self,
        change: str,
        status: str,
        *,
        at: int,
        amount: int | None = None,
        movements: int | None = None,
        has_intent: bool = True,
    ) -> NewEvent:
        """Return charge.dispute.<change>; `movements` of its money, each with a fee, are told if they are given."""
        dispute: dict[str, Any] = {
            "id": f"dp_{self.name}",
            "object": "dispute",
            "amount": self.amount if amount is None else amount,
            "charge": f"ch_{self.name}",
            "payment_intent": self.id if has_intent else None,
            "reason": "fraudulent",
            "status": status,
        }
        if movements is not None:
            dispute["balance_transactions"] = [{"amount": -self.amount, "fee": 1500}] * movements
        return self._event(f"charge.dispute.{change}", dispute, at=at)

    def session(self, change: str, payment_status: str, *, at: int = 0, has_intent: bool = True) -> NewEvent:
        """Return checkout.session.<change>."""
        session = {
            "id": f"cs_{self.name}",
            "mode": "payment",
            "payment_status": payment_status,
            "payment_intent": self.id if has_intent else None,
            "amount_total": self.amount,
            "customer_details": {"email": self._email},
        }
        return self._event(f"checkout.session.{change}", session, at=at)

    @property
    def id(self) -> str:
        """The payment's id."""
        return f"pi_{self.name}"

    @property
    def _email(self) -> str:
        return self.email or f"{self.name}@example.com"

    def _event(self, type_: str, resource: dict[str, Any], *, at: int, **data: Any) -> NewEvent:
        second = FIRST_SECOND + at
        content = {
            "object": "event",
            "type": type_,
            "created": second,
            "livemode": True,
            "data": {"object": {"currency": self.currency, **resource}, **data},
        }
        body = orjson.dumps(content)
        identity = orjson.dumps([self.name, type_, at, resource.get("status")]).hex()
        return NewEvent(
            tenant_id=TENANT,
            source="stripe",
            source_event_id=f"evt_{identity}",
            type=f"stripe.{type_}",
            occurred_at=datetime.fromtimestamp(second, UTC),
            received_at=NOW,
            body=body,
            payload=body,
        )
