"""What GoHighLevel is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="gohighlevel",
    label="GoHighLevel",
    source="frontdesk.connectors.gohighlevel.verify:GoHighLevelSource",
    sync_targets=("contact", "booking"),
    takes_cancel_for_stop=True,
)
