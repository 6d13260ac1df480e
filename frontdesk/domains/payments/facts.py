"""Facts about money: payments, refunds, what was bought and its taxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from frontdesk.core.plain_text import Identifier, Text
from frontdesk.core.values import Currency, DecimalText, MinorUnits, Payload, SignedMinorUnits
from frontdesk.domains.identity.facts import ContactPayload


class Tax(Payload):
    """One tax that an amount includes. Below zero if it was withheld or is a discount's."""

    name: Identifier = Field(description="As the receipt names it: GST, VAT, Sales tax.")
    rate: DecimalText | None = Field(default=None, description='In per cent, as text: "8.875".')
    amount_minor: SignedMinorUnits


Taxes = Annotated[list[Tax], Field(max_length=50, description="Each tax that is in the amount, by its name.")]


class ReceiptLine(Payload):
    """One line of a receipt, in the currency of its payment."""

    line_id: Identifier | None = Field(
        default=None, description="The line's own id; told again under it, the line is corrected."
    )
    description: Text | None = None
    quantity: DecimalText | None = None
    unit_price_minor: SignedMinorUnits | None = None
    amount_minor: SignedMinorUnits = Field(
        description="What the customer pays for the line, taxes included; below zero for a discount."
    )
    service: Text | None = None
    staff: Text | None = None
    taxes: Taxes | None = Field(default=None, description="The taxes that are in the line's amount.")


Lines = Annotated[list[ReceiptLine], Field(max_length=500)]


class _AboutPayment(Payload):
    payment_id: Identifier
    contact: ContactPayload | None = None
    booking_id: Identifier | None = None
    currency: Currency
    staff: Text | None = Field(default=None, description="Who did what is paid for.")
    service: Text | None = Field(default=None, description="What is paid for.")


class _AboutMoney(_AboutPayment):
    # What does not add up (lines, taxes, amount) is taken as it is told; rpt_odd_money lists it.
    tax_minor: SignedMinorUnits | None = Field(default=None, description="All taxes that are in amount_minor.")
    taxes: Taxes | None = None
    lines: Lines | None = Field(
        default=None, description="What was bought: all lines, in place of those told before."
    )
    refunded_minor: MinorUnits | None = Field(default=None, description="Total refunded so far, cumulative.")
    method: Text | None = None
    failure_reason: Text | None = None


class PaymentFact(_AboutMoney):
    """payment.succeeded, .failed."""

    amount_minor: MinorUnits


class RefundFact(_AboutMoney):
    """payment.refunded. A refund that does not know the payment's amount says refunded_minor alone."""

    amount_minor: MinorUnits | None = Field(default=None, description="The payment's amount, not the refund's.")

    @model_validator(mode="after")
    def _has_amount(self) -> RefundFact:
        if self.refunded_minor is None and self.amount_minor is None:
            raise ValueError("payment.refunded needs refunded_minor, or amount_minor where all of it was refunded")
        return self


class ItemisedFact(_AboutPayment):
    """payment.itemised: lines of a payment, told apart from it. Each such fact adds its lines to those known."""

    lines: Annotated[list[ReceiptLine], Field(min_length=1, max_length=500)]


#: Every fact of this noun, and the payload that it has.
FACTS: Mapping[str, type[BaseModel]] = {
    "payment.succeeded": PaymentFact,
    "payment.failed": PaymentFact,
    "payment.refunded": RefundFact,
    "payment.itemised": ItemisedFact,
}
