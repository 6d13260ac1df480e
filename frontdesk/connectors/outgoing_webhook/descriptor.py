"""What Webhook is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="webhook",
    label="Webhook",
    deliverer="frontdesk.connectors.outgoing_webhook.deliver:open_deliverer",
)
