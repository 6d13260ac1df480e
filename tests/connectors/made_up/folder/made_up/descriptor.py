"""What Made Up is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="made-up",
    label="Made Up",
    source="frontdesk.connectors.made_up.verify:MadeUpSource",
    reach="sms",
    deliverer="frontdesk.connectors.made_up.deliver:open_deliverer",
    sending_secrets=("MADE_UP_KEY",),
    takes_cancel_for_stop=True,
)
