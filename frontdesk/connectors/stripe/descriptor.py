"""What Stripe is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="stripe",
    label="Stripe",
    source="frontdesk.connectors.stripe.verify:StripeSource",
    sync_targets=("contact", "invoice"),
)
