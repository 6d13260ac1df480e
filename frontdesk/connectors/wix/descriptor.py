"""What Wix is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="wix",
    label="Wix",
    source="frontdesk.connectors.wix.verify:WixSource",
    sync_targets=("contact", "booking"),
)
