"""What ManyChat is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="manychat",
    label="ManyChat",
    source="frontdesk.connectors.manychat.verify:ManyChatSource",
)
