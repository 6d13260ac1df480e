"""What Zoho is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="zoho",
    label="Zoho",
    source="frontdesk.connectors.zoho.verify:ZohoSource",
    sync_targets=("contact", "invoice"),
)
