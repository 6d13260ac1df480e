"""What ClickSend is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="clicksend",
    label="ClickSend",
    source="frontdesk.connectors.clicksend.verify:ClickSendSource",
    reach="sms",
    deliverer="frontdesk.connectors.clicksend.deliver:open_deliverer",
    sending_secrets=("CLICKSEND_USERNAME", "CLICKSEND_API_KEY"),
    media_links="frontdesk.connectors.clicksend.media:read_links",
)
